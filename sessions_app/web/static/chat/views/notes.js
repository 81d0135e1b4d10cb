/** Footnotes and alerts: GitHub's, which the parser does not know. */

import { h } from "./dom.js";

const FOOTNOTE = /^\[\^([^\]\s]{1,40})\]:[ \t]+([^\n]+(?:\n(?!\s*\n|\[\^)[^\n]+)*)(?:\n+|$)/;
const REFERENCE = /^\[\^([^\]\s]{1,40})\](?!:)/;
const ALERT = /^\[!(note|tip|important|warning|caution)\]\s*$/i;
/** The notes of a text that is being read: a mark without one is ordinary text. @type {WeakMap<object, Set<string>>} */
const known = new WeakMap();

/** @param {(text: string) => string} escaped */
export function footnoteExtensions(escaped) {
  const block = {
    name: "footnote",
    level: "block",
    start: (/** @type {string} */ source) => /(?:^|\n)\[\^/.exec(source)?.index,
    /** @this {any} @param {string} source */
    tokenizer(source) {
      const found = FOOTNOTE.exec(source);
      if (!found) return undefined;
      known.set(this.lexer, (known.get(this.lexer) ?? new Set()).add(found[1]));
      return { type: "footnote", raw: found[0], label: found[1], tokens: this.lexer.inline(found[2]) };
    },
    /** @this {any} @param {any} token */
    renderer({ label, tokens }) {
      return `<p><sup>${escaped(label)}</sup> ${this.parser.parseInline(tokens)}</p>`;
    },
  };
  const inline = {
    name: "footnoteMark",
    level: "inline",
    start: (/** @type {string} */ source) => (source.includes("[^") ? source.indexOf("[^") : undefined),
    /** @this {any} @param {string} source */
    tokenizer(source) {
      const found = REFERENCE.exec(source);
      if (!found || !known.get(this.lexer)?.has(found[1])) return undefined;
      return { type: "footnoteMark", raw: found[0], label: found[1] };
    },
    renderer: (/** @type {any} */ { label }) => `<sup>${escaped(label)}</sup>`,
  };
  return [block, inline];
}

/** Name the alerts among the quotes of a fragment. @param {DocumentFragment} fragment */
export function nameAlerts(fragment) {
  for (const quote of fragment.querySelectorAll("blockquote")) {
    const mark = quote.querySelector(":scope > p:first-child")?.firstChild;
    const kind = mark?.nodeType === Node.TEXT_NODE && ALERT.exec(mark.textContent ?? "")?.[1].toLowerCase();
    if (!mark || !kind || (mark.nextSibling && mark.nextSibling.nodeName !== "BR")) continue;
    mark.nextSibling?.remove();
    /** @type {ChildNode} */ (mark).replaceWith(h("strong", {}, kind[0].toUpperCase() + kind.slice(1)));
    quote.classList.add("alert", `alert-${kind}`);
  }
}

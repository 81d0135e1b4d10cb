/**
 * Finds formulas in Markdown: `$a$`, `\(a\)`, `$$a$$`, `\[a\]` and blocks of code in `math`. Each is
 * a code element until it is set, and stays one where that is not possible.
 */

import { h } from "./dom.js";

// A price is no formula: no blank may be inside of single dollars, no digit behind them.
const INLINE = [
  { pattern: /^\\\(([\s\S]+?)\\\)/, display: false },
  { pattern: /^\\\[([\s\S]+?)\\\]/, display: true },
  { pattern: /^\$\$([^$]+?)\$\$/, display: true },
  { pattern: /^\$((?:[^\s$\\]|\\[^\n])(?:(?:[^$\\\n]|\\[^\n])*?(?:[^\s$\\]|\\[^\s]))?)\$(?!\d)/, display: false },
];
const BLOCK = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]) *(?:\n|$)/;
const BLOCK_START = /(?:^|\n) {0,3}(?:\$\$|\\\[)/;
const NAMES = ["math-inline", "math-display"];

/** @param {(text: string) => string} escaped */
export function formulaExtensions(escaped) {
  const renderer = (/** @type {any} */ { text, display }) => {
    const code = `<code class="${NAMES[Number(display)]}">${escaped(text)}</code>`;
    return display ? `<p>${code}</p>` : code;
  };
  const block = {
    name: "formulaBlock",
    level: "block",
    start: (/** @type {string} */ source) => BLOCK_START.exec(source)?.index,
    tokenizer(/** @type {string} */ source) {
      const found = BLOCK.exec(source);
      if (!found) return undefined;
      return { type: "formulaBlock", raw: found[0], text: (found[1] ?? found[2]).trim(), display: true };
    },
    renderer,
  };
  const inline = {
    name: "formula",
    level: "inline",
    start: (/** @type {string} */ source) => /\$|\\[([]/.exec(source)?.index,
    tokenizer(/** @type {string} */ source) {
      for (const { pattern, display } of INLINE) {
        const found = pattern.exec(source);
        if (found) return { type: "formula", raw: found[0], text: found[1].trim(), display };
      }
      return undefined;
    },
    renderer: (/** @type {any} */ { text, display }) =>
      `<code class="${NAMES[Number(display)]}">${escaped(text)}</code>`,
  };
  return [block, inline];
}

/** Set the formulas of a fragment, once KaTeX is there. @param {DocumentFragment} fragment */
export function setFormulas(fragment) {
  for (const code of fragment.querySelectorAll("code")) {
    const inFence = code.className === "language-math" && code.parentElement?.tagName === "PRE";
    if (!inFence && !NAMES.includes(code.className)) continue;
    const display = inFence || code.className === NAMES[1];
    const formula = h(display ? "span.formula.display" : "span.formula", { dir: "ltr", tabindex: display ? "0" : null });
    const source = code.textContent ?? "";
    formula.textContent = source;
    (inFence ? code.parentElement : code)?.replaceWith(formula);
    set(formula, source, display);
  }
}

/** @param {HTMLElement} formula @param {string} source @param {boolean} display */
async function set(formula, source, display) {
  try {
    const { setFormula } = await import("./later/math.js");
    await setFormula(formula, source, { display });
  } catch {
    // offline, and never loaded before: the source stays
  }
}

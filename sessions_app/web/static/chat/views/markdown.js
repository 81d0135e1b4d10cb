/**
 * Renders a reply's Markdown. The text is untrusted: marked makes HTML of it, DOMPurify removes
 * everything but prose and returns nodes; no string is ever set as HTML.
 */

import { Marked } from "../vendor/marked.js";
import "../vendor/purify.js";
import { h } from "./dom.js";
import { formulaExtensions, setFormulas } from "./formulas.js";
import { icon } from "./icons.js";
import { footnoteExtensions, nameAlerts } from "./notes.js";

// DOMPurify's small build is not a module; it sets a global.
const { DOMPurify } = /** @type {any} */ (globalThis);

const CLEAN = {
  RETURN_DOM_FRAGMENT: true,
  ALLOWED_TAGS: [
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "i", "input", "kbd", "li", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
  ],
  ALLOWED_ATTR: ["align", "checked", "class", "disabled", "href", "start", "title", "type"],
  // The rule for addresses would otherwise be applied to these, which are none.
  ADD_URI_SAFE_ATTR: ["align", "checked", "disabled", "start", "type"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
}; // prettier-ignore
// The tags that people and models write for want of Markdown; other HTML is shown as text.
const PLAIN_TAGS = /^(?:<br *\/?>|<\/?(?:kbd|sub|sup)>)$/i;
// Each is written in its own direction: a Hebrew paragraph may stand beside an English one.
const WITH_DIRECTION = "p, h1, h2, h3, h4, h5, h6, ul, ol, blockquote, table";
const LANGUAGE = /^language-([\w+#-]{1,30})$/;
const COPIED_MS = 1_500;

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html(/** @type {any} */ { text, block }) {
      const shown = PLAIN_TAGS.test(text.trim()) ? text : escaped(text);
      return block ? `<p>${shown}</p>` : shown;
    },
    // Nothing is loaded from other hosts: a picture is a link that says what it shows.
    image: (/** @type {any} */ token) => pictureLink(token),
    link(/** @type {any} */ token) {
      const label = /** @type {any} */ (this).parser.parseInline(token.tokens.map(pictureText));
      return linked(token.href, token.title, label);
    },
  },
});
marked.use({ extensions: [...formulaExtensions(escaped), ...footnoteExtensions(escaped)] });
/** @typedef {{raw: string, nodes: ChildNode[]}} Block */
/** @type {WeakMap<HTMLElement, Block[]>} */
const drawn = new WeakMap();

/**
 * Draw `text` into `element`, but leave unchanged blocks alone: while a reply grows, only its last
 * block is drawn again, and a selection above it stays.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function drawMarkdown(element, text) {
  const before = drawn.get(element) ?? [];
  const tokens = /** @type {any} */ (marked.lexer(text));
  /** @type {Block[]} */
  const blocks = [];
  let same = true;
  for (const [index, token] of tokens.entries()) {
    same &&= before[index]?.raw === token.raw;
    if (same) {
      blocks.push(before[index]);
      continue;
    }
    const single = Object.assign([token], { links: tokens.links });
    blocks.push({ raw: token.raw, nodes: [...elements(marked.parser(single)).childNodes] });
  }
  const kept = new Set(blocks.flatMap((block) => block.nodes));
  for (const node of before.flatMap((block) => block.nodes)) {
    if (!kept.has(node)) node.remove();
  }
  // New blocks come after all that stayed.
  element.append(...[...kept].filter((node) => node.parentNode !== element));
  drawn.set(element, blocks);
}

/** @param {string} html @returns {DocumentFragment} */
function elements(html) {
  const fragment = /** @type {any} */ (DOMPurify.sanitize(html, CLEAN));
  for (const link of fragment.querySelectorAll("a")) {
    if (!link.hasAttribute("href")) {
      link.replaceWith(...link.childNodes); // DOMPurify has removed an address that is not allowed
      continue;
    }
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const box of fragment.querySelectorAll("input")) {
    // Only checkboxes of task lists are allowed; they need a name for screen readers.
    if (box.type !== "checkbox") box.remove();
    box.disabled = true;
    box.setAttribute("aria-label", box.checked ? "done" : "to do");
  }
  for (const element of fragment.querySelectorAll("[class]")) {
    if (element.tagName !== "CODE") element.removeAttribute("class");
  }
  nameAlerts(fragment);
  for (const element of fragment.querySelectorAll(WITH_DIRECTION)) element.dir = "auto";
  for (const table of fragment.querySelectorAll("table")) {
    const scroller = h("div.table-scroll", { tabindex: "0", role: "region", aria: { label: "Table" } });
    table.replaceWith(scroller);
    scroller.append(table);
  }
  setFormulas(fragment);
  for (const code of fragment.querySelectorAll("pre > code")) code.parentElement.replaceWith(block(code));
  for (const code of fragment.querySelectorAll("code")) {
    if (!code.closest(".code")) code.removeAttribute("class");
  }
  return fragment;
}

/** @param {any} token of a picture */
function pictureLink({ href, title, text }) {
  return linked(href, title, escaped(`Picture: ${text || href}`));
}

/** A picture inside of a link is text: there are no links in links. @param {any} token */
function pictureText(token) {
  if (token.type !== "image") return token;
  const text = `Picture: ${token.text || token.href}`;
  return { type: "text", raw: text, text, escaped: false };
}

/** @param {string} href @param {string | null} title @param {string} label HTML */
function linked(href, title, label) {
  const named = title ? ` title="${escaped(title)}"` : "";
  return `<a href="${escaped(href)}"${named}>${label}</a>`;
}

/** @param {string} text */
function escaped(text) {
  /** @type {Record<string, string>} */
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** A block of code under a bar with its language and a button to copy it. @param {HTMLElement} code */
function block(code) {
  const language = LANGUAGE.exec(code.className)?.[1] ?? "";
  code.className = "";
  const pre = h("pre", { tabindex: "0" });
  pre.append(code);
  const text = code.textContent ?? "";
  if (language) highlight(code, language, text);
  const bar = h("div.code-bar", {}, h("span", {}, language || "text"), copyButton(() => text));
  return h("div.code", { dir: "ltr" }, bar, pre);
}

/** @param {() => string} text @returns {HTMLButtonElement} */
export function copyButton(text) {
  const button = h("button.small-button", { type: "button", aria: { label: "Copy" }, title: "Copy" });
  button.append(icon("copy"));
  button.addEventListener("click", async () => {
    const done = await copied(text());
    button.replaceChildren(icon(done ? "check" : "close"));
    button.classList.toggle("done", done);
    setTimeout(() => button.replaceChildren(icon("copy")), COPIED_MS);
  });
  return button;
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Code stays plain until the highlighter is loaded, or if it cannot be loaded. @param {HTMLElement} code @param {string} language @param {string} text */
async function highlight(code, language, text) {
  try {
    const { highlighted } = await import("./highlight.js");
    const html = await highlighted(language, text);
    if (!html) return;
    const options = { RETURN_DOM_FRAGMENT: true, ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"] };
    code.replaceChildren(/** @type {any} */ (DOMPurify.sanitize(html, options)));
  } catch {
    // offline, and never loaded before
  }
}

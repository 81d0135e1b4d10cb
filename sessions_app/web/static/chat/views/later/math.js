/**
 * Sets formulas with KaTeX, which the first formula of a page loads. KaTeX builds elements and sets
 * their styles one by one, so it needs neither markup from strings nor inline styles.
 */

import "../../vendor/katex/katex.js";
import { loadStyle } from "./styles.js";

// KaTeX's small build is not a module; it sets a global.
const { katex } = /** @type {any} */ (globalThis);

const LONGEST = 5_000;
const LIMITS = {
  // What cannot be read is shown as it was written, in red.
  throwOnError: false,
  strict: false,
  errorColor: "var(--danger)",
  // No links, pictures or classes from a formula; bounds against formulas that grow without end.
  trust: false,
  maxExpand: 500,
  maxSize: 20,
};

/**
 * Put the formula into the element in place of its source.
 * @param {HTMLElement} element @param {string} source @param {{display: boolean}} options
 */
export async function setFormula(element, source, { display }) {
  if (source.length > LONGEST) return;
  await loadStyle("math");
  katex.render(source, element, { ...LIMITS, displayMode: display });
}

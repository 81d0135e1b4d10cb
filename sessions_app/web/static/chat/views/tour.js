/** Three messages whose answers, the demo's or a model's, show what the service does; one after the other. */

import { h } from "./dom.js";

const STEPS = [
  ["It remembers", "My dog is called Rufus, and we are going to Lisbon in May."],
  ["It chooses what to recall", "What did I tell you about my dog?"],
  ["It notices new topics", "Something else: how do I merge overlapping intervals in Python?"],
];
const LAST = ["It tells you why", "See what the model was sent"];

/** What a new chat begins with: the first step, and what comes after it. @param {(text: string) => void} onWrite */
export function tourStart(onWrite) {
  const [[name, text], ...others] = STEPS;
  const first = h("button.idea", { type: "button", onclick: () => onWrite(text) }, h("strong", {}, name), h("span", {}, text));
  const rest = others.map(([name, text]) => h("div.idea", {}, h("strong", {}, name), h("span", {}, text)));
  return h("ol.ideas", { aria: { label: "Try it in three messages" } }, ...[first, ...rest].map((step) => h("li", {}, step)));
}

/** The step after the one that was said last. */
export class Tour {
  #step = 0;

  /** @param {{onWrite: (text: string) => void, onPlan: () => void}} reactions */
  constructor({ onWrite, onPlan }) {
    this.button = h("button.idea", { type: "button" });
    this.button.addEventListener("click", () => (this.#step < STEPS.length ? onWrite(STEPS[this.#step][1]) : onPlan()));
    this.element = h("div.next-idea", { hidden: true }, this.button);
  }

  /** @param {string | undefined} said last by the user, once it is answered */
  show(said) {
    this.#step = STEPS.findIndex(([, text]) => text === said?.trim()) + 1;
    this.element.hidden = !this.#step;
    const [name, text] = STEPS[this.#step] ?? LAST;
    this.button.replaceChildren(h("strong", {}, name), h("span", {}, text));
  }
}

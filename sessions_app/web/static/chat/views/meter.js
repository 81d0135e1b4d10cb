/** The fill level of the context window: a ring with figures; a click opens the plan. */

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const CIRCUMFERENCE = 2 * Math.PI * 8;

/** @param {string} kind */
function circle(kind) {
  const element = document.createElementNS(SVG, "circle");
  for (const [key, value] of Object.entries({ cx: "10", cy: "10", r: "8", class: kind })) {
    element.setAttribute(key, value);
  }
  return element;
}

/** @param {() => void} onOpen */
export function contextMeter(onOpen) {
  const used = circle("meter-used");
  const ring = document.createElementNS(SVG, "svg");
  ring.setAttribute("viewBox", "0 0 20 20");
  ring.setAttribute("aria-hidden", "true");
  ring.append(circle("meter-all"), used);
  const text = h("span");
  const element = h("button.meter", { type: "button", hidden: true, onclick: onOpen, title: "What the model sees" });
  element.append(ring, text);

  /** @param {any} plan null while there is none */
  const show = (plan) => {
    element.hidden = !plan;
    if (!plan) return;
    const share = Math.min(1, plan.token_count / plan.max_tokens);
    used.style.strokeDasharray = `${share * CIRCUMFERENCE} ${CIRCUMFERENCE}`;
    const [tokens, budget] = [plan.token_count, plan.max_tokens].map((count) => count.toLocaleString());
    text.textContent = `${tokens} / ${budget}`;
    element.setAttribute("aria-label", `Context: ${tokens} of ${budget} tokens`);
    element.title = `The model is sent ${tokens} of at most ${budget} tokens of this chat. Select to see which messages, and why.`;
  };
  return { element, show };
}

/** How full the context window is: a ring with the figures beside it, which opens the plan. */

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const AROUND = 2 * Math.PI * 8;

/** @param {string} kind */
function circle(kind) {
  const one = document.createElementNS(SVG, "circle");
  for (const [key, value] of Object.entries({ cx: "10", cy: "10", r: "8", class: kind })) {
    one.setAttribute(key, value);
  }
  return one;
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
    used.style.strokeDasharray = `${share * AROUND} ${AROUND}`;
    const [tokens, budget] = [plan.token_count, plan.max_tokens].map((one) => one.toLocaleString());
    text.textContent = `${tokens} / ${budget}`;
    element.setAttribute("aria-label", `Context: ${tokens} of ${budget} tokens`);
  };
  return { element, show };
}

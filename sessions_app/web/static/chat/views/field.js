/** A labelled text field, with a rule and its problems below it. */

import { h } from "./dom.js";

/** @param {string} id @param {string} label @param {Record<string, string>} attributes @param {string} [rule] */
export function field(id, label, attributes, rule = "") {
  const input = h("input", { id, name: id, type: "text", ...attributes });
  const hint = h("p.field-hint", { id: `${id}-hint` });
  const problem = h("p.field-problem", { id: `${id}-problem` });
  const box = attributes.type === "password" ? h("div.with-button", {}, input, showButton(input)) : input;
  const element = h("div.field", {}, h("label", { for: id }, label), box, hint, problem);
  const describe = () => {
    const texts = [hint, problem].filter((text) => text.textContent.trim());
    if (texts.length) input.setAttribute("aria-describedby", texts.map((text) => text.id).join(" "));
    else input.removeAttribute("aria-describedby");
  };
  /** Says beforehand what is expected. @param {string} text */
  const explain = (text) => {
    hint.textContent = text;
    describe();
  };
  /** @param {string[]} texts */
  const showProblems = (texts) => {
    problem.textContent = texts.join(" ");
    input.setAttribute("aria-invalid", String(texts.length > 0));
    describe();
  };
  explain(rule.trim());
  return { element, input, explain, showProblems };
}

/** Shows a password in plain text, and hides it again. @param {HTMLInputElement} input */
function showButton(input) {
  const button = h("button.show-password", { type: "button", aria: { pressed: "false", label: "Show password" } }, "Show");
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide" : "Show";
  });
  return button;
}

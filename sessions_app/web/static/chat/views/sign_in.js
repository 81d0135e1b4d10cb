/** The form for signing in and for creating an account. */

import { ApiError, inWords } from "../problems.js";
import { fill, h } from "./dom.js";

export class SignIn {
  /** @param {import("../state.js").State} state @param {import("../actions.js").Actions} actions */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    this.username = field("username", "Username", { autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
    this.password = field("password", "Password", { type: "password", autocomplete: "current-password" });
    this.problem = h("div.form-problem", { role: "alert" });
    this.enter = h("button.primary-button.wide", { type: "submit" }, "Sign in");
    this.create = h("button.quiet-button.wide", { type: "button" }, "Create account");
    this.notice = h("p.quiet");
    const form = h("form.card", { novalidate: true, aria: { label: "Account" } },
      h("div.brand", { aria: { hidden: "true" } }),
      h("h1", {}, "Chat that remembers"),
      this.notice, this.username.element, this.password.element, this.problem, this.enter, this.create,
    ); // prettier-ignore
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#try("signIn");
    });
    this.create.addEventListener("click", () => this.#try("register"));
    this.element = h("main.sign-in", { hidden: true }, form);
    state.on(["account"], () => this.#draw());
  }

  #draw() {
    const wasHidden = this.element.hidden;
    this.element.hidden = this.state.account !== null;
    this.notice.textContent =
      this.state.notice || "Sign in, or choose a username and password to create an account.";
    if (!wasHidden || this.element.hidden) return;
    this.password.input.value = "";
    this.#showErrors([]);
    this.username.input.focus();
  }

  /** @param {"signIn"|"register"} how */
  async #try(how) {
    const [username, password] = [this.username.input.value, this.password.input.value];
    const missing = [];
    if (!username) missing.push({ attr: "username", detail: "Enter a username." });
    if (!password) missing.push({ attr: "password", detail: "Enter a password." });
    this.#showErrors(missing);
    if (missing.length) return;
    this.#busy(true);
    try {
      await this.actions.enter(how, username, password);
    } catch (error) {
      this.#showErrors(error instanceof ApiError && error.errors.length && error.status < 429 ? error.errors : [{ detail: inWords(error) }]);
    } finally {
      this.#busy(false);
    }
  }

  /** @param {boolean} busy */
  #busy(busy) {
    for (const button of [this.enter, this.create]) button.disabled = busy;
  }

  /** @param {{attr?: string | null, detail?: string}[]} errors */
  #showErrors(errors) {
    const about = (/** @type {string} */ attr) =>
      errors.filter((error) => error.attr === attr).map((error) => error.detail ?? "");
    this.username.showProblems(about("username"));
    this.password.showProblems(about("password"));
    const rest = errors.filter((error) => !["username", "password"].includes(error.attr ?? ""));
    fill(this.problem, ...rest.map((error) => error.detail ?? ""));
  }
}

/** @param {string} id @param {string} label @param {Record<string, string>} attributes */
export function field(id, label, attributes) {
  const input = h("input", { id, name: id, type: "text", ...attributes });
  const problem = h("p.field-problem", { id: `${id}-problem` });
  const element = h("div.field", {}, h("label", { for: id }, label), input, problem);
  /** @param {string[]} texts */
  const showProblems = (texts) => {
    problem.textContent = texts.join(" ");
    input.setAttribute("aria-invalid", String(texts.length > 0));
    if (texts.length) input.setAttribute("aria-describedby", problem.id);
    else input.removeAttribute("aria-describedby");
  };
  return { element, input, showProblems };
}

/** Signing in, creating an account, and asking for a link to set a new password. */

import { ApiError, inWords } from "../problems.js";
import { field, fill, h } from "./dom.js";

/** @typedef {"signIn"|"register"|"reset"} Mode */

/** @type {Record<Mode, {title: string, lead: string, submit: string}>} */
const WORDS = {
  signIn: { title: "Sign in", lead: "Your chats are here when you come back, on every device.", submit: "Sign in" },
  register: { title: "Create an account", lead: "All you need is a name and a password.", submit: "Create account" },
  reset: { title: "Set a new password", lead: "Enter your account's email address to get a link by email.", submit: "Send the link" },
};
const NAME_RULE = "Letters, digits and @ . + - _";

export class SignIn {
  /** @type {Mode} */
  #mode = "signIn";

  /** @param {import("../state.js").State} state @param {import("../actions.js").Actions} actions */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
    this.username = field("username", "Username", { autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
    this.password = field("password", "Password", { type: "password", autocomplete: "current-password" });
    this.email = field("email", "Email", { type: "email", autocomplete: "email" });
    this.invitation = field("invitation", "Invitation", { autocomplete: "off" });
    this.problem = h("div.form-problem", { role: "alert" });
    this.sent = h("p.quiet", { role: "status" });
    this.title = h("h1");
    this.lead = h("p.quiet");
    this.submit = h("button.primary-button.wide", { type: "submit" });
    this.ways = h("div.ways");
    const fields = [this.username, this.password, this.email, this.invitation].map(({ element }) => element);
    const form = h("form.card", { novalidate: true, aria: { label: "Account" } },
      h("div.brand", { aria: { hidden: "true" } }), this.title, this.lead, ...fields,
      this.problem, this.sent, this.submit, this.ways,
    ); // prettier-ignore
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit();
    });
    this.element = h("main.sign-in", { hidden: true }, form);
    this.#show("signIn");
    state.on(["account"], () => this.#draw());
  }

  #draw() {
    const wasHidden = this.element.hidden;
    this.element.hidden = this.state.account !== null;
    if (!wasHidden || this.element.hidden) return;
    this.password.input.value = "";
    this.#show("signIn");
    this.username.input.focus();
  }

  /** @param {Mode} mode */
  #show(mode) {
    this.#mode = mode;
    const { title, lead, submit } = WORDS[mode];
    const registering = mode === "register";
    fill(this.title, title);
    fill(this.lead, (mode === "signIn" && this.state.notice) || lead);
    fill(this.submit, submit);
    fill(this.sent);
    this.username.element.hidden = mode === "reset";
    this.password.element.hidden = mode === "reset";
    this.email.element.hidden = mode === "signIn";
    this.invitation.element.hidden = !registering || registration() !== "invited";
    this.username.explain(registering ? NAME_RULE : "");
    this.password.explain(registering ? passwordRule() : "");
    this.email.explain(registering ? "Optional. It lets you set a new password if you forget yours." : "");
    this.password.input.autocomplete = registering ? "new-password" : "current-password";
    fill(this.ways, ...this.#waysFrom(mode));
    this.#showErrors([]);
  }

  /** @param {Mode} mode */
  #waysFrom(mode) {
    const way = (/** @type {Mode} */ to, /** @type {string} */ label) => {
      const go = () => {
        this.#show(to);
        (to === "reset" ? this.email : this.username).input.focus();
      };
      return h("button.text-button", { type: "button", onclick: go }, label);
    };
    if (mode !== "signIn") return [way("signIn", "Back to sign in")];
    return [
      registration() !== "closed" && way("register", "Create an account"),
      way("reset", "Forgot your password?"),
    ];
  }

  async #submit() {
    const mode = this.#mode;
    const missing = this.#missing(mode);
    this.#showErrors(missing);
    if (missing.length) return;
    this.submit.disabled = true;
    try {
      await this.#send(mode);
    } catch (error) {
      const errors = error instanceof ApiError && error.status < 429 ? error.problems : [];
      this.#showErrors(errors.length ? errors : [{ detail: inWords(error) }]);
    } finally {
      this.submit.disabled = false;
    }
  }

  /** @param {Mode} mode */
  async #send(mode) {
    const [username, password, email] = [this.username, this.password, this.email].map(({ input }) => input.value);
    if (mode === "reset") {
      await this.actions.account.resetPassword(email);
      fill(this.sent, "If an account has this address, a link is on its way. It expires soon.");
    } else if (mode === "register") {
      const invitation = this.invitation.input.value;
      await this.actions.account.register({ username, password, ...(email ? { email } : {}), ...(invitation ? { invitation } : {}) });
    } else {
      await this.actions.account.signIn(username, password);
    }
  }

  /** @param {Mode} mode */
  #missing(mode) {
    const needed = mode === "reset" ? { email: "Enter an email address." } : { username: "Enter a username.", password: "Enter a password." };
    return Object.entries(needed)
      .filter(([name]) => !this[/** @type {"email"|"username"|"password"} */ (name)].input.value)
      .map(([attr, detail]) => ({ attr, detail }));
  }

  /** @param {{attr?: string | null, detail?: string}[]} errors */
  #showErrors(errors) {
    const names = /** @type {const} */ (["username", "password", "email", "invitation"]);
    for (const name of names) {
      this[name].showProblems(errors.filter(({ attr }) => attr === name).map(({ detail }) => detail ?? ""));
    }
    const shown = names.filter((name) => !this[name].element.hidden).map(String);
    const rest = errors.filter(({ attr }) => !shown.includes(attr ?? ""));
    fill(this.problem, ...rest.map(({ detail }) => detail ?? ""));
  }
}

/** Who may create an account: "open", "invited" or "closed". */
function registration() {
  return document.getElementById("page")?.dataset.registration ?? "open";
}

/** What a password must be, said before one is chosen. */
export function passwordRule() {
  const least = document.getElementById("page")?.dataset.passwordMin ?? "10";
  return `At least ${least} characters, not only digits, and not a common password.`;
}

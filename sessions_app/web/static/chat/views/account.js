/** The account dialog: appearance, password, data export, deletion. */

import { ApiError, inWords } from "../problems.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { dialog } from "./popups.js";
import { field } from "./sign_in.js";
import { THEMES, setTheme, theme } from "./theme.js";

/** @param {import("../state.js").State} state @param {import("../actions.js").Actions} actions @param {import("./popups.js").Notices} notices */
export function accountDialog(state, actions, notices) {
  const box = dialog(state.account?.username ?? "Account", [
    section("Appearance", appearance()),
    section("Change password", passwordForm(actions, notices)),
    section("Your data", h("p.quiet", {}, "Everything that is stored about you, as JSON lines."),
      button("Export my data", "download", () => actions.exportAccount())),
    section("Delete account", deletionForm(actions, () => box.close())),
  ]); // prettier-ignore
}

/** @param {string} title @param {...Node} content */
function section(title, ...content) {
  return h("section.settings", {}, h("h3", {}, title), ...content);
}

/** @param {string} label @param {string} name @param {() => void} act */
function button(label, name, act) {
  return h("button.quiet-button", { type: "button", onclick: act }, icon(name), label);
}

function appearance() {
  const group = h("div.choice", { role: "radiogroup", aria: { label: "Appearance" } });
  for (const choice of THEMES) {
    const input = h("input", { type: "radio", name: "theme", value: choice, checked: theme() === choice });
    input.addEventListener("change", () => setTheme(choice));
    group.append(h("label", {}, input, h("span", {}, choice)));
  }
  return group;
}

/** @param {import("../actions.js").Actions} actions @param {import("./popups.js").Notices} notices */
function passwordForm(actions, notices) {
  const current = field("current_password", "Current password", { type: "password", autocomplete: "current-password" });
  const next = field("new_password", "New password", { type: "password", autocomplete: "new-password" });
  const form = h("form", { novalidate: true }, current.element, next.element,
    h("button.quiet-button", { type: "submit" }, "Change password")); // prettier-ignore
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    for (const password of [current, next]) password.showProblems([]);
    try {
      await actions.changePassword(current.input.value, next.input.value);
      form.reset();
      notices.show("Password changed. Other devices have to sign in again.");
    } catch (error) {
      const problems = error instanceof ApiError ? error.errors : [];
      const rejected = problems.find((problem) => problem.attr === "new_password");
      if (rejected) next.showProblems([rejected.detail ?? ""]);
      else current.showProblems([problems[0]?.detail ?? inWords(error)]);
    }
  });
  return form;
}

/** @param {import("../actions.js").Actions} actions @param {() => void} done */
function deletionForm(actions, done) {
  const password = field("delete_password", "Your password, to be sure", { type: "password", autocomplete: "current-password" });
  const form = h("form", { novalidate: true },
    h("p.quiet", {}, "Your account and all your chats are deleted at once and for good."),
    password.element,
    h("button.danger-button", { type: "submit" }, "Delete my account")); // prettier-ignore
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await actions.deleteAccount(password.input.value);
      done();
    } catch (error) {
      password.showProblems([inWords(error)]);
    }
  });
  return form;
}

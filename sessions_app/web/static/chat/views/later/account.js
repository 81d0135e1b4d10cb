/** The account dialog: appearance, instructions, devices, keys, password, data export, deletion. */

import { ApiError, inWords } from "../../problems.js";
import { field, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { dialog } from "../popups.js";
import { passwordRule } from "../sign_in.js";
import { THEMES, setTheme, theme } from "../theme.js";
import { loadStyle } from "./styles.js";

/** @typedef {import("../../later/account_settings.js").AccountSettings} Account */

/** @param {import("../../state.js").State} state @param {import("../../actions.js").Actions} actions @param {import("../popups.js").Notices} notices */
export async function accountDialog(state, actions, notices) {
  await loadStyle("panels");
  const account = await actions.accountSettings();
  const box = dialog(state.account?.username ?? "Account", [
    section("Appearance", appearance(), topicsSwitch(state, account)),
    section("Instructions for every chat", instructionsForm(state, account, notices)),
    ...later(account),
    section("Change password", passwordForm(account, notices)),
    section("Your data", h("p.quiet", {}, "Everything that is stored about you, as JSON lines."),
      button("Export my data", "download", () => account.exportAccount())),
    section("Delete account", deletionForm(account, () => box.close())),
  ], { wide: true }); // prettier-ignore
}

/** Lists that few open; their module is loaded then. @param {Account} account */
function later(account) {
  return [
    folded("Signed-in devices", async (body) => (await import("./devices_and_keys.js")).drawDevices(account, body)),
    folded("API keys", async (body) => (await import("./devices_and_keys.js")).drawKeys(account, body)),
    folded("Who has read my chats", async (body) => (await import("./devices_and_keys.js")).drawReads(account, body)),
  ];
}

/** A section that is fetched when it is opened. @param {string} title @param {(body: HTMLElement) => Promise<void>} draw */
function folded(title, draw) {
  const body = h("div.folded", {}, h("p.quiet", { role: "status" }, "Loading…"));
  const details = h("details.settings", {}, h("summary", {}, title), body);
  details.addEventListener("toggle", async () => {
    try {
      if (details.open) await draw(body);
    } catch (error) {
      fill(body, h("p.quiet", { role: "status" }, inWords(error)));
    }
  });
  return details;
}

/** @param {import("../../state.js").State} state @param {Account} account */
function topicsSwitch(state, account) {
  const box = h("input", { type: "checkbox", checked: state.showsTopics });
  box.addEventListener("change", () => account.showTopics(box.checked));
  return h("label.switch", {}, box, "Show where the topic changes");
}

/** @param {import("../../state.js").State} state @param {Account} account @param {import("../popups.js").Notices} notices */
function instructionsForm(state, account, notices) {
  const area = h("textarea", { id: "instructions", rows: "4", maxlength: "4000", aria: { label: "Instructions for every chat" },
    placeholder: "I am a beginner in Python. Answer briefly, with an example." }); // prettier-ignore
  area.value = state.instructions;
  const problem = h("p.field-problem", { role: "alert" });
  const form = h("form", { novalidate: true },
    h("p.quiet", {}, "The model reads this at the start of each new chat."),
    h("div.field", {}, area, problem),
    h("button.quiet-button", { type: "submit" }, "Save instructions")); // prettier-ignore
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    fill(problem);
    try {
      await account.instruct(area.value.trim());
      notices.show("Instructions saved. They apply to new chats.");
    } catch (error) {
      fill(problem, inWords(error));
    }
  });
  return form;
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

/** @param {Account} account @param {import("../popups.js").Notices} notices */
function passwordForm(account, notices) {
  const current = field("current_password", "Current password", { type: "password", autocomplete: "current-password" });
  const next = field("new_password", "New password", { type: "password", autocomplete: "new-password" }, passwordRule());
  const form = h("form", { novalidate: true }, current.element, next.element,
    h("button.quiet-button", { type: "submit" }, "Change password")); // prettier-ignore
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    for (const password of [current, next]) password.showProblems([]);
    try {
      await account.changePassword(current.input.value, next.input.value);
      form.reset();
      notices.show("Password changed. Other devices have to sign in again.");
    } catch (error) {
      const problems = error instanceof ApiError ? error.problems : [];
      const rejected = problems.find((problem) => problem.attr === "new_password");
      if (rejected) next.showProblems([rejected.detail ?? ""]);
      else current.showProblems([problems[0]?.detail ?? inWords(error)]);
    }
  });
  return form;
}

/** @param {Account} account @param {() => void} done */
function deletionForm(account, done) {
  const password = field("delete_password", "Your password, to be sure", { type: "password", autocomplete: "current-password" });
  const form = h("form", { novalidate: true },
    h("p.quiet", {}, "This deletes your account and all your chats, immediately and permanently."),
    password.element,
    h("button.danger-button", { type: "submit" }, "Delete my account")); // prettier-ignore
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await account.deleteAccount(password.input.value);
      done();
    } catch (error) {
      password.showProblems([inWords(error)]);
    }
  });
  return form;
}

/** The settings of a chat: which model answers, and what it is told before everything else. */

import { inWords } from "../../problems.js";
import { fill, h } from "../dom.js";
import { dialog } from "../popups.js";
import { loadStyle } from "./styles.js";

/**
 * @param {import("../../state.js").State} state
 * @param {import("../../actions.js").Actions} actions
 * @param {import("../../types.js").Session | undefined} session undefined for a new chat
 */
export async function chatSettings(state, actions, session) {
  await loadStyle("panels");
  const chosen = session ? (session.metadata?.model ?? "") : state.next.model;
  const select = h("select", { id: "chat-model" }, option("", "Default model", chosen === ""));
  if (chosen) select.append(option(chosen, chosen, true));
  const problem = h("p.quiet", { role: "status" });
  select.addEventListener("change", () => actions.chooseModel(session?.session_id ?? null, select.value));
  const box = dialog("Chat settings", [
    h("div.field", {}, h("label", { for: "chat-model" }, "Model"), select, problem),
    session ? prompt(state, session) : newPrompt(state, actions),
    h("div.dialog-foot", {}, h("button.primary-button", { type: "button", onclick: () => box.close() }, "Done")),
  ]);
  listModels(actions, select, problem, chosen);
}

/** @param {string} value @param {string} label @param {boolean} selected */
function option(value, label, selected) {
  return h("option", { value, selected }, label);
}

/** @param {import("../../actions.js").Actions} actions @param {HTMLSelectElement} select @param {HTMLElement} problem @param {string} chosen */
async function listModels(actions, select, problem, chosen) {
  try {
    const names = await actions.models();
    const others = names.filter((/** @type {string} */ name) => name !== chosen);
    select.append(...others.map((/** @type {string} */ name) => option(name, name, false)));
  } catch (error) {
    fill(problem, inWords(error));
  }
}

/** @param {import("../../state.js").State} state @param {import("../../actions.js").Actions} actions */
function newPrompt(state, actions) {
  const area = h("textarea", { id: "chat-prompt", rows: "5", maxlength: "20000", placeholder: "You are a patient teacher of Portuguese…" });
  area.value = state.next.prompt;
  area.addEventListener("input", () => actions.choosePrompt(area.value));
  const hint = h("p.quiet", {}, "The model reads this before your first message, in this chat only. For instructions in every chat, use your account's settings.");
  return h("div.field", {}, h("label", { for: "chat-prompt" }, "System prompt"), area, hint);
}

/** @param {import("../../state.js").State} state @param {import("../../types.js").Session} session */
function prompt(state, session) {
  const first = state.conversations.get(session.session_id)?.messages.get(1);
  const text = first?.role === "system" ? first.content : "";
  return h("div.field", {}, h("span.label", {}, "System prompt"),
    text ? h("pre.prompt", { tabindex: "0" }, text) : h("p.quiet", {}, "None."),
    h("p.quiet", {}, "It was set when this chat began. Start a new chat to use another one."),
  ); // prettier-ignore
}

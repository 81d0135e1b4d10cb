/** One message as an article: what was said, and what can be done with it. */

import { fill, h, timeOfDay } from "./dom.js";
import { icon } from "./icons.js";
import { copyButton, drawMarkdown } from "./markdown.js";

/** @typedef {import("../types.js").Message} Message */

const NAMES = { user: "User", assistant: "Assistant", system: "System", tool: "Tool" };

/**
 * @typedef {object} Deeds what the buttons of a message do; those that are missing have no button
 * @property {(() => void)} [regenerate]
 * @property {(() => void)} [edit]
 * @property {(() => void)} [fork]
 * @property {(() => void)} [remove]
 * @property {(() => void)} [again]
 * @property {(() => void)} [discard]
 * @property {{at: number, of: number, turn: (by: number) => void}} [alternatives]
 */

/**
 * @param {Pick<Message, "role" | "content"> & Partial<Message>} message
 * @param {{position?: number, size?: number, note?: string, trouble?: string, growing?: boolean}} place
 * @param {Deeds} deeds
 * @returns {HTMLElement}
 */
export function messageArticle(message, place, deeds) {
  const time = message.timestamp ? `, ${timeOfDay(message.timestamp)}` : "";
  const article = h(`article.message.${message.role}`, {
    tabindex: "-1",
    aria: {
      label: `${NAMES[message.role]}${time}`,
      posinset: place.position,
      setsize: place.size,
      busy: place.growing ? "true" : null,
    },
  });
  fill(
    article,
    body(message),
    place.note && h("p.note", {}, place.note),
    place.trouble && trouble(place.trouble, deeds),
    !place.growing && !message.deleted && tools(message, deeds),
  );
  return article;
}

/** @param {Pick<Message, "role" | "content"> & Partial<Message>} message */
function body(message) {
  if (message.deleted) return h("div.body.deleted", {}, "Deleted");
  if (message.role === "assistant") {
    const element = h("div.body.prose");
    drawMarkdown(element, message.content);
    if (message.tool_calls?.length) element.append(calls(message.tool_calls));
    return element;
  }
  if (message.role === "user") return h("div.body", { dir: "auto" }, message.content);
  const label = message.role === "system" ? "System prompt" : `Tool result ${message.name ?? ""}`;
  return h("details.body", {}, h("summary", {}, label), h("pre", { tabindex: "0" }, message.content));
}

/** @param {object[]} made */
function calls(made) {
  const text = JSON.stringify(made, null, 2);
  return h("details", {}, h("summary", {}, "Tool calls"), h("pre", { tabindex: "0" }, text));
}

/** @param {string} text @param {Deeds} deeds */
function trouble(text, deeds) {
  return h(
    "div.trouble",
    { role: "alert" },
    icon("warning"),
    h("span", {}, text),
    deeds.again && h("button.text-button", { type: "button", onclick: deeds.again }, "Try again"),
    deeds.discard && h("button.text-button", { type: "button", onclick: deeds.discard }, "Discard"),
  );
}

/** @param {Pick<Message, "role" | "content">} message @param {Deeds} deeds */
function tools(message, deeds) {
  const { alternatives: others } = deeds;
  return h(
    "div.tools",
    {},
    others && button("left", "Earlier answer", () => others.turn(-1), others.at === 1),
    others && h("span.count", {}, `${others.at} / ${others.of}`),
    others && button("right", "Later answer", () => others.turn(1), others.at === others.of),
    copyButton(() => message.content),
    deeds.regenerate && button("retry", "Regenerate", deeds.regenerate),
    deeds.edit && button("edit", "Edit", deeds.edit),
    deeds.fork && button("branch", "Branch off here", deeds.fork),
    deeds.remove && button("trash", "Delete", deeds.remove),
  );
}

/** @param {string} name of its icon @param {string} label @param {() => void} act @param {boolean} [disabled] */
function button(name, label, act, disabled = false) {
  const one = h("button.small-button", {
    type: "button",
    title: label,
    disabled,
    aria: { label },
    onclick: act,
  });
  one.append(icon(name));
  return one;
}

/**
 * A message while it is edited, in the place of its text.
 * @param {string} text
 * @param {{done: (text: string) => void, cancel: () => void}} deeds
 */
export function editor(text, { done, cancel }) {
  const area = h("textarea", { rows: "3", aria: { label: "Edit" } });
  area.value = text;
  const finish = () => area.value.trim() && done(area.value);
  area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") cancel();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    finish();
  });
  const hint = h("p.note", {}, "The chat branches off here; this one stays as it is.");
  const quit = h("button.quiet-button", { type: "button", onclick: cancel }, "Cancel");
  const go = h("button.primary-button", { type: "button", onclick: finish }, "Branch and ask");
  return h("div.editor", {}, area, hint, h("div.dialog-foot", {}, quit, go));
}

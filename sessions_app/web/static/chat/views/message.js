/** One message as an article, with its buttons. */

import { counted, fill, h, isolated, moment, timeOfDay } from "./dom.js";
import { icon } from "./icons.js";
import { copyButton, drawMarkdown } from "./markdown.js";

/** @typedef {import("../types.js").Message} Message */
/** @typedef {import("../types.js").Part} Part */

// The largest that a picture is shown in the transcript, and what a file has, in pixels.
const PICTURE = [320, 240];
const FILE = [272, 60];
const SOUND = [272, 106];
const NAMES = { user: "User", assistant: "Assistant", system: "System", tool: "Tool" };

/**
 * @typedef {object} Buttons what the buttons of a message do; a missing one has no button
 * @property {(() => void)} [regenerate]
 * @property {(() => void)} [edit]
 * @property {(() => void)} [fork]
 * @property {(() => void)} [remove]
 * @property {(() => void)} [again]
 * @property {(() => void)} [discard]
 * @property {((rating: "up"|"down"|null) => void)} [rate]
 * @property {(() => void)} [amend] edit what could not be sent or answered
 * @property {((room: HTMLElement, parts: Part[]) => void)} [attach] draws what is attached
 * @property {{position: number, count: number, idle: boolean, turn: (by: number) => void}} [alternatives]
 */

/**
 * @param {Pick<Message, "role" | "content"> & Partial<Message>} message
 * @param {{position?: number, size?: number, note?: string, trouble?: string, growing?: boolean}} options `position` of `size` messages
 * @param {Buttons} buttons
 * @returns {HTMLElement}
 */
export function messageArticle(message, options, buttons) {
  const time = message.timestamp ? `, ${timeOfDay(message.timestamp)}` : "";
  const article = h(`article.message.${message.role}`, {
    tabindex: "-1",
    aria: {
      label: `${NAMES[message.role]}${time}`,
      posinset: options.position,
      setsize: options.size,
      busy: options.growing ? "true" : null,
    },
  });
  fill(
    article,
    message.reasoning && thoughts(message.reasoning),
    attached(message, buttons),
    body(message),
    options.note && h("p.note", {}, options.note),
    options.trouble && trouble(options.trouble, buttons),
    !options.growing && !message.deleted && tools(message, buttons),
  );
  return article;
}

/** @param {Pick<Message, "role" | "content"> & Partial<Message>} message */
function body(message) {
  if (message.deleted) return h("div.body.deleted", {}, "Deleted");
  if (message.role === "assistant" || message.role === "user") {
    const text = textOf(message);
    if (message.parts && !text) return null;
    const element = h("div.body.prose", { dir: message.role === "user" ? "auto" : null });
    drawMarkdown(element, text);
    if (message.tool_calls?.length) element.append(calls(message.tool_calls));
    return element;
  }
  const label = message.role === "system" ? "System prompt" : `Tool result ${isolated(message.name ?? "")}`;
  return h("details.body", {}, h("summary", {}, label), h("pre", { tabindex: "0" }, inert(message.content)));
}

/** What a message says beside what is attached to it. @param {Pick<Message, "content" | "parts">} message */
export function textOf({ content, parts }) {
  return parts ? parts.flatMap(({ text }) => text ?? []).join("\n") : content;
}

/** What is attached to a message. @param {Pick<Message, "parts">} message @returns {Part[]} */
export function attachedTo({ parts = [] }) {
  return parts.filter(({ type }) => type !== "text");
}

/**
 * Room for what is attached, of the size that it will have: its module draws into it.
 * @param {Partial<Message>} message @param {Buttons} buttons
 */
function attached(message, { attach }) {
  const parts = attachedTo(message);
  if (!parts.length || !attach) return null;
  const room = roomFor(parts);
  attach(room, parts);
  return room;
}

/** @param {Part[]} parts @returns {HTMLElement} */
function roomFor(parts) {
  const room = h("ul.attached", { aria: { label: counted(parts.length, "attachment") } });
  room.append(...parts.map((part) => {
    const [width, height] = part.type === "image" ? shownSize(part) : part.type === "audio" ? SOUND : FILE;
    const item = h("li", {}, part.alt || part.name || part.type);
    Object.assign(item.style, { width: `${width}px`, aspectRatio: `${width} / ${height}` });
    return item;
  })); // prettier-ignore
  return room;
}

/** @param {Part} part of a picture; where its size is unknown, most room is taken @returns {number[]} */
function shownSize({ width = 0, height = 0 }) {
  if (!width || !height) return PICTURE;
  const scale = Math.min(1, PICTURE[0] / width, PICTURE[1] / height);
  return [width, height].map((side) => Math.max(48, Math.round(side * scale)));
}

/** What a model thought before it answered, which few want to read. @param {string} text */
function thoughts(text) {
  const drawn = h("pre", { tabindex: "0", dir: "auto" }, inert(text));
  return h("details.thoughts", {}, h("summary", {}, "Thoughts"), drawn);
}

/** The thoughts of a reply that is growing; what the reader has opened stays open. @param {HTMLElement} article @param {string} text */
export function drawThoughts(article, text) {
  const drawn = article.querySelector(".thoughts pre");
  if (drawn && text) drawn.textContent = inert(text);
  else if (text) article.prepend(thoughts(text));
  else article.querySelector(".thoughts")?.remove();
}

/** A terminal's control characters as pictures (U+2400 on); of C1 there are none. @param {string} text */
function inert(text) {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, (control) => {
    const code = control.charCodeAt(0);
    return String.fromCharCode(code < 0x20 ? 0x2400 + code : code === 0x7f ? 0x2421 : 0xfffd);
  });
}

/** @param {object[]} toolCalls */
function calls(toolCalls) {
  const text = JSON.stringify(toolCalls, null, 2);
  return h("details", {}, h("summary", {}, "Tool calls"), h("pre", { tabindex: "0" }, text));
}

/** @param {string} text @param {Buttons} buttons */
function trouble(text, buttons) {
  return h(
    "div.trouble",
    { role: "alert" },
    icon("warning"),
    h("span", {}, text),
    buttons.again && h("button.text-button", { type: "button", onclick: buttons.again }, "Try again"),
    buttons.amend && h("button.text-button", { type: "button", onclick: buttons.amend }, "Edit"),
    buttons.discard && h("button.text-button", { type: "button", onclick: buttons.discard }, "Discard"),
  );
}

/** Thumbs up and down; the one that was chosen takes itself back. @param {Partial<Message>} message @param {Buttons["rate"]} rate */
function ratings({ feedback }, rate) {
  if (!rate) return [];
  return /** @type {const} */ (["up", "down"]).map((rating) => {
    const chosen = feedback?.rating === rating;
    const label = rating === "up" ? "Good answer" : "Bad answer";
    const thumb = button(`thumb-${rating}`, label, () => rate(chosen ? null : rating));
    thumb.setAttribute("aria-pressed", String(chosen));
    return thumb;
  });
}

/** @param {Pick<Message, "role" | "content"> & Partial<Message>} message @param {Buttons} buttons */
function tools(message, buttons) {
  const { alternatives: others } = buttons;
  const version = message.role === "user" ? "version" : "answer";
  return h(
    "div.tools",
    {},
    others && button("left", `Earlier ${version}`, () => others.turn(-1), !others.idle || others.position === 1),
    others && h("span.count", {}, `${others.position} / ${others.count}`),
    others && button("right", `Later ${version}`, () => others.turn(1), !others.idle || others.position === others.count),
    copyButton(() => message.content),
    buttons.regenerate && button("retry", "Regenerate", buttons.regenerate),
    buttons.edit && button("edit", "Edit", buttons.edit),
    ...ratings(message, buttons.rate),
    buttons.fork && button("branch", "Branch off here", buttons.fork),
    buttons.remove && button("trash", "Delete", buttons.remove),
    about(message),
  );
}

/** When it was written, and by which model. @param {Partial<Message>} message */
function about({ timestamp, generation }) {
  if (!timestamp) return null;
  const time = h("time", { datetime: timestamp, title: new Date(timestamp).toLocaleString() }, moment(timestamp));
  return h("span.about", {}, generation?.model && h("span.model", {}, generation.model), time);
}

/** @param {string} name of its icon @param {string} label @param {() => void} act @param {boolean} [disabled] */
function button(name, label, act, disabled = false) {
  const element = h("button.small-button", {
    type: "button",
    title: label,
    disabled,
    aria: { label },
    onclick: act,
  });
  element.append(icon(name));
  return element;
}

/**
 * The editor that replaces a message's text, and drops what is attached to it.
 * @param {Pick<Message, "content" | "parts">} message
 * @param {{done: (text: string, parts: Part[]) => void, cancel: () => void,
 *   attach: (room: HTMLElement, parts: Part[], onKept: (parts: Part[]) => void) => void}} buttons
 */
export function editor(message, { done, cancel, attach }) {
  const area = h("textarea", { rows: "3", aria: { label: "Edit" } });
  area.value = textOf(message);
  let parts = attachedTo(message);
  const finish = () => (area.value.trim() || parts.length) && done(area.value, parts);
  area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") cancel();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    finish();
  });
  const hint = h("p.note", {}, "The earlier version is kept; ‹ and › switch between them.");
  const quit = h("button.quiet-button", { type: "button", onclick: cancel }, "Cancel");
  const go = h("button.primary-button", { type: "button", onclick: finish }, "Save and ask");
  const room = parts.length ? roomFor(parts) : null;
  if (room) attach(room, parts, (kept) => (parts = kept));
  return h("div.editor", {}, room, area, hint, h("div.dialog-foot", {}, quit, go));
}

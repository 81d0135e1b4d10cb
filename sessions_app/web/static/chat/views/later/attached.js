/** What is attached to messages: pictures that open in a viewer, other files as chips that download. */

import { typeName, sizeInWords } from "../../later/file_checks.js";
import { ApiError, Unreachable, inWords } from "../../problems.js";
import { fill, h, isolated } from "../dom.js";
import { icon } from "../icons.js";
import { loadStyle } from "./styles.js";
import { openViewer } from "./viewer.js";

/** @typedef {import("../../types.js").Part} Part */

/**
 * @typedef {object} Context
 * @property {import("../../actions.js").Actions} actions
 * @property {import("../../later/attachments.js").Attachments} attachments
 * @property {((kept: Part[]) => void)} [onKept] called when a part is dropped; without it, none can be
 */

/** Pictures that are shown when the network is back. @type {Set<() => void>} */
const unreached = new Set();
/** @type {import("../../state.js").State | null} */
let heard = null;

/** Draw parts into the room that was kept for them. @param {HTMLElement} room @param {Part[]} parts @param {Context} context */
export function drawAttached(room, parts, context) {
  loadStyle("attachments");
  listenForNetwork(context.actions.state);
  const kept = context.onKept ? parts.filter(canBeSent) : parts;
  const items = /** @type {HTMLElement[]} */ ([...room.children]);
  parts.forEach((part, index) => {
    draw(items[index], part, context);
    if (context.onKept && kept.includes(part)) addRemoval(room, items[index], part, kept, context.onKept);
  });
  if (kept.length < parts.length) context.onKept?.(kept);
}

/** Whether a part can be in another message: files of other services cannot. @param {Part} part */
function canBeSent({ attachment_id, url, key }) {
  return Boolean(attachment_id || url || key);
}

/** @param {HTMLElement} item @param {Part} part @param {Context} context */
function draw(item, part, context) {
  const { type, attachment_id, url, key } = part;
  const isHere = Boolean(attachment_id || key);
  if (type === "image" && isHere) fill(item, picture(item, part, context), progressOf(part, context.attachments));
  else if (type === "audio" && isHere) fill(item, file(item, part, context), sound(item, part, context), progressOf(part, context.attachments));
  else if (isHere) fill(item, file(item, part, context), progressOf(part, context.attachments));
  else if (url) fill(item, address(part));
  else fill(item, h("div.file-chip", {}, facts(part, "It is kept elsewhere")));
}

/** @param {HTMLElement} item @param {Part} part @param {Context} context */
function picture(item, part, context) {
  const image = h("img", { alt: isolated(labelOf(part)), draggable: "false", decoding: "sync" });
  const button = h("button.thumbnail", { type: "button", aria: { haspopup: "dialog" }, data: { attachment: part.attachment_id } }, image);
  button.addEventListener("click", () => view(part, context));
  load(image, item, part, context);
  return button;
}

/** @param {HTMLImageElement} image @param {HTMLElement} item @param {Part} part @param {Context} context */
async function load(image, item, part, context) {
  try {
    image.src = await context.attachments.small(part);
  } catch (error) {
    if (error instanceof Unreachable) {
      image.alt = `${labelOf(part)}. It is shown when you are online.`;
      unreached.add(() => image.isConnected && load(image, item, part, context));
    } else if (isGone(error)) showGone(item, part);
    else image.alt = `${labelOf(part)}. ${inWords(error)}`;
  }
}

/** @param {import("../../state.js").State} state */
function listenForNetwork(state) {
  if (heard === state) return;
  heard = state;
  state.on(["connection"], () => {
    if (!state.online) return;
    const waiting = [...unreached];
    unreached.clear();
    for (const again of waiting) again();
  });
}

/** @param {Part} part @param {Context} context */
function view(part, context) {
  const { state } = context.actions;
  const all = state.open ? pictures(state.conversation(state.open)) : [];
  const start = all.indexOf(part);
  openViewer(start < 0 ? [part] : all, Math.max(0, start), {
    small: (shown) => context.attachments.small(shown),
    whole: (shown) => context.attachments.whole(shown),
    save: (shown) => save(shown, context),
  });
}

/** The pictures of the messages that are loaded and current, oldest first. @param {import("../../state.js").Conversation} conversation */
function pictures({ messages }) {
  const seqs = [...messages.keys()].sort((a, b) => a - b);
  return seqs.flatMap((seq) => {
    const { superseded_by, deleted, parts = [] } = messages.get(seq) ?? {};
    if (superseded_by || deleted) return [];
    return parts.filter(({ type, attachment_id }) => type === "image" && attachment_id);
  });
}

/** @param {HTMLElement} item @param {Part} part @param {Context} context */
function file(item, part, context) {
  const label = `Download ${isolated(nameOf(part))}, ${about(part)}`;
  const chip = h("button.file-chip", { type: "button", title: "Download", aria: { label } }, facts(part));
  chip.addEventListener("click", async () => {
    if (await save(part, context)) return;
    const focused = document.activeElement === chip;
    showGone(item, part);
    if (focused) item.querySelector("p")?.focus();
  });
  return chip;
}

/** A button that is replaced by the browser's own player: sounds are fetched when they are to be heard. @param {HTMLElement} item @param {Part} part @param {Context} context */
function sound(item, part, context) {
  const button = h("button.play-sound", { type: "button", aria: { label: `Play ${isolated(nameOf(part))}` } }, icon("play"), "Play");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const player = h("audio.player", { controls: true, src: await context.attachments.whole(part), aria: { label: isolated(nameOf(part)) } });
      button.replaceWith(player);
      player.addEventListener("error", () => player.replaceWith(h("p.unplayable", {}, "This browser cannot play it.")));
      player.focus();
      await player.play();
    } catch (error) {
      if (isGone(error)) showGone(item, part);
      else if (button.isConnected) {
        button.disabled = false;
        context.actions.sync.onNotice(inWords(error));
      }
    }
  });
  return button;
}

/** @param {Part} part */
function address(part) {
  const link = h("a.file-chip", { href: part.url, target: "_blank", rel: "noopener noreferrer" }, facts(part, "Opens in a new tab"));
  // The service takes no other addresses; what it stored before may be any.
  if (!/^https?:/.test(part.url ?? "")) link.removeAttribute("href");
  return link;
}

/** Name, type and size beside a sign. @param {Part} part @param {string} [text] in place of type and size */
function facts(part, text = about(part)) {
  return h("span.file-facts", {}, icon("file"),
    h("span.file-text", {}, h("span.file-name", { dir: "auto" }, nameOf(part)), h("span.file-about", {}, text)),
  ); // prettier-ignore
}

/** How much has gone, while it is being sent. @param {Part} part @param {Context["attachments"]} attachments @returns {HTMLElement | null} */
export function progressOf(part, attachments) {
  if (!part.key || part.attachment_id) return null;
  const bar = h("progress", { max: "1", aria: { label: `Sending ${isolated(nameOf(part))}` } });
  attachments.uploads.watch(bar, part.key);
  return bar;
}

/** @param {HTMLElement} room @param {HTMLElement} item @param {Part} part @param {Part[]} kept @param {(kept: Part[]) => void} onKept */
function addRemoval(room, item, part, kept, onKept) {
  const button = h("button.small-button.remove-part", { type: "button", aria: { label: `Remove ${isolated(nameOf(part))}` } });
  button.append(icon("close"));
  button.addEventListener("click", () => {
    const others = [...room.querySelectorAll(".remove-part")];
    const next = others[others.indexOf(button) + 1] ?? others[others.indexOf(button) - 1];
    kept.splice(kept.indexOf(part), 1);
    onKept([...kept]);
    item.remove();
    /** @type {HTMLElement | null | undefined} */ (next ?? room.parentElement?.querySelector("textarea"))?.focus();
  });
  item.append(button);
}

/** Save a part as a file. @param {Part} part @param {Context} context @returns {Promise<boolean>} whether it is there */
async function save(part, { actions, attachments }) {
  try {
    actions.onFile(await attachments.file(part), nameOf(part));
  } catch (error) {
    if (isGone(error)) return false;
    actions.sync.onNotice(inWords(error));
  }
  return true;
}

/** @param {HTMLElement} item @param {Part} part */
function showGone(item, part) {
  Object.assign(item.style, { width: "", aspectRatio: "" });
  const sentence = part.type === "image" ? "This picture is no longer there." : "This file is no longer there.";
  fill(item, h("p.gone", { tabindex: "-1" }, nameOf(part) && h("span.file-name", { dir: "auto" }, nameOf(part)), sentence));
}

/** @param {unknown} error */
function isGone(error) {
  return error instanceof ApiError && error.status === 404;
}

/** @param {Part} part */
export function nameOf({ name, type, url }) {
  return name || url || { image: "Picture", audio: "Sound" }[/** @type {string} */ (type)] || "File";
}

/** What a picture shows, in words. @param {Part} part */
export function labelOf({ alt, name }) {
  return alt || name || "Picture";
}

/** @param {Part} part */
export function about({ media_type, size }) {
  return [media_type && typeName(media_type), size && sizeInWords(size)].filter(Boolean).join(", ");
}

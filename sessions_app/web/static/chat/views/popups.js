/** Menus, dialogs and notices above the page. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const NOTICE_MS = 6_000;
const GAP = 6;
let dialogs = 0;

/** @typedef {{label: string, icon: string, danger?: boolean, act: () => void}} Item */

/** A menu beside the button that opens it. @param {HTMLElement} anchor @param {Item[]} items */
export function menu(anchor, items) {
  document.querySelector(".menu")?.remove();
  const list = h("div.menu", { role: "menu", popover: "auto" });
  for (const item of items) {
    const act = () => {
      list.hidePopover();
      item.act();
    };
    const kind = item.danger ? "button.menu-item.danger" : "button.menu-item";
    list.append(
      h(kind, { type: "button", role: "menuitem", tabindex: "-1", onclick: act },
        icon(item.icon), item.label),
    ); // prettier-ignore
  }
  list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => steer(list, event));
  list.addEventListener("toggle", (/** @type {any} */ event) => {
    anchor.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open") return;
    if (list.contains(document.activeElement)) anchor.focus();
    setTimeout(() => list.remove());
  });
  // In the landmark of its button, where screen readers look for it.
  (anchor.closest("main, nav, aside, dialog") ?? document.body).append(list);
  list.showPopover();
  moveBeside(list, anchor.getBoundingClientRect());
  list.firstElementChild.focus();
}

/** @param {HTMLElement} list @param {KeyboardEvent} event */
function steer(list, event) {
  const items = /** @type {HTMLElement[]} */ ([...list.children]);
  const position = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const target = { ArrowDown: position + 1, ArrowUp: position - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Tab") list.hidePopover();
  if (target === undefined) return;
  event.preventDefault();
  items[(target + items.length) % items.length].focus();
}

/** Below the anchor, or above it where there is no room. @param {HTMLElement} list @param {DOMRect} box of the anchor */
function moveBeside(list, box) {
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = box.bottom + GAP + height < innerHeight;
  list.style.top = `${below ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height)}px`;
  list.style.left = `${Math.max(GAP, Math.min(box.left, innerWidth - width - GAP))}px`;
}

/**
 * @param {string} title
 * @param {Node[]} content
 * @param {{wide?: boolean}} [options]
 * @returns {HTMLDialogElement} open; closing removes it
 */
export function dialog(title, content, { wide = false } = {}) {
  const close = () => box.close();
  dialogs += 1;
  const id = `dialog-title-${dialogs}`;
  const heading = h("h2", { id }, title);
  const cross = h("button.icon-button", { type: "button", aria: { label: "Close" }, onclick: close });
  cross.append(icon("close"));
  const box = h(wide ? "dialog.dialog.wide" : "dialog.dialog", { "aria-labelledby": id });
  box.append(h("header.dialog-head", {}, heading, cross), ...content);
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    if (event.target === box) close();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

/**
 * @param {string} title
 * @param {string} text
 * @param {string} yes the label of the button that confirms
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, yes) {
  return new Promise((resolve) => {
    let answer = false;
    const go = h("button.danger-button", { type: "button" }, yes);
    const stay = h("button.quiet-button", { type: "button" }, "Cancel");
    const box = dialog(title, [h("p", {}, text), h("div.dialog-foot", {}, stay, go)]);
    go.addEventListener("click", () => {
      answer = true;
      box.close();
    });
    stay.addEventListener("click", () => box.close());
    box.addEventListener("close", () => resolve(answer));
  });
}

/** Notices at the lower edge, and texts for screen readers only. */
export class Notices {
  constructor() {
    this.stack = h("div.notices", { role: "status" });
    this.spoken = h("div.visually-hidden", { role: "status", aria: { live: "polite" } });
  }

  /** @param {string} text @param {(() => void)} [undo] */
  show(text, undo) {
    const gone = () => notice.remove();
    const button = undo && h("button.notice-undo", { type: "button" }, "Undo");
    const notice = h("div.notice", {}, h("span", {}, text), button);
    button?.addEventListener("click", () => {
      gone();
      undo?.();
    });
    // A newer notice of the same kind replaces the older one, unless that has something to undo.
    const kind = text.replace(/\d+/g, "");
    for (const older of [...this.stack.children]) {
      if (!undo && older.dataset.kind === kind) older.remove();
    }
    notice.dataset.kind = kind;
    this.stack.append(notice);
    setTimeout(gone, NOTICE_MS);
  }

  /** Undo what the newest notice offers to undo. */
  undo() {
    [...this.stack.querySelectorAll(".notice-undo")].at(-1)?.click();
  }

  clear() {
    fill(this.stack);
    fill(this.spoken);
  }

  /** @param {string} text */
  say(text) {
    fill(this.spoken, text);
  }
}

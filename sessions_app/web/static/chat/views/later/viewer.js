/** The viewer: one picture as large as the window, with the others of the chat before and behind it. */

import { ApiError, inWords } from "../../problems.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {import("../../types.js").Part} Part */

/**
 * @typedef {object} Source
 * @property {(part: Part) => Promise<string>} small
 * @property {(part: Part) => Promise<string>} whole
 * @property {(part: Part) => Promise<boolean>} save
 */

/** @param {Part[]} pictures @param {number} start @param {Source} source */
export function openViewer(pictures, start, source) {
  new Viewer(pictures, source).open(start);
}

class Viewer {
  #at = 0;
  #opener = /** @type {HTMLElement | null} */ (document.activeElement);

  /** @param {Part[]} pictures @param {Source} source */
  constructor(pictures, source) {
    this.pictures = pictures;
    this.source = source;
    this.image = h("img");
    this.problem = h("p.viewer-problem", { role: "status" });
    this.name = h("h2.viewer-name", { id: "viewer-name", dir: "auto" });
    this.count = h("p.viewer-count", { aria: { live: "polite" } });
    this.before = iconButton("left", "Earlier picture", () => this.#show(this.#at - 1));
    this.after = iconButton("right", "Later picture", () => this.#show(this.#at + 1));
    this.close = iconButton("close", "Close", () => this.box.close());
    const save = iconButton("download", "Download", () => this.#save());
    this.box = h("dialog.viewer", { "aria-labelledby": "viewer-name" },
      h("header.viewer-head", {}, this.name, this.count, h("span.spring"), save, this.close),
      h("div.viewer-picture", { onclick: (/** @type {Event} */ event) => this.#outside(event) }, this.before, this.image, this.problem, this.after),
    ); // prettier-ignore
    this.box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#steer(event));
    this.box.addEventListener("close", () => this.#closed());
  }

  /** @param {number} start */
  open(start) {
    document.body.append(this.box);
    this.box.showModal();
    this.close.focus();
    this.#show(start);
  }

  /** @param {KeyboardEvent} event */
  #steer(event) {
    const last = this.pictures.length - 1;
    const target = { ArrowLeft: this.#at - 1, ArrowRight: this.#at + 1, Home: 0, End: last }[event.key];
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#show(target);
  }

  /** @param {number} at */
  async #show(at) {
    const part = this.pictures[at];
    if (!part) return;
    this.#at = at;
    this.#describe(part);
    // The small one is here at once, and is seen until the whole one is.
    for (const load of [this.source.small, this.source.whole]) {
      try {
        const address = await load(part);
        if (this.#at !== at || !this.box.open) return;
        this.image.src = address;
        this.image.hidden = false;
        fill(this.problem);
      } catch (error) {
        if (this.#at === at) this.#fail(error);
      }
    }
  }

  /** @param {Part} part */
  #describe(part) {
    const { length } = this.pictures;
    this.name.textContent = part.name || "Picture";
    this.count.textContent = length > 1 ? `${this.#at + 1} of ${length}` : "";
    this.image.alt = part.alt || part.name || "Picture";
    this.image.removeAttribute("src");
    this.image.hidden = true;
    fill(this.problem, "Loading…");
    const size = { width: part.width ? `${part.width}px` : "", aspectRatio: part.height ? `${part.width} / ${part.height}` : "" };
    Object.assign(this.image.style, size);
    for (const [button, end] of [[this.before, 0], [this.after, length - 1]]) {
      button.hidden = length < 2;
      // A disabled button would lose the focus, and the arrow keys with it.
      button.setAttribute("aria-disabled", String(this.#at === end));
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    const gone = error instanceof ApiError && error.status === 404;
    const words = gone ? "This picture is no longer there." : inWords(error);
    if (gone) this.image.hidden = true;
    fill(this.problem, this.image.hidden ? words : "");
  }

  async #save() {
    if (await this.source.save(this.pictures[this.#at])) return;
    this.#fail(new ApiError(404, []));
  }

  /** @param {Event} event */
  #outside({ target, currentTarget }) {
    if (target === currentTarget) this.box.close();
  }

  /** The focus returns to the picture that opened this, or to what is in its place now. */
  #closed() {
    this.box.remove();
    const { attachment_id } = this.pictures[this.#at] ?? {};
    const again = attachment_id && document.querySelector(`.log [data-attachment="${CSS.escape(attachment_id)}"]`);
    const target = this.#opener?.isConnected ? this.#opener : (again ?? document.querySelector(".log"));
    /** @type {HTMLElement | null} */ (target)?.focus({ preventScroll: true });
  }
}

/** @param {string} name @param {string} label @param {() => void} act */
function iconButton(name, label, act) {
  const button = h("button.icon-button", { type: "button", title: label, aria: { label }, onclick: act });
  button.append(icon(name));
  return button;
}

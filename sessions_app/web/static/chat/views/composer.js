/** The field for a new message, with the meter of the context window. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { measured } from "../lengths.js";
import { contextMeter } from "./meter.js";

const MAX_HEIGHT = 260;

export class Composer {
  #length = measured("", { maxCharacters: Infinity });
  /** @type {import("./later/attached_strip.js").AttachedStrip | null} */
  #strip = null;
  offline = false;

  /**
   * @param {import("../state.js").State} state
   * @param {import("../actions.js").Actions} actions
   * @param {{onMeter: () => void, onLeave: () => void}} reactions
   */
  constructor(state, actions, { onMeter, onLeave }) {
    this.state = state;
    this.actions = actions;
    this.area = h("textarea.composer-text", {
      rows: "1",
      placeholder: "Message…",
      dir: "auto",
      enterkeyhint: "send",
      aria: { label: "Message" },
    });
    this.send = h("button.round-button.send", { type: "submit", title: "Send (Enter)", aria: { label: "Send" } });
    this.send.append(icon("send"));
    this.stop = h("button.round-button.stop", { type: "button", title: "Stop", aria: { label: "Stop" }, hidden: true });
    this.stop.append(icon("stop"));
    this.meter = contextMeter(onMeter);
    this.files = h("input", { type: "file", multiple: true, hidden: true, aria: { label: "Files to attach" } });
    this.clip = h("button.icon-button", { type: "button", title: "Attach files", aria: { label: "Attach files" } });
    this.clip.append(icon("clip"));
    this.attached = h("div");
    this.note = h("span.composer-note", { role: "status" });
    this.box = h("form.composer-box", {}, this.attached, this.area,
      h("div.composer-bar", {}, this.clip, this.files, this.meter.element, this.note, h("span.spring"), this.stop, this.send),
    ); // prettier-ignore
    this.restore = h("button.quiet-button", { type: "button" }, "Restore");
    this.archived = h("div.archived-bar", { hidden: true }, "This chat is archived.", this.restore);
    this.element = h("div.composer", {}, this.box, this.archived);
    this.#listen(onLeave);
  }

  /** @param {() => void} onLeave */
  #listen(onLeave) {
    this.area.addEventListener("input", () => {
      this.actions.draft(this.area.value);
      this.#fit();
    });
    this.area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") onLeave();
      // Enter confirms a word of an input method; Shift+Enter starts a new line.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.box.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit();
    });
    this.box.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.target === this.box) this.area.focus();
    });
    this.clip.addEventListener("click", () => this.files.click());
    this.files.addEventListener("change", () => {
      this.actions.attach([...this.files.files]);
      this.files.value = "";
    });
    for (const type of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(type, (event) => this.#dragged(/** @type {DragEvent} */ (event)));
    }
    document.addEventListener("paste", (event) => this.#pasted(event));
    this.stop.addEventListener("click", () => this.actions.stop());
    this.restore.addEventListener("click", () => this.state.open && this.actions.restore(this.state.open));
    this.state.on(["draft", "open"], () => this.#show());
    this.state.on(["live", "messages", "open", "sessions", "connection", "context"], () => this.#update());
  }

  /** Whether files can be attached now. */
  get #takesFiles() {
    return this.box.offsetParent !== null && !document.querySelector("dialog[open]");
  }

  /** Dropped files are attached; whatever is dropped, the page stays. @param {DragEvent} event */
  #dragged(event) {
    const { type, dataTransfer, relatedTarget } = event;
    const files = dataTransfer?.types.includes("Files") ?? false;
    const writes = /** @type {HTMLElement} */ (event.target).closest?.("input, textarea");
    // Text goes where it is dropped, and so does an address into a field.
    if (type !== "dragleave" && (files || (dataTransfer?.types.includes("text/uri-list") && !writes))) {
      event.preventDefault();
    }
    const taken = files && this.#takesFiles;
    const over = type === "dragover" || (type === "dragleave" && relatedTarget !== null);
    this.box.classList.toggle("over", taken && over);
    if (type === "dragover" && files && dataTransfer) dataTransfer.dropEffect = taken ? "copy" : "none";
    if (type === "drop" && taken) this.#attach([...(dataTransfer?.files ?? [])]);
  }

  /** Pasted files are attached. @param {ClipboardEvent} event */
  #pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    const writes = /** @type {HTMLElement} */ (event.target).closest?.("input, textarea");
    if (!files.length || !this.#takesFiles || (writes && writes !== this.area)) return;
    // Word processors and spreadsheets add a picture of the text that is meant.
    const types = event.clipboardData?.types ?? [];
    if (types.includes("text/plain") && types.includes("text/html")) return;
    event.preventDefault();
    this.#attach(files);
  }

  /** @param {File[]} files */
  #attach(files) {
    this.area.focus();
    if (files.length) this.actions.attach(files);
  }

  async #submit() {
    // What has just been pasted belongs to this message.
    if (this.state.attaching) {
      await this.state.attaching;
      if (this.state.refusals.length) return;
    }
    this.#count();
    if (this.send.disabled) return;
    const text = this.area.value;
    this.area.value = "";
    this.#fit();
    this.area.focus();
    this.actions.send(text);
  }

  #show() {
    if (this.state.parts.length || this.state.refusals.length || this.#strip) this.#showAttached();
    if (this.area.value !== this.state.draft) this.area.value = this.state.draft;
    this.#fit();
  }

  /** What is attached, above the text. */
  async #showAttached() {
    try {
      const { AttachedStrip } = await import("./later/attached_strip.js");
      this.#strip ??= new AttachedStrip(this.attached, this.state, this.actions, () => this.area.focus());
      this.#strip.draw();
    } catch {
      // Offline, and never loaded before: the notice has said so.
    }
  }

  #update() {
    const { open, online } = this.state;
    const session = open ? this.state.sessions.get(open) : undefined;
    const live = open ? this.state.live(open) : undefined;
    const archived = session?.status === "archived";
    if (this.stop.hidden !== !live && document.activeElement === this.stop) this.area.focus();
    this.stop.hidden = !live;
    const appears = this.box.hidden && !archived;
    this.box.hidden = archived;
    this.archived.hidden = !archived;
    this.offline = !online;
    this.meter.show(this.state.context);
    // While it is hidden, it has no height to be fitted to.
    if (appears) this.#fit();
    else this.#count();
  }

  #fit() {
    this.#count();
    this.area.style.height = "auto";
    const height = this.area.scrollHeight;
    if (height) this.area.style.height = `${Math.min(MAX_HEIGHT, height)}px`;
  }

  /** Say how long the text is, once that matters. */
  #count() {
    const text = this.area.value;
    const { maxCharacters, context } = this.state;
    this.#length = measured(text, { maxCharacters, maxTokens: context?.max_tokens });
    const { verdict, words } = this.#length;
    const empty = !text.trim() && !this.state.parts.length;
    this.send.disabled = empty || verdict === "refused";
    this.area.setAttribute("aria-invalid", String(verdict === "refused"));
    this.note.classList.toggle("problem", verdict === "refused");
    const note = words || (this.offline ? "Offline: messages are saved and sent later" : "");
    if (this.note.textContent !== note) this.note.textContent = note;
  }

  /** @param {string} [text] to put there */
  focus(text) {
    if (text !== undefined) {
      this.area.value = text;
      this.actions.draft(text);
      this.#fit();
    }
    this.area.focus();
  }
}

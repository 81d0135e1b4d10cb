/** The field for a new message, with the meter of the context window. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { measured } from "../lengths.js";
import { contextMeter } from "./meter.js";

const MAX_HEIGHT = 260;

export class Composer {
  #length = measured("", { maxCharacters: Infinity });
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
    this.note = h("span.composer-note", { role: "status" });
    this.box = h("form.composer-box", {}, this.area,
      h("div.composer-bar", {}, this.meter.element, this.note, h("span.spring"), this.stop, this.send),
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
    this.stop.addEventListener("click", () => this.actions.stop());
    this.restore.addEventListener("click", () => this.state.open && this.actions.restore(this.state.open));
    this.state.on(["draft", "open"], () => this.#show());
    this.state.on(["live", "messages", "open", "sessions", "connection", "context"], () => this.#update());
  }

  #submit() {
    const text = this.area.value;
    if (!text.trim() || this.#length.verdict === "refused") return;
    this.area.value = "";
    this.#fit();
    this.area.focus();
    this.actions.send(text);
  }

  #show() {
    if (this.area.value !== this.state.draft) this.area.value = this.state.draft;
    this.#fit();
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
    this.send.disabled = !text.trim() || verdict === "refused";
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

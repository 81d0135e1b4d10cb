/** The whole of a chat on one page: to find in it with the browser's own search, and to print it. */

import { inWords } from "../../problems.js";
import { counted, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { messageArticle } from "../message.js";
import { loadStyle } from "./styles.js";

// So many are drawn before the browser gets its turn.
const AT_ONCE = 50;

export class WholeChat {
  #opener = /** @type {HTMLElement | null} */ (document.activeElement);

  /**
   * @param {import("../../state.js").State} state
   * @param {import("../../actions.js").Actions} actions
   * @param {import("../transcript.js").Transcript} transcript
   */
  constructor(state, actions, transcript) {
    this.state = state;
    this.actions = actions;
    this.transcript = transcript;
    this.sessionId = state.open;
    const session = state.sessions.get(state.open ?? "");
    this.progress = h("p.quiet", { role: "status" });
    this.print = h("button.primary-button", { type: "button", disabled: true, onclick: () => print() }, icon("print"), "Print");
    const close = h("button.quiet-button", { type: "button", onclick: () => this.close() }, "Back to the chat");
    this.messages = h("div.whole-messages");
    this.element = h("main.whole", { tabindex: "-1" },
      h("header.whole-head", {},
        h("div", {}, h("h1", { dir: "auto" }, session?.title || "Chat"), this.progress),
        h("div.whole-buttons", {}, close, this.print)),
      this.messages,
    ); // prettier-ignore
    this.element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** @param {HTMLElement} app what it stands in place of @param {boolean} isToPrint */
  async show(app, isToPrint) {
    await loadStyle("whole");
    this.app = app;
    app.hidden = true;
    app.before(this.element);
    this.element.focus();
    this.state.on(["open", "account"], () => {
      if (this.state.open !== this.sessionId || !this.state.account) this.close();
    });
    try {
      fill(this.progress, "Loading all messages…");
      await this.actions.loadAll(() => this.#isOpen);
      const count = await this.#draw();
      fill(this.progress, counted(count, "message"));
    } catch (error) {
      await this.#draw();
      fill(this.progress, `${inWords(error)} Messages that are not on this device are missing.`);
    }
    this.print.disabled = false;
    if (isToPrint && this.#isOpen) print();
  }

  get #isOpen() {
    return this.element.isConnected;
  }

  /** @returns {Promise<number>} how many messages there are */
  async #draw() {
    const { rows, attach } = this.transcript;
    const articles = [];
    for (let seq = 1; seq <= rows.latest; seq += 1) {
      const message = rows.message(seq);
      if (!message || rows.isHidden(message)) continue;
      const dividers = rows.dividers(message).map(({ kind, text }) => h(`div.divider.${kind}`, {}, h("span", {}, text)));
      articles.push([...dividers, messageArticle(message, { position: seq, size: rows.latest, note: rows.note(message) }, { attach })]);
    }
    for (let first = 0; first < articles.length && this.#isOpen; first += AT_ONCE) {
      this.messages.append(...articles.slice(first, first + AT_ONCE).flat());
      await new Promise((resolve) => setTimeout(resolve));
    }
    return articles.length;
  }

  close() {
    if (!this.#isOpen || !this.app) return;
    this.element.remove();
    this.app.hidden = this.state.account === null;
    this.#opener?.focus();
  }
}

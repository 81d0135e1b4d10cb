/** The transcript: a log of articles, of which only those near the view are drawn. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { drawMarkdown } from "./markdown.js";
import { drawThoughts, editor, messageArticle } from "./message.js";
import { Rows } from "./rows.js";
import { VirtualList } from "./virtual_list.js";

const SPOKEN_CHARS = 1_000;
const CHARS_A_LINE = 76;
const LINE = 27;

/** @typedef {import("../types.js").Message} Message */
/** @typedef {import("../types.js").Part} Part */

export class Transcript {
  /** The seq of the message that is being edited. */
  #editing = 0;
  /** The key of the write whose message is being edited. */
  #amending = "";
  #open = /** @type {string | null} */ (null);
  #spoken = "";

  /**
   * @param {import("../state.js").State} state
   * @param {import("../actions.js").Actions} actions
   * @param {import("./popups.js").Notices} notices
   */
  constructor(state, actions, notices) {
    this.state = state;
    this.actions = actions;
    this.notices = notices;
    this.rows = new Rows(state);
    this.log = h("div.log", {
      role: "log",
      tabindex: "0",
      // Rows come and go with scrolling; screen readers get a finished reply once, from `#speak`.
      aria: { label: "Conversation", live: "off" },
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#steer(event),
    });
    this.newest = h(
      "button.to-newest",
      { type: "button", hidden: true, aria: { label: "Jump to the newest" } },
      icon("down"),
    );
    this.newest.addEventListener("click", () => this.list.scrollToEnd());
    this.element = h("div.transcript", {}, this.log, this.newest);
    this.list = new VirtualList(this.log, {
      count: () => this.rows.count,
      key: (row) => this.rows.key(row),
      version: (row) => this.#version(row),
      draw: (row, element) => this.#draw(row, element),
      guess: (row) => this.#guess(row),
      shown: (first, last) => this.#shown(first, last),
    });
    this.log.addEventListener("moved", () => this.#moved());
    state.on(["open", "messages", "live", "outbox", "sessions", "connection", "context"], () => this.#changed());
  }

  #changed() {
    const before = this.rows.latest;
    this.rows.refresh();
    if (this.#open !== this.state.open && !this.#isSame(before)) {
      this.#editing = 0;
      this.#amending = "";
      this.#open = this.state.open;
      this.#spoken = this.#newestReply()?.id ?? "";
      this.list.reset();
    } else {
      this.#open = this.state.open;
      this.#speak();
      this.list.schedule();
    }
    this.#moved();
  }

  /** Whether it is the same session under a new id: the service has just created it. @param {number} before */
  #isSame(before) {
    return this.#open?.startsWith("local-") && before === 0 && this.rows.waiting.length > 0;
  }

  /** Show a message and give it the focus. @param {number} seq */
  jump(seq) {
    this.list.scrollTo(seq - 1);
    this.#article(seq - 1)?.focus({ preventScroll: true });
    this.#article(seq - 1)?.classList.add("found");
  }

  #newestReply() {
    const message = this.rows.message(this.rows.latest);
    return message?.role === "assistant" ? message : undefined;
  }

  /** Give a finished reply to screen readers, once. */
  #speak() {
    const reply = this.#newestReply();
    if (!reply || this.rows.live || reply.id === this.#spoken) return;
    this.#spoken = reply.id;
    this.notices.say(`Assistant: ${reply.content.slice(0, SPOKEN_CHARS)}`);
  }

  #moved() {
    this.newest.hidden = this.list.atEnd || this.rows.count === 0;
  }

  /** @param {number} first @param {number} last */
  #shown(first, last) {
    const { latest } = this.rows;
    const [from, to] = [first + 1, Math.min(last + 1, latest)];
    for (let seq = from; seq <= to; seq += 1) {
      if (!this.rows.message(seq)) {
        this.actions.show(from, to);
        return;
      }
    }
  }

  /** @param {number} row */
  #guess(row) {
    const item = this.rows.at(row);
    const message = item.kind === "stored" ? this.rows.message(item.seq) : undefined;
    if (message && this.rows.isHidden(message)) return 0;
    if (message?.parts) return 330;
    return 84 + Math.ceil((message?.content.length ?? 120) / CHARS_A_LINE) * LINE;
  }

  /** @param {number} row */
  #version(row) {
    const item = this.rows.at(row);
    if (item.kind === "live") return `${item.live.turn_id}${item.live.status}${item.live.text.length}`;
    if (item.kind === "waiting") {
      const { key, state, content, parts } = item.entry;
      const sent = parts?.filter((part) => !isWaiting(part)).length;
      return [this.#waitingNote(row), state, content, this.#amending === key, sent].join("|");
    }
    const message = this.rows.message(item.seq);
    if (!message) return "unknown";
    const trouble = this.#trouble(message)?.text ?? "";
    const above = this.rows.dividers(message).map((divider) => divider.text).join();
    const below = this.rows.note(message);
    const last = item.seq === this.rows.last;
    const fresh = last && this.rows.startsFreshNext;
    const flags = [message.deleted, this.rows.isHidden(message), last, fresh, Boolean(this.rows.live)];
    const versions = this.rows.versions(message);
    return [message.id, versions, message.feedback?.rating, ...flags, this.#editing === item.seq, above, below, trouble].join("|");
  }

  /** @param {number} row @param {HTMLElement | null} element */
  #draw(row, element) {
    const holder = element ?? h("div.row");
    const item = this.rows.at(row);
    if (item.kind === "live") return this.#drawLive(holder, item.live);
    if (item.kind === "waiting") fill(holder, this.#waiting(row, item.entry));
    else fill(holder, ...this.#stored(item.seq));
    return holder;
  }

  /** @param {number} seq */
  #stored(seq) {
    const message = this.rows.message(seq);
    if (!message) return [h("article.message.placeholder", { aria: { busy: "true", label: "Loading" } })];
    if (this.rows.isHidden(message)) return [];
    const above = this.rows.dividers(message).map((divider) => this.#divider(divider));
    if (this.#editing === seq) return [...above, this.#editor(message)];
    const options = { position: seq, size: this.rows.latest, note: this.rows.note(message), trouble: "" };
    const trouble = this.#trouble(message);
    if (trouble) options.trouble = trouble.text;
    const article = messageArticle(message, options, this.#buttons(message));
    const below = seq === this.rows.last && this.rows.startsFreshNext;
    return [...above, article, below && this.#divider({ kind: "fresh", text: "Starts fresh here" })];
  }

  /** @param {{kind: "topic"|"fresh", text: string}} divider */
  #divider({ kind, text }) {
    const undo =
      kind === "fresh" &&
      h("button.text-button", { type: "button", onclick: () => this.actions.undoStartFresh() }, "Undo");
    return h(`div.divider.${kind}`, {}, h("span", {}, text), undo);
  }

  /** @param {Message} message @returns {import("./message.js").Buttons} */
  #buttons(message) {
    const { actions, rows } = this;
    const { seq } = message;
    const archived = rows.session?.status === "archived";
    const idle = !rows.live && !archived;
    const last = seq === rows.last;
    const failed = rows.entries.find((entry) => entry.client_id === message.client_id && entry.state === "failed");
    return {
      attach: this.attach,
      again: () => actions.again(message),
      amend: archived ? undefined : () => this.#edit(seq),
      discard: failed && !archived ? () => actions.discard(failed) : undefined,
      regenerate: idle && last && message.role === "assistant" ? () => actions.regenerate(seq) : undefined,
      edit: message.role === "user" && !archived ? () => this.#edit(seq) : undefined,
      rate: message.role === "assistant" ? (rating) => actions.rate(seq, rating) : undefined,
      fork: message.role === "assistant" ? () => actions.fork(seq) : undefined,
      remove: idle ? () => actions.deleteMessage(seq) : undefined,
      alternatives: this.#versions(message, idle),
    };
  }

  /** @param {Message} message @param {boolean} idle whether another one can be made current now */
  #versions(message, idle) {
    const seqs = this.rows.versions(message);
    if (seqs.length < 2) return undefined;
    const at = seqs.indexOf(message.seq);
    const turn = (/** @type {number} */ by) => this.actions.switchTo(seqs[at + by]);
    return { position: at + 1, count: seqs.length, idle, turn };
  }

  /** @param {Message} message @returns {{text: string} | undefined} */
  #trouble(message) {
    const entry = this.rows.entries.find((entry) => entry.client_id === message.client_id);
    if (entry?.state === "failed") return { text: entry.problem ?? "This message could not be answered." };
    return this.rows.isUnanswered(message) ? { text: "This message has no answer yet." } : undefined;
  }

  /** @param {number} row @param {import("../types.js").Entry} entry */
  #waiting(row, entry) {
    const message = waitingMessage(entry);
    const failed = entry.state === "failed";
    const options = { note: this.#waitingNote(row), trouble: failed ? entry.problem : "" };
    if (failed && this.#amending === entry.key) return this.#entryEditor(entry);
    const buttons = {
      again: () => this.actions.again(entry),
      amend: () => this.#amend(entry.key),
      discard: () => this.actions.discard(entry),
      attach: this.attach,
      // Files may be long on their way; who does not want to wait can give up.
      remove: entry.parts?.some(isWaiting) && !failed ? () => this.actions.discard(entry) : undefined,
    };
    const article = messageArticle(message, options, buttons);
    article.classList.add("waiting");
    return article;
  }

  /** @param {number} row */
  #waitingNote(row) {
    const item = this.rows.at(row);
    if (item.kind !== "waiting" || item.entry.state === "failed") return "";
    if (!this.state.online) return "Waiting for the network";
    return item.entry === this.rows.next ? "" : "Waiting for its turn";
  }

  /** @param {HTMLElement} holder @param {import("../types.js").Live} live */
  #drawLive(holder, live) {
    let article = /** @type {HTMLElement | null} */ (holder.querySelector(".message"));
    if (!article) {
      article = messageArticle({ role: "assistant", content: "" }, { growing: true }, {});
      article.append(h("p.note"));
      holder.replaceChildren(article);
    }
    drawThoughts(article, live.thoughts ?? "");
    const [text, below] = /** @type {HTMLElement[]} */ ([...article.querySelectorAll(":scope > .body, :scope > .note")]);
    article.classList.toggle("thinking", live.status === "waiting" && !live.text);
    drawMarkdown(text, live.text);
    below.textContent = live.status === "reconnecting" ? "Connection lost. Reconnecting…" : "";
    return holder;
  }

  // --- editing and moving between messages ----------------------------------------------------------------

  /** @param {Message} message */
  #editor(message) {
    return editor(message, {
      attach: this.attach,
      cancel: () => this.#edit(0),
      done: (text, parts) => {
        this.#edit(0);
        this.actions.edit(message.seq, text, parts);
      },
    });
  }

  /** Draws what is attached to a message. @param {HTMLElement} room @param {Part[]} parts @param {(kept: Part[]) => void} [onKept] */
  attach = async (room, parts, onKept) => {
    try {
      const { drawAttached } = await import("./later/attached.js");
      drawAttached(room, parts, { actions: this.actions, attachments: await this.actions.attachments(), onKept });
    } catch {
      // Offline, and never loaded before: their names stay.
    }
  };

  /** @param {import("../types.js").Entry} entry */
  #entryEditor(entry) {
    return editor(waitingMessage(entry), {
      attach: this.attach,
      cancel: () => this.#amend(""),
      done: (text, parts) => {
        this.#amend("");
        this.actions.amend(entry, text, parts);
      },
    });
  }

  /** @param {string} key of the entry to edit; empty to end that */
  #amend(key) {
    this.#amending = key;
    this.list.update();
    /** @type {HTMLElement | null} */ (this.log.querySelector(".editor textarea"))?.focus();
  }

  /** @param {number} seq */
  #edit(seq) {
    const before = this.#editing;
    this.#editing = seq;
    this.list.update();
    const row = this.list.element((seq || before) - 1);
    /** @type {HTMLElement | null | undefined} */ (row?.querySelector("textarea, article"))?.focus();
  }

  /** @param {number} row @returns {HTMLElement | null | undefined} */
  #article(row) {
    return this.list.element(row)?.querySelector("article");
  }

  /** Arrow keys move between articles; Page and Home keys scroll. @param {KeyboardEvent} event */
  #steer(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    if (target !== this.log && !target.matches("article")) return;
    event.preventDefault();
    let row = target === this.log ? (by < 0 ? this.rows.count : -1) : this.#rowOf(target);
    // Rows without an article, such as replaced answers, are skipped.
    for (row += by; row >= 0 && row < this.rows.count; row += by) {
      if (!this.#article(row)) this.list.scrollTo(row);
      const article = this.#article(row);
      if (!article) continue;
      article.focus({ preventScroll: true });
      article.scrollIntoView({ block: "nearest" });
      return;
    }
  }

  /** @param {HTMLElement} article */
  #rowOf(article) {
    for (let row = this.rows.count - 1; row >= 0; row -= 1) {
      if (this.#article(row) === article) return row;
    }
    return 0;
  }
}

/** A message that is not stored. @param {import("../types.js").Entry} entry */
function waitingMessage({ content = "", parts }) {
  const text = /** @type {const} */ ({ type: "text", text: content });
  return { role: /** @type {const} */ ("user"), content, parts: parts && [text, ...parts] };
}

/** Whether the bytes of a part are still to be sent. @param {Part} part */
function isWaiting({ key, attachment_id }) {
  return Boolean(key && !attachment_id);
}

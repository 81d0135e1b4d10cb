/**
 * The rows of a transcript: every stored message by its seq, then what waits to be sent, then the
 * reply that is being written. Nothing here touches the page.
 */

/** @typedef {import("../types.js").Message} Message */
/** @typedef {import("../types.js").Entry} Entry */

/**
 * @typedef {{kind: "stored", seq: number} | {kind: "waiting", entry: Entry}
 *   | {kind: "live", live: import("../types.js").Live}} Row
 */

export class Rows {
  /** Which of several answers is looked at, by the seq that they answer. @type {Map<number, number>} */
  chosen = new Map();

  /** @type {Entry[]} the messages that are still to be answered, stored or not */
  entries = [];
  /** @type {Entry[]} those of them that are not stored */
  waiting = [];

  /** @param {import("../state.js").State} state */
  constructor(state) {
    this.state = state;
    this.refresh();
  }

  /** Look at what has changed. */
  refresh() {
    const { open } = this.state;
    this.conversation = open ? this.state.conversation(open) : null;
    this.session = open ? this.state.sessions.get(open) : undefined;
    this.live = open ? this.state.live(open) : undefined;
    this.entries = (open ? this.state.entries(open) : []).filter((one) => one.kind === "chat");
    const { conversation } = this;
    this.waiting = this.entries.filter((one) => !conversation?.has(one.client_id ?? ""));
  }

  get latest() {
    return this.conversation?.latest ?? 0;
  }

  get count() {
    return this.latest + this.waiting.length + (this.live ? 1 : 0);
  }

  /** @param {number} row @returns {Row} */
  at(row) {
    if (row < this.latest) return { kind: "stored", seq: row + 1 };
    // The reply belongs below the message that it answers, above those that wait behind it.
    const place = row - this.latest;
    const before = this.#waitingBeforeLive;
    if (this.live && place === before) return { kind: "live", live: this.live };
    return { kind: "waiting", entry: this.waiting[this.live && place > before ? place - 1 : place] };
  }

  get #waitingBeforeLive() {
    const asked = this.waiting.findIndex((one) => one.client_id === this.live?.client_id);
    return asked + 1;
  }

  /** @param {number} seq @returns {Message | undefined} */
  message(seq) {
    return this.conversation?.messages.get(seq);
  }

  /** A message stays in its row when it is stored. @param {number} row */
  key(row) {
    const what = this.at(row);
    if (what.kind === "live") return "live";
    if (what.kind === "waiting") return `message-${what.entry.client_id}`;
    return `message-${this.message(what.seq)?.client_id ?? what.seq}`;
  }

  /** Whether an answer gives way to another one. @param {Message} message */
  isHidden(message) {
    return Boolean(message.superseded_by) || this.live?.replaces === message.seq;
  }

  /** All answers to the message that this one answers. @param {Message} message @returns {Message[]} */
  alternatives(message) {
    const to = message.generation?.reply_to;
    if (!to) return [message];
    const found = [];
    for (let seq = to + 1; seq <= message.seq; seq += 1) {
      const other = this.message(seq);
      if (other?.generation?.reply_to === to && !other.deleted) found.push(other);
    }
    return found;
  }

  /** The one of them that is looked at. @param {Message} message */
  shown(message) {
    const chosen = this.chosen.get(message.generation?.reply_to ?? 0);
    return (chosen && this.message(chosen)) || message;
  }

  /** @param {Message} message @param {number} by */
  turn(message, by) {
    const others = this.alternatives(message);
    const next = others[others.indexOf(this.shown(message)) + by];
    if (next) this.chosen.set(message.generation?.reply_to ?? 0, next.seq);
  }

  /** Whether nobody answers this message and nobody is going to. @param {Message} message */
  isUnanswered(message) {
    if (message.role !== "user" || message.seq !== this.latest) return false;
    if (this.state.liveReplies.follows(this.state.open ?? "") || this.live) return false;
    if (this.entries.some((one) => one.state === "queued")) return false;
    return Date.now() - Date.parse(message.timestamp) > 5_000;
  }

  /** What stands above a message. @param {Message} message @returns {{kind: "topic"|"fresh", text: string}[]} */
  dividers(message) {
    /** @type {{kind: "topic"|"fresh", text: string}[]} */
    const above = [];
    const label = this.session?.topics?.[message.seq];
    if (message.seq > 1 && (message.topic_shift || label !== undefined)) {
      above.push({ kind: "topic", text: label ? `New topic: ${label}` : "New topic" });
    }
    const start = this.session?.context_start ?? 1;
    if (start > 1 && start === message.seq) above.push({ kind: "fresh", text: "Started fresh" });
    return above;
  }

  /** Whether the window starts after the newest message. */
  get startsFreshNext() {
    return this.latest > 0 && (this.session?.context_start ?? 1) > this.latest;
  }
}

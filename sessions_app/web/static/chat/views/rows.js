/**
 * The rows of a transcript: the stored messages by seq, then those that wait to be sent, with the
 * reply in progress after the message that it answers. Nothing here touches the page.
 */

/** @typedef {import("../types.js").Message} Message */
/** @typedef {import("../types.js").Entry} Entry */

/**
 * @typedef {{kind: "stored", seq: number} | {kind: "waiting", entry: Entry}
 *   | {kind: "live", live: import("../types.js").Live}} Row
 */

export class Rows {
  /** @type {Entry[]} messages without a reply, stored or not */
  entries = [];
  /** @type {Entry[]} those of `entries` that are not stored */
  waiting = [];
  /** Messages whose deletion can still be undone. @type {Set<number>} */
  #erasing = new Set();
  /** Messages from this seq on are being replaced. */
  #replacedFrom = Infinity;

  /** @param {import("../state.js").State} state */
  constructor(state) {
    this.state = state;
    this.refresh();
  }

  /** Read the state again. */
  refresh() {
    const { open } = this.state;
    this.conversation = open ? this.state.conversation(open) : null;
    this.session = open ? this.state.sessions.get(open) : undefined;
    this.live = open ? this.state.live(open) : undefined;
    const entries = open ? this.state.entries(open) : [];
    this.entries = entries.filter(({ kind, key }) => kind === "chat" && !this.state.discarding.has(key));
    this.#erasing = new Set(entries.flatMap(({ kind, seq }) => (kind === "delete_message" && seq ? [seq] : [])));
    const { conversation } = this;
    this.waiting = this.entries.filter((entry) => !conversation?.has(entry.client_id ?? ""));
    const replaced = this.waiting.flatMap(({ state, replaces }) => (state === "queued" && replaces ? [replaces] : []));
    this.#replacedFrom = Math.min(Infinity, ...replaced);
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
    // The reply stands below the message that it answers, above those that wait for their turn.
    const position = row - this.latest;
    const before = this.#waitingBeforeLive;
    if (this.live && position === before) return { kind: "live", live: this.live };
    return { kind: "waiting", entry: this.waiting[this.live && position > before ? position - 1 : position] };
  }

  get #waitingBeforeLive() {
    const question = this.waiting.findIndex((entry) => entry.client_id === this.live?.client_id);
    return question + 1;
  }

  /** @param {number} seq @returns {Message | undefined} */
  message(seq) {
    const message = this.conversation?.messages.get(seq);
    if (!message || !this.#erasing.has(seq)) return message;
    return { ...message, content: "", parts: undefined, tool_calls: null, reasoning: undefined, deleted: true };
  }

  /** The first message that waits for nothing but its turn. @returns {Entry | undefined} */
  get next() {
    return this.entries.find((entry) => entry.state === "queued");
  }

  /** A message has the same key before and after it is stored, so that it stays in its row. @param {number} row */
  key(row) {
    const item = this.at(row);
    if (item.kind === "live") return "live";
    if (item.kind === "waiting") return `message-${item.entry.client_id}`;
    return `message-${this.message(item.seq)?.client_id ?? item.seq}`;
  }

  /** Whether another message is in its place, or soon will be. @param {Message} message */
  isHidden(message) {
    return Boolean(message.superseded_by) || message.seq >= this.#replacedFrom || this.live?.replaces === message.seq;
  }

  /** The seqs of the versions of a message that can be current. @param {Message} message @returns {number[]} */
  versions(message) {
    const seqs = this.conversation?.branches.versions(message) ?? [];
    return seqs.filter((seq) => {
      const other = this.message(seq);
      if (seq === message.seq || !other) return true;
      // What is current beside this one is another part of the same answer.
      return Boolean(other.superseded_by) && !other.deleted;
    });
  }

  /** The seq of the last message that is not hidden. */
  get last() {
    let seq = this.latest;
    for (let message = this.message(seq); message && this.isHidden(message); message = this.message(seq)) seq -= 1;
    return seq;
  }

  /** The newest message of the user, if it has been answered and nothing waits. @returns {string | undefined} */
  get answered() {
    const { last } = this;
    if (this.live || this.waiting.length || this.message(last)?.role !== "assistant") return undefined;
    let seq = last - 1;
    while (seq > 0 && this.message(seq) && this.isHidden(/** @type {Message} */ (this.message(seq)))) seq -= 1;
    const message = this.message(seq);
    return message?.role === "user" ? message.content : undefined;
  }

  /** Whether this message has no answer, and none is on its way. @param {Message} message */
  isUnanswered(message) {
    if (message.role !== "user" || message.seq !== this.last) return false;
    if (this.state.liveReplies.follows(this.state.open ?? "") || this.live) return false;
    if (this.entries.some((entry) => entry.state === "queued")) return false;
    return Date.now() - Date.parse(message.timestamp) > 5_000;
  }

  /** The dividers above a message. @param {Message} message @returns {{kind: "topic"|"fresh", text: string}[]} */
  dividers(message) {
    /** @type {{kind: "topic"|"fresh", text: string}[]} */
    const above = [];
    const label = this.session?.topics?.[message.seq];
    if (message.seq > 1 && label !== undefined && this.state.showsTopics) {
      above.push({ kind: "topic", text: label ? `New topic: ${label}` : "New topic" });
    }
    const start = this.session?.context_start ?? 1;
    if (start > 1 && start === message.seq) above.push({ kind: "fresh", text: "Started fresh" });
    return above;
  }

  /** What is to be said below a message. @param {Message} message */
  note({ seq, parts, generation }) {
    if (generation?.finish_reason === "cancelled") return "Stopped";
    const isAttached = parts?.some(({ type }) => type !== "text");
    return isAttached && this.#isSentWithoutFiles(seq) ? "The model is only told that these exist: newer files take up the space." : "";
  }

  /** @param {number} seq */
  #isSentWithoutFiles(seq) {
    const { context, open } = this.state;
    if (context?.session_id !== open) return false;
    return context?.plan?.some((/** @type {any} */ entry) => entry.seq === seq && entry.sent_as === "placeholder");
  }

  /** Whether the window starts after the newest message. */
  get startsFreshNext() {
    return this.latest > 0 && (this.session?.context_start ?? 1) > this.latest;
  }
}

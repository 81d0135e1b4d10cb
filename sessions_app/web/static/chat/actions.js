/** Everything that a user can do; the views' buttons and keys call these. */

import { AccountActions } from "./account_actions.js";
import { isLocal, localSessionId } from "./identifiers.js";
import { inWords } from "./problems.js";

// A deletion can be undone for this long.
const UNDO_MS = 6_000;
// Messages that are fetched one after the other when a whole chat is shown.
const BLOCK = 500;

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Part} Part */

export class Actions {
  /** Called with a file to save. @type {(file: Blob, name: string) => void} */
  onFile = () => {};

  /** @param {import("./sync.js").Sync} sync */
  constructor(sync) {
    this.sync = sync;
    this.state = sync.state;
    this.outbox = sync.outbox;
    this.sessionList = sync.sessionList;
    this.account = new AccountActions(sync);
  }

  /** What the account's dialog does; few open it, and its module is loaded then. */
  async accountSettings() {
    const { AccountSettings } = await import("./later/account_settings.js");
    return new AccountSettings(this.sync, (file, name) => this.onFile(file, name));
  }

  // --- sessions --------------------------------------------------------------------------------

  /** @param {string | null} sessionId null for a new one */
  open(sessionId) {
    return this.sync.open(sessionId);
  }

  /** @param {"active"|"archived"} list */
  list(list) {
    this.state.list = list;
    this.state.tag = "";
    this.state.tags = null;
    this.state.listHasMore = false;
    this.state.changed("sessions");
    return this.#attempt(() => this.sessionList.refresh());
  }

  more() {
    return this.#attempt(() => this.sessionList.more());
  }

  /** @param {string} query */
  search(query) {
    return this.#attempt(() => this.sessionList.search(query));
  }

  /** @param {string} sessionId @param {string} title */
  async rename(sessionId, title) {
    await this.sessionList.change(sessionId, { title });
    await this.outbox.add({ session_id: sessionId, kind: "rename", title });
  }

  /** @param {string} tag to list only chats that have it; empty for all */
  chooseTag(tag) {
    return this.#attempt(() => this.sessionList.choose(tag));
  }

  /** @param {string} sessionId @param {boolean} pinned */
  async pin(sessionId, pinned) {
    await this.sessionList.change(sessionId, { pinned });
    await this.outbox.add({ session_id: sessionId, kind: "pin", pinned });
  }

  /** @param {string} sessionId @param {string[]} tags */
  async tag(sessionId, tags) {
    await this.sessionList.change(sessionId, { tags });
    await this.outbox.add({ session_id: sessionId, kind: "tag", tags });
    // What no chat has any more is nothing to choose by.
    if (this.state.tag && !this.state.listed().length) await this.chooseTag("");
  }

  /** The models that can be chosen. @returns {Promise<string[]>} */
  async models() {
    const { data } = await this.sync.api.request("GET", "/v1/models");
    return data.map((/** @type {{id: string}} */ model) => model.id);
  }

  /** @param {string} prompt of the next chat */
  choosePrompt(prompt) {
    this.state.next = { ...this.state.next, prompt };
  }

  /** @param {string | null} sessionId null for the next chat @param {string} model empty for the service's own choice */
  async chooseModel(sessionId, model) {
    const session = sessionId ? this.state.sessions.get(sessionId) : undefined;
    if (!session || !sessionId) {
      this.state.next = { ...this.state.next, model };
      return;
    }
    const { model: _, ...others } = session.metadata ?? {};
    const metadata = model ? { ...others, model } : others;
    await this.sessionList.change(sessionId, { metadata });
    await this.outbox.add({ session_id: sessionId, kind: "metadata", metadata });
  }

  /** @param {string} sessionId @returns {string | undefined} */
  #model(sessionId) {
    return this.state.sessions.get(sessionId)?.metadata?.model;
  }

  /** @param {string} sessionId */
  async archive(sessionId) {
    await this.sessionList.change(sessionId, { status: "archived" });
    await this.outbox.add({ session_id: sessionId, kind: "archive" });
    const wasOpen = this.state.open === sessionId;
    if (wasOpen) await this.open(null);
    this.sync.onNotice("Chat archived.", async () => {
      await this.restore(sessionId);
      if (wasOpen) await this.open(sessionId);
    });
  }

  /** @param {string} sessionId */
  async restore(sessionId) {
    await this.sessionList.change(sessionId, { status: "active" });
    await this.outbox.add({ session_id: sessionId, kind: "restore" });
  }

  /** Delete a session, unless it is undone in time. @param {string} sessionId */
  async remove(sessionId) {
    const not_before = Date.now() + UNDO_MS;
    const entry = await this.outbox.add({ session_id: sessionId, kind: "delete", not_before });
    const wasOpen = this.state.open === sessionId;
    if (wasOpen) await this.open(null);
    this.sync.onNotice("Chat deleted.", async () => {
      await this.outbox.discard(entry);
      if (wasOpen) await this.open(sessionId);
    });
  }

  /** @param {string} sessionId @param {"json"|"markdown"} format */
  exportSession(sessionId, format) {
    return this.#attempt(async () => {
      const transfer = await this.sync.transfer();
      const name = transfer.fileName(this.state.sessions.get(sessionId)?.title ?? "", format);
      this.onFile(await transfer.session(sessionId, format), name);
    });
  }

  /** @param {File} file */
  importSession(file) {
    return this.#attempt(async () => {
      const transfer = await this.sync.transfer();
      const job = await transfer.import(file, ({ fraction }) => {
        this.sync.onNotice(fraction ? `Importing: ${Math.round(fraction * 100)} %` : "Importing…");
      });
      for (const sessionId of job.session_ids) await this.sessionList.reload(sessionId);
      this.sync.onNotice(transfer.outcome(job));
      if (job.session_ids.length === 1) await this.open(job.session_ids[0]);
    });
  }

  // --- messages --------------------------------------------------------------------------------

  /** @param {string} text */
  draft(text) {
    this.sync.drafts.set(text);
  }

  /** Attach files that were dropped, pasted or picked, in this order. @param {File[]} files */
  async attach(files) {
    const before = this.state.attaching;
    const attaching = this.#attempt(async () => {
      await before;
      await (await this.sync.attachments()).add(files);
    });
    this.state.attaching = attaching;
    await attaching;
    if (this.state.attaching === attaching) this.state.attaching = null;
    this.state.changed("draft");
  }

  /** What is attached to messages, for what shows it. */
  attachments() {
    return this.sync.attachments();
  }

  /** @param {string} content */
  async send(content) {
    // Nothing is awaited before the outbox has it: a second message right after must come second.
    const { parts } = this.state;
    if (parts.length) this.sync.background(() => this.sync.drafts.attach([]));
    const sessionId = this.state.open ?? this.#newSession();
    this.draft("");
    this.state.changed("draft");
    const changed = this.sessionList.change(sessionId, { updated_at: new Date().toISOString() });
    await this.outbox.add({ session_id: sessionId, kind: "chat", content, ...attached(parts), model: this.#model(sessionId) });
    await changed;
  }

  /** A session that exists only here until its first message is sent. */
  #newSession(title = "") {
    const now = new Date().toISOString();
    const session_id = localSessionId();
    const times = { created_at: now, updated_at: now };
    const { model, prompt } = this.state.next;
    const system_prompt = [this.state.instructions, prompt].filter((text) => text.trim()).join("\n\n");
    this.state.sessions.set(session_id, {
      session_id, title, ...times, status: "active", message_count: 0,
      ...(model ? { metadata: { model } } : {}), ...(system_prompt ? { system_prompt } : {}),
    }); // prettier-ignore
    this.state.next = { model: "", prompt: "" };
    this.sync.background(() => this.sessionList.change(session_id, {}));
    if (this.state.open === null) this.draft("");
    this.sync.background(() => this.open(session_id));
    return session_id;
  }

  /** Send a message without a reply again, with the same key. @param {Message | Entry} message */
  async again(message) {
    const entry = this.state.outbox.find((entry) => entry.client_id === message.client_id);
    if (entry) return this.outbox.retry(entry);
    const session_id = this.state.open ?? "";
    const { client_id, content, parts } = message;
    if (!client_id || parts) return this.regenerate(this.state.conversation(session_id).latest);
    await this.outbox.add({ session_id, kind: "chat", client_id, content, model: this.#model(session_id) });
  }

  /** Give up a message that is not stored, or that has no answer. @param {Entry} entry */
  async discard(entry) {
    const session_id = entry.session_id;
    const stored = this.state.conversation(session_id).bySender(entry.client_id ?? "");
    if (stored) await this.deleteMessage(stored.seq);
    else if (entry.state === "failed") this.#discardLater(entry);
    else await this.outbox.discard(entry);
  }

  /** Give up a message that failed, unless it is undone in time. @param {Entry} entry */
  #discardLater(entry) {
    const { discarding } = this.state;
    const show = () => this.state.changed("outbox", "messages");
    discarding.add(entry.key);
    show();
    setTimeout(() => {
      if (discarding.delete(entry.key)) this.sync.background(() => this.outbox.discard(entry));
    }, UNDO_MS);
    this.sync.onNotice("Message discarded.", () => {
      discarding.delete(entry.key);
      show();
    });
  }

  /** Send a message that has failed with another text. @param {Entry} entry @param {string} content @param {Part[]} parts that stay */
  amend(entry, content, parts) {
    return this.outbox.amend(entry, content, attached(parts).parts);
  }

  stop() {
    const sessionId = this.state.open;
    return this.#attempt(async () => {
      if (sessionId) await this.sync.replies.stop(sessionId);
    });
  }

  /** @param {number} seq of the reply to regenerate */
  regenerate(seq) {
    const sessionId = this.state.open;
    return this.#attempt(async () => {
      if (sessionId) await this.sync.replies.regenerate(sessionId, seq, this.#model(sessionId));
    });
  }

  /** Erase a message, unless it is undone in time. Nothing waits for its answer any longer. @param {number} seq */
  async deleteMessage(seq) {
    const session_id = this.state.open;
    if (!session_id) return;
    const { client_id } = this.state.conversation(session_id).messages.get(seq) ?? {};
    const not_before = Date.now() + UNDO_MS;
    const entry = await this.outbox.add({ session_id, kind: "delete_message", seq, not_before });
    const waiting = this.state.outbox.filter((other) => client_id && other.client_id === client_id);
    for (const other of waiting) await this.outbox.discard(other);
    this.sync.onNotice("Message deleted.", () => {
      if (this.state.outbox.includes(entry)) return this.outbox.discard(entry);
      this.sync.onNotice("It is too late: the message has been erased.");
    });
  }

  /** A new session with the messages up to `seq`. @param {number} seq */
  fork(seq) {
    return this.#attempt(() => this.#fork(seq));
  }

  /** Write another message in place of `seq`; the earlier version stays beside it. @param {number} seq @param {string} content @param {Part[]} parts that stay */
  async edit(seq, content, parts) {
    const session_id = this.state.open;
    if (!session_id) return;
    const { client_id } = this.state.conversation(session_id).messages.get(seq) ?? {};
    // It will not be answered any more.
    const waiting = this.state.outbox.filter((entry) => client_id && entry.client_id === client_id);
    for (const entry of waiting) await this.outbox.discard(entry);
    await this.outbox.add({ session_id, kind: "chat", content, ...attached(parts), replaces: seq, model: this.#model(session_id) });
  }

  /** Rate a reply, or take the rating back. @param {number} seq @param {"up"|"down"|null} rating */
  rate(seq, rating) {
    const sessionId = this.state.open;
    return this.#attempt(async () => {
      if (sessionId) await this.sync.history.rate(sessionId, seq, rating);
    });
  }

  /** Make another version of a message current. @param {number} seq */
  switchTo(seq) {
    const sessionId = this.state.open;
    return this.#attempt(async () => {
      if (!sessionId) return;
      await this.sync.history.switchTo(sessionId, seq);
      await this.sync.plan();
    });
  }

  /** @param {number} seq */
  async #fork(seq) {
    const body = { up_to_seq: seq };
    const path = `/session/${this.state.open}/fork`;
    const session = await this.sync.api.request("POST", path, { body });
    await this.sessionList.update(session);
    await this.open(session.session_id);
    await this.sync.history.catchUp(session.session_id);
  }

  // --- the context -----------------------------------------------------------------------------

  /** The model starts fresh after the newest message; everything stays in the transcript. */
  async startFresh() {
    const session_id = this.state.open;
    if (!session_id || isLocal(session_id)) return;
    const { latest } = this.state.conversation(session_id);
    await this.sessionList.change(session_id, { context_start: latest + 1 });
    await this.outbox.add({ session_id, kind: "reset" });
    this.state.changed("messages");
    this.sync.onNotice("The model starts fresh from here.", () => this.undoStartFresh());
  }

  async undoStartFresh() {
    const session_id = this.state.open;
    if (session_id) await this.outbox.add({ session_id, kind: "undo_reset" });
  }

  plan() {
    return this.#attempt(() => this.sync.plan());
  }

  /** Load all messages of the chat that is open. @param {() => boolean} isWanted */
  async loadAll(isWanted) {
    const { open } = this.state;
    const latest = open ? this.state.conversation(open).latest : 0;
    for (let first = 1; open && first <= latest && isWanted(); first += BLOCK) {
      await this.sync.history.show(open, first, Math.min(latest, first + BLOCK - 1));
    }
  }

  /** @param {number} first @param {number} last */
  show(first, last) {
    const { open } = this.state;
    if (open) this.sync.background(() => this.sync.history.show(open, first, last));
  }

  /** Do the work, or show why it failed. @param {() => Promise<unknown>} work */
  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      this.sync.onNotice(inWords(error));
    }
  }
}

/** @param {Part[]} parts @returns {{parts?: Part[]}} */
function attached(parts) {
  return parts.length ? { parts } : {};
}

/** What the page knows right now, and who is told when it changes. Views read; `sync.js` writes. */

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Live} Live */

/**
 * @typedef {"account"|"sessions"|"open"|"messages"|"live"|"outbox"|"connection"|"context"
 *   |"draft"|"storage"|"search"} Topic
 */

/** The part of one session's messages that has been looked at; `seq` runs without a gap. */
export class Conversation {
  /** @type {Map<number, Message>} */
  messages = new Map();
  /** The newest seq known. */
  latest = 0;

  /** @param {Message[]} messages */
  add(messages) {
    for (const message of messages) {
      this.messages.set(message.seq, message);
      if (message.seq > this.latest) this.latest = message.seq;
    }
  }

  /** Whether the message with this key has been stored. @param {string} clientId */
  has(clientId) {
    return this.bySender(clientId) !== undefined;
  }

  /** @param {string} clientId */
  bySender(clientId) {
    // It is among the newest, nearly always the last or the one before it.
    for (let seq = this.latest; seq > Math.max(0, this.latest - 200); seq -= 1) {
      const message = this.messages.get(seq);
      if (message?.client_id === clientId) return message;
    }
    return undefined;
  }
}

export class State {
  /** @type {{user_id: string, username: string} | null} */
  account = null;
  /** Why somebody has to sign in again, for the form to say. */
  notice = "";
  /** @type {Map<string, Session>} */
  sessions = new Map();
  /** @type {"active"|"archived"} */
  list = "active";
  /** Whether the service has more sessions than are listed. */
  listHasMore = false;
  /** @type {{query: string, results: any[], busy: boolean}} */
  search = { query: "", results: [], busy: false };
  /** The session that is shown; null for a new one. @type {string | null} */
  open = null;
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  /** @type {Entry[]} */
  outbox = [];
  /** @type {Map<string, Live>} */
  live = new Map();
  /** The plan of the session that is shown. @type {any} */
  context = null;
  draft = "";
  online = true;
  /** @type {"disk"|"full"|"forbidden"} */
  storage = "disk";

  /** @type {Map<Topic, Set<() => void>>} */
  #listeners = new Map();
  /** @type {Set<Topic>} */
  #changed = new Set();

  /** @param {Topic[]} topics @param {() => void} listener */
  on(topics, listener) {
    for (const topic of topics) {
      this.#listeners.set(topic, (this.#listeners.get(topic) ?? new Set()).add(listener));
    }
  }

  /** Tell the listeners, each once however much has changed since the last time. @param {Topic[]} topics */
  changed(...topics) {
    if (!this.#changed.size) queueMicrotask(() => this.#tell());
    for (const topic of topics) this.#changed.add(topic);
  }

  #tell() {
    const listeners = new Set();
    for (const topic of this.#changed) {
      for (const listener of this.#listeners.get(topic) ?? []) listeners.add(listener);
    }
    this.#changed.clear();
    for (const listener of listeners) listener();
  }

  /** @param {string} sessionId */
  conversation(sessionId) {
    let found = this.conversations.get(sessionId);
    if (!found) {
      found = new Conversation();
      this.conversations.set(sessionId, found);
    }
    return found;
  }

  /** Writes of a session that are still to be sent. @param {string} sessionId */
  entries(sessionId) {
    return this.outbox.filter((one) => one.session_id === sessionId);
  }

  /** Sessions as they are listed: what waits in the outbox shows already. */
  listed() {
    const hidden = new Set();
    for (const entry of this.outbox) {
      if (entry.kind === "delete" && entry.state === "queued") hidden.add(entry.session_id);
    }
    return [...this.sessions.values()]
      .filter((one) => one.status === this.list && !hidden.has(one.session_id))
      .sort((a, b) => (a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0));
  }

  /** All that is somebody's goes. */
  forget() {
    this.account = null;
    this.sessions = new Map();
    this.search = { query: "", results: [], busy: false };
    this.open = null;
    this.conversations = new Map();
    this.outbox = [];
    this.live = new Map();
    this.context = null;
    this.draft = "";
    this.listHasMore = false;
    this.list = "active";
  }
}

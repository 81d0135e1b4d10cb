/** The state of the page, and its listeners. Views read it; `sync.js` and its parts write it. */

import { Branches } from "./branches.js";
import { LiveReplies } from "./live_replies.js";
import { preference } from "./preferences.js";

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Live} Live */
/** @typedef {import("./types.js").Part} Part */

/**
 * @typedef {"account"|"sessions"|"open"|"messages"|"live"|"outbox"|"connection"|"context"
 *   |"draft"|"storage"|"search"} Topic
 */

/** The messages of one session that have been loaded. */
export class Conversation {
  /** @type {Map<number, Message>} */
  messages = new Map();
  /** The newest seq known. */
  latest = 0;
  /** Turns whose reply is among the messages. @type {Set<string>} */
  #turns = new Set();
  /** The newest reply to each message that has one, both by their seq. @type {Map<number, number>} */
  #replies = new Map();
  branches = new Branches();

  /** @param {Message[]} messages */
  add(messages) {
    for (const message of messages) {
      this.messages.set(message.seq, newer(this.messages.get(message.seq), message));
      if (message.seq > this.latest) this.latest = message.seq;
      this.branches.add(message);
      if (message.replaces && !message.superseded_by) this.#replace(message.replaces, message.seq);
      if (!message.generation) continue;
      this.#turns.add(message.generation.turn_id);
      this.#supersede(message.generation.reply_to, message.seq);
    }
  }

  /** Messages as the service has just said they are, which also ends that they are superseded. @param {Message[]} messages */
  settle(messages) {
    for (const message of messages) {
      const known = this.messages.get(message.seq);
      if (!known?.deleted) this.messages.set(message.seq, message);
    }
    this.add(messages);
  }

  /** What was written in place of a message supersedes it and all that followed. @param {number} seq @param {number} by */
  #replace(seq, by) {
    for (let at = seq; at < by; at += 1) {
      const message = this.messages.get(at);
      if (message && !message.superseded_by) this.messages.set(at, { ...message, superseded_by: by });
    }
  }

  /**
   * The newest of several replies supersedes the others, which may have been read before it came.
   * @param {number} replyTo @param {number} seq
   */
  #supersede(replyTo, seq) {
    const newest = this.replyTo(replyTo);
    this.#replies.set(replyTo, Math.max(newest, seq));
    if (!newest || newest === seq) return;
    // Unless the older one was made current again.
    if (this.messages.get(Math.max(newest, seq))?.superseded_by) return;
    const older = this.messages.get(Math.min(newest, seq));
    if (!older || older.superseded_by) return;
    this.messages.set(older.seq, { ...older, superseded_by: Math.max(newest, seq) });
  }

  /** The seq of the newest reply to a message; 0 when there is none. @param {number} seq */
  replyTo(seq) {
    return this.#replies.get(seq) ?? 0;
  }

  /** Whether the reply of a turn is among the messages. @param {Live} live */
  hasReply({ turn_id, client_id, replaces = 0 }) {
    if (turn_id) return this.#turns.has(turn_id);
    const question = client_id ? this.bySender(client_id) : undefined;
    return question !== undefined && this.replyTo(question.seq) > replaces;
  }

  /** Whether the message with this key has been stored. @param {string} clientId */
  has(clientId) {
    return this.bySender(clientId) !== undefined;
  }

  /** @param {string} clientId */
  bySender(clientId) {
    // It is nearly always the newest message or the one before it.
    for (let seq = this.latest; seq > Math.max(0, this.latest - 200); seq -= 1) {
      const message = this.messages.get(seq);
      if (message?.client_id === clientId) return message;
    }
    return undefined;
  }
}

/**
 * The later of two readings of a message, which can arrive in any order. A message changes in two
 * ways by itself: it is superseded, or it is erased. That it is current again, `settle` says.
 * @param {Message | undefined} known @param {Message} read @returns {Message}
 */
function newer(known, read) {
  if (known?.deleted && !read.deleted) return known;
  if (known?.superseded_by && !read.superseded_by) {
    return { ...read, superseded_by: known.superseded_by };
  }
  return read;
}

export class State {
  /** @type {{user_id: string, username: string} | null} */
  account = null;
  /** Why the user has to sign in again; the form shows it. */
  notice = "";
  /** @type {Map<string, Session>} */
  sessions = new Map();
  /** @type {"active"|"archived"} */
  list = "active";
  /** Only chats with this tag are listed; empty for all. */
  tag = "";
  /** The tags of all chats of the list; null until the service has said them. @type {string[] | null} */
  tags = null;
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
  /** Keys of failed messages that were given up, as long as that can be undone. @type {Set<string>} */
  discarding = new Set();
  liveReplies = new LiveReplies();
  /** Local id of a session that was made here → its id on the service. @type {Map<string, string>} */
  created = new Map();
  /** The plan of the session that is shown. @type {any} */
  context = null;
  draft = "";
  /** What is attached to the draft. @type {Part[]} */
  parts = [];
  /** Files that could not be attached, and why. @type {{name: string, why: string}[]} */
  refusals = [];
  /** While files are being looked at that will be. @type {Promise<void> | null} */
  attaching = null;
  /** What a new chat will be created with. */
  next = { model: "", prompt: "" };
  /** What the user wants models to know in every chat. */
  instructions = "";
  online = true;
  /** The longest message that the service takes, in characters. */
  maxCharacters = Infinity;
  /** Whether dividers show where the topic changes. */
  showsTopics = preference("topics", "on") === "on";
  /** @type {"disk"|"full"|"forbidden"} */
  storage = "disk";

  /** @type {Map<Topic, Set<() => void>>} */
  #listeners = new Map();
  /** @type {Set<Topic>} */
  #changed = new Set();
  /** @type {Map<Topic, number>} */
  #revisions = new Map();

  /** @param {Topic[]} topics @param {() => void} listener */
  on(topics, listener) {
    for (const topic of topics) {
      this.#listeners.set(topic, (this.#listeners.get(topic) ?? new Set()).add(listener));
    }
  }

  /** Call the listeners of these topics, each once per microtask. @param {Topic[]} topics */
  changed(...topics) {
    if (!this.#changed.size) queueMicrotask(() => this.#tell());
    for (const topic of topics) {
      this.#changed.add(topic);
      this.#revisions.set(topic, this.revision(topic) + 1);
    }
  }

  /** Counts the changes of a topic. @param {Topic} topic */
  revision(topic) {
    return this.#revisions.get(topic) ?? 0;
  }

  /**
   * Reads a topic from the store. This tab changes the state before the store, so a reading that
   * overlaps with a change may miss it, and is repeated.
   * @template T @param {Topic} topic @param {() => Promise<T>} read @returns {Promise<T>}
   */
  async fresh(topic, read) {
    for (;;) {
      const before = this.revision(topic);
      const stored = await read();
      if (this.revision(topic) === before) return stored;
    }
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
    let conversation = this.conversations.get(sessionId);
    if (!conversation) {
      conversation = new Conversation();
      this.conversations.set(sessionId, conversation);
    }
    return conversation;
  }

  /**
   * The reply in progress in a session. Once the reply is among the messages, it is not in progress,
   * even if another tab still says so: otherwise it would show twice.
   * @param {string} sessionId @returns {Live | undefined}
   */
  live(sessionId) {
    const conversation = this.conversations.get(sessionId);
    return this.liveReplies.of(sessionId).find((live) => !conversation?.hasReply(live));
  }

  /** Writes of a session that are still to be sent. @param {string} sessionId */
  entries(sessionId) {
    return this.outbox.filter((entry) => entry.session_id === sessionId);
  }

  /** The tags that can be chosen, with those that were given here since. @returns {string[]} */
  knownTags() {
    const here = [...this.sessions.values()].filter(({ status }) => status === this.list);
    return [...new Set([...(this.tags ?? []), ...here.flatMap(({ tags = [] }) => tags)])];
  }

  /** The sessions in their order in the list; deletions that wait in the outbox apply already. */
  listed() {
    const hidden = new Set();
    for (const entry of this.outbox) {
      if (entry.kind === "delete" && entry.state === "queued") hidden.add(entry.session_id);
    }
    return [...this.sessions.values()]
      .filter((session) => session.status === this.list && !hidden.has(session.session_id))
      .filter(({ tags }) => !this.tag || tags?.includes(this.tag))
      .sort((a, b) => (a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0));
  }

  /** Remove everything that belongs to the user. */
  forget() {
    this.account = null;
    this.sessions = new Map();
    this.search = { query: "", results: [], busy: false };
    this.open = null;
    this.conversations = new Map();
    this.outbox = [];
    this.discarding = new Set();
    this.liveReplies = new LiveReplies();
    this.created = new Map();
    this.context = null;
    this.draft = "";
    this.parts = [];
    this.refusals = [];
    this.next = { model: "", prompt: "" };
    this.instructions = "";
    this.listHasMore = false;
    this.list = "active";
    this.tag = "";
    this.tags = null;
  }
}

/**
 * What this browser stores for one user: sessions, messages, drafts and the outbox. Each user has an
 * IndexedDB database of their own, so that nobody sees another user's data.
 */

import { IndexedDbStore } from "./indexed_db.js";

const PREFIX = "chat-";
const USERS = "chat.databases";
// Names of notes. A store of their own would need a new version of the database, for which a tab with
// an older page would have to be closed.
const PARTS = "parts/";
const BYTES = "bytes/";

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Part} Part */

export class Store {
  #indexedDb = new IndexedDbStore();

  /** @param {(why: "full"|"forbidden") => void} onRefused @param {() => void} onTaken */
  constructor(onRefused, onTaken) {
    this.#indexedDb.onRefused = onRefused;
    this.onTaken = onTaken;
  }

  /** Whether other tabs can read what this one writes. */
  get shared() {
    return this.#indexedDb.onDisk;
  }

  /** @param {string} userId */
  async open(userId) {
    await removeAllBut(userId);
    remember(userId);
    await this.#indexedDb.open(PREFIX + userId, this.onTaken);
  }

  close() {
    this.#indexedDb.close();
  }

  /** @returns {Promise<Session[]>} */
  sessions() {
    return this.#indexedDb.all("sessions");
  }

  /** @param {Session[]} sessions */
  putSessions(sessions) {
    return this.#indexedDb.put("sessions", sessions.map(plain));
  }

  /** Forget a session with all that belongs to it. @param {string} sessionId */
  async removeSession(sessionId) {
    await this.#indexedDb.remove("sessions", [sessionId]);
    await this.#indexedDb.remove("drafts", [sessionId]);
    const messages = await this.messages(sessionId, 1, Number.MAX_SAFE_INTEGER);
    await this.#indexedDb.remove("messages", messages.map((message) => [sessionId, message.seq]));
    const entries = (await this.outbox()).filter((entry) => entry.session_id === sessionId);
    await this.#indexedDb.remove("outbox", entries.map((entry) => entry.key));
    const attached = entries.flatMap(({ parts = [] }) => parts);
    await this.removeBytes([...attached, ...(await this.draftParts(sessionId))]);
    await this.putDraftParts(sessionId, []);
  }

  /** Moves everything from a local id to the service's id. @param {string} from @param {Session} session */
  async renameSession(from, session) {
    // In parallel, because other tabs may read at any moment: they should see one of the two.
    await Promise.all([this.putSessions([session]), this.#indexedDb.remove("sessions", [from])]);
    const entries = (await this.outbox()).filter((entry) => entry.session_id === from);
    await this.putEntries(entries.map((entry) => ({ ...entry, session_id: session.session_id })));
    const draft = await this.draft(from);
    if (draft) await this.putDraft(session.session_id, draft);
    await this.#indexedDb.remove("drafts", [from]);
    const parts = await this.draftParts(from);
    if (parts.length) await this.putDraftParts(session.session_id, parts);
    await this.putDraftParts(from, []);
  }

  /**
   * @param {string} sessionId
   * @param {number} first
   * @param {number} last
   * @returns {Promise<Message[]>} the stored messages of this run, oldest first
   */
  messages(sessionId, first, last) {
    return this.#indexedDb.all("messages", { from: [sessionId, first], to: [sessionId, last] });
  }

  /** The seq of a session's newest stored message; 0 without one. @param {string} sessionId @returns {Promise<number>} */
  async latest(sessionId) {
    const run = { from: [sessionId, 1], to: [sessionId, Number.MAX_SAFE_INTEGER] };
    return (await this.#indexedDb.last("messages", run))?.[1] ?? 0;
  }

  /** @param {string} sessionId @param {Message[]} messages */
  putMessages(sessionId, messages) {
    const records = messages.map((message) => ({ ...message, session_id: sessionId }));
    return this.#indexedDb.put("messages", records);
  }

  /** @param {string} sessionId @returns {Promise<string>} */
  async draft(sessionId) {
    return (await this.#indexedDb.get("drafts", sessionId))?.text ?? "";
  }

  /** @param {string} sessionId @param {string} text */
  putDraft(sessionId, text) {
    if (!text) return this.#indexedDb.remove("drafts", [sessionId]);
    return this.#indexedDb.put("drafts", [{ session_id: sessionId, text }]);
  }

  /** What is attached to a draft. @param {string} sessionId @returns {Promise<Part[]>} */
  async draftParts(sessionId) {
    return (await this.note(PARTS + sessionId)) ?? [];
  }

  /** @param {string} sessionId @param {Part[]} parts */
  putDraftParts(sessionId, parts) {
    if (!parts.length) return this.#indexedDb.remove("meta", [PARTS + sessionId]);
    return this.putNote(PARTS + sessionId, parts.map(plain));
  }

  /** The bytes of a part that is not sent yet. @param {string} key @returns {Promise<Blob | undefined>} */
  bytes(key) {
    return this.note(BYTES + key);
  }

  /** @param {string} key @param {Blob} bytes */
  putBytes(key, bytes) {
    return this.putNote(BYTES + key, bytes);
  }

  /** @param {Part[]} parts */
  removeBytes(parts) {
    return this.#indexedDb.remove("meta", parts.flatMap(({ key }) => (key ? [BYTES + key] : [])));
  }

  /** @returns {Promise<Entry[]>} in the order in which they were written */
  outbox() {
    return this.#indexedDb.all("outbox");
  }

  /** @param {Entry[]} entries */
  putEntries(entries) {
    return this.#indexedDb.put("outbox", entries.map(plain));
  }

  /** @param {string} key */
  removeEntry(key) {
    return this.#indexedDb.remove("outbox", [key]);
  }

  /** A small value by its name. @param {string} name */
  async note(name) {
    return (await this.#indexedDb.get("meta", name))?.value;
  }

  /** @param {string} name @param {unknown} value */
  putNote(name, value) {
    return this.#indexedDb.put("meta", [{ name, value }]);
  }

  /** Delete the databases of all users. */
  static removeAll() {
    return removeAllBut(null);
  }
}

/** Its own properties, which are all that can be stored. @param {object} record */
function plain(record) {
  return { ...record };
}

/** @param {string | null} userId */
async function removeAllBut(userId) {
  for (const other of known().filter((user) => user !== userId)) {
    await IndexedDbStore.remove(PREFIX + other);
  }
  write(userId ? known().filter((user) => user === userId) : []);
}

/** @param {string} userId */
function remember(userId) {
  write([...new Set([...known(), userId])]);
}

/** The users who have a database here; not every browser has `indexedDB.databases()`. */
function known() {
  try {
    return /** @type {string[]} */ (JSON.parse(localStorage.getItem(USERS) ?? "[]"));
  } catch {
    return [];
  }
}

/** @param {string[]} users */
function write(users) {
  try {
    if (users.length) localStorage.setItem(USERS, JSON.stringify(users));
    else localStorage.removeItem(USERS);
  } catch {
    // without localStorage there is no IndexedDB either
  }
}

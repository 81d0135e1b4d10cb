/**
 * What this browser keeps of one user: sessions, messages, drafts and the outbox. The only module
 * that knows where: one IndexedDB database per user, so that nobody can see another's.
 */

import { Backing } from "./backing.js";

const PREFIX = "chat-";
const USERS = "chat.databases";

/** @typedef {import("./types.js").Session} Session */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Entry} Entry */

export class Store {
  #backing = new Backing();

  /** @param {(why: "full"|"forbidden") => void} onRefused @param {() => void} onTaken */
  constructor(onRefused, onTaken) {
    this.#backing.onRefused = onRefused;
    this.onTaken = onTaken;
  }

  /** Whether other tabs can read what this one writes. */
  get shared() {
    return this.#backing.onDisk;
  }

  /** @param {string} userId */
  async open(userId) {
    await removeAllBut(userId);
    remember(userId);
    await this.#backing.open(PREFIX + userId, this.onTaken);
  }

  close() {
    this.#backing.close();
  }

  /** @returns {Promise<Session[]>} */
  sessions() {
    return this.#backing.all("sessions");
  }

  /** @param {Session[]} sessions */
  putSessions(sessions) {
    return this.#backing.put("sessions", sessions.map(plain));
  }

  /** Forget a session with all that belongs to it. @param {string} sessionId */
  async removeSession(sessionId) {
    await this.#backing.remove("sessions", [sessionId]);
    await this.#backing.remove("drafts", [sessionId]);
    const messages = await this.messages(sessionId, 1, Number.MAX_SAFE_INTEGER);
    await this.#backing.remove("messages", messages.map((one) => [sessionId, one.seq]));
    const entries = (await this.outbox()).filter((one) => one.session_id === sessionId);
    await this.#backing.remove("outbox", entries.map((one) => one.key));
  }

  /** What was kept under a local id goes under the service's. @param {string} from @param {Session} session */
  async renameSession(from, session) {
    // The old one goes with the new one's coming, for other tabs read at any moment.
    await Promise.all([this.putSessions([session]), this.#backing.remove("sessions", [from])]);
    const entries = (await this.outbox()).filter((one) => one.session_id === from);
    await this.putEntries(entries.map((one) => ({ ...one, session_id: session.session_id })));
    const draft = await this.draft(from);
    if (draft) await this.putDraft(session.session_id, draft);
    await this.#backing.remove("drafts", [from]);
  }

  /**
   * @param {string} sessionId
   * @param {number} first
   * @param {number} last
   * @returns {Promise<Message[]>} those that are kept of this run, oldest first
   */
  messages(sessionId, first, last) {
    return this.#backing.all("messages", { from: [sessionId, first], to: [sessionId, last] });
  }

  /** The seq of the newest message that is kept of a session; 0 without one. @param {string} sessionId @returns {Promise<number>} */
  async latest(sessionId) {
    const run = { from: [sessionId, 1], to: [sessionId, Number.MAX_SAFE_INTEGER] };
    return (await this.#backing.last("messages", run))?.[1] ?? 0;
  }

  /** @param {string} sessionId @param {Message[]} messages */
  putMessages(sessionId, messages) {
    const records = messages.map((one) => ({ ...one, session_id: sessionId }));
    return this.#backing.put("messages", records);
  }

  /** @param {string} sessionId @returns {Promise<string>} */
  async draft(sessionId) {
    return (await this.#backing.get("drafts", sessionId))?.text ?? "";
  }

  /** @param {string} sessionId @param {string} text */
  putDraft(sessionId, text) {
    if (!text) return this.#backing.remove("drafts", [sessionId]);
    return this.#backing.put("drafts", [{ session_id: sessionId, text }]);
  }

  /** @returns {Promise<Entry[]>} in the order in which they were written */
  outbox() {
    return this.#backing.all("outbox");
  }

  /** @param {Entry[]} entries */
  putEntries(entries) {
    return this.#backing.put("outbox", entries.map(plain));
  }

  /** @param {string} key */
  removeEntry(key) {
    return this.#backing.remove("outbox", [key]);
  }

  /** Small things by name, as the newest state of a list. @param {string} name */
  async note(name) {
    return (await this.#backing.get("meta", name))?.value;
  }

  /** @param {string} name @param {unknown} value */
  putNote(name, value) {
    return this.#backing.put("meta", [{ name, value }]);
  }

  /** Delete everything of everybody. */
  static removeAll() {
    return removeAllBut(null);
  }
}

/** @param {object} record what is on it beside its own properties is not for the disk */
function plain(record) {
  return { ...record };
}

/** @param {string | null} userId */
async function removeAllBut(userId) {
  for (const other of known().filter((one) => one !== userId)) {
    await Backing.remove(PREFIX + other);
  }
  write(userId ? known().filter((one) => one === userId) : []);
}

/** @param {string} userId */
function remember(userId) {
  write([...new Set([...known(), userId])]);
}

/** Whose databases there are; `indexedDB.databases()` does not exist everywhere. */
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

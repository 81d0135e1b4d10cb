/**
 * Writes on their way to the service. Each is stored before it is sent, shows at once, and is sent in
 * order within its session, again and again until the service confirms it. Messages carry a
 * `client_id`, so that a lost answer stores nothing twice. Only one of all tabs sends.
 */

import { isLocal, orderKey, uuid } from "./identifiers.js";
import { WakeableTimer } from "./wakeable_timer.js";
import { ApiError, SignedOut, Unreachable, delay, inWords, isTransient, whyNotAnswered } from "./problems.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Session} Session */

/** Kind of a write → method, path and body of its request. @type {Record<string, (entry: Entry) => [string, string, unknown?]>} */
const ROUTES = {
  metadata: (entry) => ["PATCH", "", { metadata: entry.metadata }],
  rename: (entry) => ["PATCH", "", { title: entry.title }],
  pin: (entry) => ["PATCH", "", { pinned: entry.pinned }],
  tag: (entry) => ["PATCH", "", { tags: entry.tags }],
  archive: () => ["POST", "/archive", {}],
  restore: () => ["POST", "/restore", {}],
  delete: () => ["DELETE", ""],
  delete_message: (entry) => ["DELETE", `/messages/${entry.seq}`],
  reset: () => ["POST", "/context/reset", {}],
  undo_reset: () => ["POST", "/context/reset", { undo: true }],
};

// Nothing is stored then, and sending the same text again cannot help.
const TEXT_PROBLEMS = ["too_large", "max_length", "invalid", "blank", "null"];
// Answers with status 500 after which a write has failed.
const MAX_FAILURES = 5;

export class Outbox {
  /** Sessions whose writes are being sent. @type {Set<string>} */
  #busy = new Set();
  /** Wakes sessions that wait until a write can no longer be undone. */
  #undoable = new WakeableTimer();

  /** Called with the service's answer to a write, and when it refuses one. */
  onSent = async (/** @type {Entry} */ _entry, /** @type {any} */ _answer) => {};
  onRefused = (/** @type {Entry} */ _entry, /** @type {string} */ _why) => {};
  /** Called when a message is refused because of its text; returns whether the composer took it back. */
  onTextRefused = (/** @type {Entry} */ _entry, /** @type {string} */ _why) => false;
  /** Called to send the bytes of what is attached to a message, before the message. */
  onUpload = async (/** @type {Entry} */ _entry) => {};
  /** Called when a message is given up, with what is attached to it. */
  onGivenUp = (/** @type {import("./types.js").Part[]} */ _parts) => {};
  /** Called when the service has created a session that was made here. */
  onCreated = async (/** @type {string} */ _localId, /** @type {Session} */ _session) => {};

  /**
   * @param {{api: import("./api.js").Api, store: () => import("./store.js").Store,
   *   state: import("./state.js").State, tabs: import("./tabs.js").Tabs,
   *   replies: import("./replies.js").Replies, wakeableTimer: import("./wakeable_timer.js").WakeableTimer}} parts
   */
  constructor({ api, store, state, tabs, replies, wakeableTimer }) {
    this.api = api;
    this.store = store;
    this.state = state;
    this.tabs = tabs;
    this.replies = replies;
    this.wakeableTimer = wakeableTimer;
  }

  /** Read the stored writes; another tab or an earlier visit may have added some. */
  async load() {
    const stored = await this.state.fresh("outbox", () => this.store().outbox());
    const known = new Map(this.state.outbox.map((entry) => [entry.key, entry]));
    // Entries that are being sent must stay the same objects.
    this.state.outbox = stored.map((entry) =>
      Object.assign(known.get(entry.key) ?? entry, this.#withCurrentId(entry)),
    );
    this.state.changed("outbox", "sessions");
    this.#undoable.wake();
    this.run();
  }

  /** The service may have given its session an id since. @template {{session_id: string}} T @param {T} write @returns {T} */
  #withCurrentId(write) {
    return { ...write, session_id: this.state.created.get(write.session_id) ?? write.session_id };
  }

  /**
   * @param {Partial<Entry> & {session_id: string, kind: string}} write
   * @returns {Promise<Entry>} once it is stored
   */
  async add(write) {
    const entry = /** @type {Entry} */ ({
      key: orderKey(),
      state: "queued",
      created_at: new Date().toISOString(),
      ...(write.kind === "chat" ? { client_id: uuid() } : {}),
      ...this.#withCurrentId(write),
    });
    this.state.outbox.push(entry);
    this.state.changed("outbox", "sessions", "messages");
    await this.store().putEntries([entry]);
    this.#notifyTabs();
    this.#undoable.wake();
    this.run();
    return entry;
  }

  /** Undo a write, or give it up. @param {Entry} entry */
  async discard(entry) {
    this.state.outbox = this.state.outbox.filter((other) => other.key !== entry.key);
    this.state.changed("outbox", "sessions", "messages");
    await this.store().removeEntry(entry.key);
    this.onGivenUp(entry.parts ?? []);
    await this.store().removeBytes(entry.parts ?? []);
    this.#notifyTabs();
    this.#undoable.wake();
    this.run();
  }

  /**
   * Send a message that has failed with another text, so under another key.
   * @param {Entry} entry @param {string} content @param {import("./types.js").Part[]} [parts] what stays attached
   */
  async amend(entry, content, parts) {
    const dropped = (entry.parts ?? []).filter(({ key }) => !parts?.some((part) => part.key === key));
    Object.assign(entry, { content, parts, client_id: uuid() });
    await this.retry(entry);
    await this.store().removeBytes(dropped);
  }

  /** Remember which parts have been sent. @param {Entry} entry @param {import("./types.js").Part[]} parts */
  async update(entry, parts) {
    // Discarded meanwhile: it must not come back.
    if (!this.state.outbox.includes(entry)) return;
    entry.parts = parts;
    this.state.changed("outbox");
    await this.store().putEntries([entry]);
  }

  /** Send a refused write once more. @param {Entry} entry */
  async retry(entry) {
    Object.assign(entry, { state: "queued", problem: undefined, code: undefined });
    this.state.changed("outbox", "messages");
    await this.store().putEntries([entry]);
    this.#notifyTabs();
    this.run();
  }

  /** Whether this tab sends: the leading tab does, or every tab if they cannot see each other's writes. */
  get sends() {
    return this.tabs.leads || !this.store().shared;
  }

  /** Start sending for every session that has writes. */
  run() {
    if (!this.sends || !this.state.account) return;
    for (const { session_id } of this.state.outbox) {
      if (!this.#busy.has(session_id)) this.#send(session_id);
    }
  }

  /** @param {string} sessionId */
  async #send(sessionId) {
    this.#busy.add(sessionId);
    try {
      for (;;) {
        const entry = this.#next(sessionId);
        if (!entry || !this.sends) return;
        if (await this.#waitsForUndo(sessionId, entry)) continue;
        if ((await this.#deliver(entry)) === "stop") return;
        // The service has created the session, under another id.
        if (entry.session_id !== sessionId) {
          this.#busy.delete(sessionId);
          sessionId = entry.session_id;
          this.#busy.add(sessionId);
        }
      }
    } finally {
      this.#busy.delete(sessionId);
    }
  }

  /**
   * The next write. A deletion goes first: nothing needs to be written to a session that goes. One
   * that failed waits for the user, and the others do not wait for it. One that can still be undone
   * lets those pass that cannot depend on it.
   * @param {string} sessionId
   */
  #next(sessionId) {
    const entries = this.state.entries(sessionId).filter((entry) => entry.state === "queued");
    const due = entries.find((entry) => entry.kind === "delete" && (entry.not_before ?? 0) <= Date.now());
    return due ?? entries.find((entry, index) => isDue(entry, entries.slice(index))) ?? entries[0];
  }

  /** Waits while a write can still be undone. @param {string} sessionId @param {Entry} entry */
  async #waitsForUndo(sessionId, entry) {
    if (isDue(entry, this.state.entries(sessionId))) return false;
    await this.#undoable.wait((entry.not_before ?? 0) - Date.now());
    return true;
  }

  /** @param {Entry} entry @returns {Promise<"next"|"stop">} whether the session's next write may be sent */
  async #deliver(entry) {
    for (let attempt = 1; ; attempt += 1) {
      const user = this.state.account?.user_id;
      try {
        await this.#create(entry);
        const answer = await this.#request(entry);
        if (this.state.account?.user_id !== user) return "stop";
        await this.onSent(entry, answer);
        await this.discard(entry);
        return "next";
      } catch (error) {
        if (this.state.account?.user_id !== user || error instanceof SignedOut) return "stop";
        if (!maySucceedLater(error, attempt)) {
          await this.#refused(entry, error);
          return "next";
        }
        await this.wakeableTimer.wait(delay(attempt, error));
        if (!this.sends) return "stop";
        if (!this.state.outbox.includes(entry)) return "next";
      }
    }
  }

  /** @param {Entry} entry */
  async #request(entry) {
    if (entry.kind === "chat") {
      if (entry.parts) await this.onUpload(entry);
      // Discarded while its files were on their way.
      if (!this.state.outbox.includes(entry)) return null;
      await this.#ask(entry);
      return null;
    }
    if (isLocal(entry.session_id)) return null; // deleted before it was ever created
    const [method, path, body] = ROUTES[entry.kind](entry);
    try {
      return await this.api.request(method, `/session/${entry.session_id}${path}`, { body });
    } catch (error) {
      // Already deleted: by an earlier request whose answer was lost, or by another client.
      if (entry.kind.startsWith("delete") && error instanceof ApiError && error.status === 404) {
        return null;
      }
      throw error;
    }
  }

  /** @param {Entry} entry */
  async #ask(entry) {
    const { session_id, client_id = "", content = "", parts, replaces, model } = entry;
    try {
      await this.replies.ask(session_id, { client_id, content, parts: parts?.map(asSent), replaces, model });
    } catch (error) {
      const gone = error instanceof ApiError && error.code === "attachment_not_found";
      if (!gone || !parts?.every(({ key }) => key)) throw error;
      // Sent ahead so long ago that the service has removed them: they are sent again.
      await this.update(entry, parts.map((part) => ({ ...part, attachment_id: undefined })));
      throw new Unreachable(error);
    }
  }

  /** Create the session of a write, unless it exists on the service. @param {Entry} entry */
  async #create(entry) {
    const localId = entry.session_id;
    if (!isLocal(localId)) return;
    const session = this.state.sessions.get(localId);
    const untried = session && !session.create_tried;
    // A local session that is gone was created by another tab or in an earlier visit.
    const earlier = untried ? undefined : await this.#created(localId);
    if (entry.kind === "delete" && !earlier) return;
    if (session && !earlier) {
      session.create_tried = true;
      await this.store().putSessions([session]);
    }
    const created =
      earlier ??
      (await this.api.request("POST", "/session/create", {
        body: {
          title: session?.title ?? "",
          metadata: { ...session?.metadata, client_session_id: localId },
          system_prompt: session?.system_prompt,
        },
      }));
    await this.onCreated(localId, created);
  }

  /** The session of a create request whose answer was lost, by the local id in its metadata. @param {string} localId */
  async #created(localId) {
    const { results } = await this.api.request("GET", "/session?limit=100");
    return results.find(
      (/** @type {Session} */ session) => session.metadata?.client_session_id === localId,
    );
  }

  /** @param {Entry} entry @param {unknown} error */
  async #refused(entry, error) {
    const why = inWords(error);
    if (entry.kind !== "chat") {
      this.onRefused(entry, why);
      await this.discard(entry);
      return;
    }
    // Discarded while it was being sent: nobody waits for it any more.
    if (!this.state.outbox.includes(entry)) return;
    const code = error instanceof ApiError ? error.code : "";
    if (!entry.parts && TEXT_PROBLEMS.includes(code) && this.onTextRefused(entry, whyNotAnswered(error))) {
      await this.discard(entry);
      return;
    }
    entry.state = "failed";
    entry.problem = whyNotAnswered(error);
    entry.code = code;
    this.state.changed("outbox", "messages");
    await this.store().putEntries([entry]);
    this.#notifyTabs();
  }

  #notifyTabs() {
    const user_id = this.state.account?.user_id;
    if (user_id) this.tabs.tell({ type: "outbox", user_id });
  }
}

/** A part without what only this browser knows of it. @param {import("./types.js").Part} part */
function asSent({ type, attachment_id, url, name, alt }) {
  return { type, attachment_id, url, name: name || undefined, alt: alt || undefined };
}

/**
 * Whether a write may be sent now: its time for an undo is over, or a message follows that the model
 * must not answer before.
 * @param {Entry} entry @param {Entry[]} following
 */
function isDue(entry, following) {
  if ((entry.not_before ?? 0) <= Date.now()) return true;
  return entry.kind === "delete_message" && following.some(({ kind, state }) => kind === "chat" && state === "queued");
}

/** @param {unknown} error @param {number} attempt from 1 */
function maySucceedLater(error, attempt) {
  // What fails inside the service each time is not tried for ever.
  if (error instanceof ApiError && error.status === 500 && attempt >= MAX_FAILURES) return false;
  return isTransient(error) || (error instanceof ApiError && error.code === "turn_in_progress");
}

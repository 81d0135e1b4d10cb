/**
 * Writes on their way to the service. Each is in the store before anything is sent, shows at once,
 * and is sent in order within its session, again and again until the service has it; messages
 * carry a `client_id`, so that a lost answer stores nothing twice. One tab of all sends.
 */

import { isLocal, orderKey, uuid } from "./identifiers.js";
import { ApiError, SignedOut, delay, inWords, isTransient } from "./problems.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Session} Session */

/** How a write of each kind is sent. @type {Record<string, (entry: Entry) => [string, string, unknown?]>} */
const ROUTES = {
  rename: (entry) => ["PATCH", "", { title: entry.title }],
  archive: () => ["POST", "/archive", {}],
  restore: () => ["POST", "/restore", {}],
  delete: () => ["DELETE", ""],
  delete_message: (entry) => ["DELETE", `/messages/${entry.seq}`],
  reset: () => ["POST", "/context/reset", {}],
  undo_reset: () => ["POST", "/context/reset", { undo: true }],
};

export class Outbox {
  /** Sessions whose writes are being sent. @type {Set<string>} */
  #busy = new Set();

  /** Told of the service's answer to a write, and of one that it refused. */
  onSent = async (/** @type {Entry} */ _entry, /** @type {any} */ _answer) => {};
  onRefused = (/** @type {Entry} */ _entry, /** @type {string} */ _why) => {};
  /** Told when a session that was made here has got its id. */
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

  /** Read what is to be sent, as another tab or an earlier visit may have written it. */
  async load() {
    const stored = await this.state.fresh("outbox", () => this.store().outbox());
    const ours = new Map(this.state.outbox.map((one) => [one.key, one]));
    // The objects that are being sent stay the same ones.
    this.state.outbox = stored.map((one) => Object.assign(ours.get(one.key) ?? one, this.#named(one)));
    this.state.changed("outbox", "sessions");
    this.run();
  }

  /** Its session may have got its id since it was written. @template {{session_id: string}} T @param {T} write @returns {T} */
  #named(write) {
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
      ...this.#named(write),
    });
    this.state.outbox.push(entry);
    this.state.changed("outbox", "sessions", "messages");
    await this.store().putEntries([entry]);
    this.#tell();
    this.run();
    return entry;
  }

  /** Take a write back, or give one up. @param {Entry} entry */
  async discard(entry) {
    this.state.outbox = this.state.outbox.filter((one) => one.key !== entry.key);
    this.state.changed("outbox", "sessions", "messages");
    await this.store().removeEntry(entry.key);
    this.#tell();
    this.run();
  }

  /** Send a refused write once more. @param {Entry} entry */
  async retry(entry) {
    Object.assign(entry, { state: "queued", problem: undefined, code: undefined });
    this.state.changed("outbox", "messages");
    await this.store().putEntries([entry]);
    this.#tell();
    this.run();
  }

  /** Whether this tab sends: the one that was chosen, or each for itself if none sees the others' writes. */
  get sends() {
    return this.tabs.leads || !this.store().shared;
  }

  /** Start sending wherever something waits. */
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
        if (!entry || entry.state === "failed" || !this.sends) return;
        if (await this.#heldBack(entry)) continue;
        if (!(await this.#deliver(entry))) return;
        // Its session may have got another id on the way.
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

  /** What is to be deleted needs nothing written first. @param {string} sessionId */
  #next(sessionId) {
    const entries = this.state.entries(sessionId);
    const due = entries.find((one) => one.kind === "delete" && (one.not_before ?? 0) <= Date.now());
    return due ?? entries[0];
  }

  /** A write that can still be taken back is waited for. @param {Entry} entry */
  async #heldBack(entry) {
    const left = (entry.not_before ?? 0) - Date.now();
    if (left <= 0) return false;
    await this.wakeableTimer.wait(left);
    return true;
  }

  /** @param {Entry} entry @returns {Promise<boolean>} whether the next of its session may go */
  async #deliver(entry) {
    for (let attempt = 1; ; attempt += 1) {
      const user = this.state.account?.user_id;
      try {
        await this.#create(entry);
        const answer = await this.#request(entry);
        if (this.state.account?.user_id !== user) return false;
        await this.onSent(entry, answer);
        await this.discard(entry);
        return true;
      } catch (error) {
        if (this.state.account?.user_id !== user || error instanceof SignedOut) return false;
        if (!mayComeRight(error)) return this.#refused(entry, error);
        await this.wakeableTimer.wait(delay(attempt, error));
        if (!this.state.outbox.includes(entry) || !this.sends) return false;
      }
    }
  }

  /** @param {Entry} entry */
  async #request(entry) {
    if (entry.kind === "chat") {
      const message = { client_id: entry.client_id ?? "", content: entry.content ?? "" };
      await this.replies.ask(entry.session_id, message);
      return null;
    }
    if (isLocal(entry.session_id)) return null; // deleted before it was ever created
    const [method, path, body] = ROUTES[entry.kind](entry);
    try {
      return await this.api.request(method, `/session/${entry.session_id}${path}`, { body });
    } catch (error) {
      // What is gone is deleted, by an earlier request whose answer was lost or by somebody else.
      if (entry.kind.startsWith("delete") && error instanceof ApiError && error.status === 404) {
        return null;
      }
      throw error;
    }
  }

  /** See that the session of a write exists on the service. @param {Entry} entry */
  async #create(entry) {
    const localId = entry.session_id;
    if (!isLocal(localId)) return;
    const session = this.state.sessions.get(localId);
    const untried = session && !session.create_tried;
    // One that is not here any more has been created, by another tab or in an earlier visit.
    const earlier = untried ? undefined : await this.#created(localId);
    if (entry.kind === "delete" && !earlier) return;
    if (session && !earlier) {
      session.create_tried = true;
      await this.store().putSessions([session]);
    }
    const created =
      earlier ??
      (await this.api.request("POST", "/session/create", {
        body: { title: session?.title ?? "", metadata: { client_session_id: localId } },
      }));
    await this.onCreated(localId, created);
  }

  /** The session of a request whose answer was lost: creating has no key, so its mark is looked for. @param {string} localId */
  async #created(localId) {
    const { results } = await this.api.request("GET", "/session?limit=100");
    return results.find(
      (/** @type {Session} */ one) => one.metadata?.client_session_id === localId,
    );
  }

  /** @param {Entry} entry @param {unknown} error */
  async #refused(entry, error) {
    const why = inWords(error);
    if (entry.kind !== "chat") {
      this.onRefused(entry, why);
      await this.discard(entry);
      return true;
    }
    entry.state = "failed";
    entry.problem = why;
    entry.code = error instanceof ApiError ? error.code : "";
    this.state.changed("outbox", "messages");
    await this.store().putEntries([entry]);
    this.#tell();
    return false;
  }

  #tell() {
    const user_id = this.state.account?.user_id;
    if (user_id) this.tabs.tell({ type: "outbox", user_id });
  }
}

/** @param {unknown} error */
function mayComeRight(error) {
  return isTransient(error) || (error instanceof ApiError && error.code === "turn_in_progress");
}

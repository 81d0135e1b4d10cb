/** The list of sessions: loads its pages from the service, applies local changes, and searches it. */

import { isLocal } from "./identifiers.js";
import { ApiError, Unreachable } from "./problems.js";

const PAGE = 50;
const MAX_RESULTS = 30;
const RUNNING = "search_in_progress";

/** @typedef {import("./types.js").Session} Session */

export class SessionList {
  #cursors = { active: "", archived: "" };
  #searches = 0;
  /**
   * A logical clock that requests and local changes advance. An answer to a request from before a
   * local change may be older than that change.
   */
  #time = 0;
  /** The time of each session's last local change. @type {Map<string, number>} */
  #touched = new Map();

  /**
   * @param {{api: import("./api.js").Api, store: () => import("./store.js").Store,
   *   state: import("./state.js").State, tabs: import("./tabs.js").Tabs}} parts
   */
  constructor({ api, store, state, tabs }) {
    this.api = api;
    this.store = store;
    this.state = state;
    this.tabs = tabs;
  }

  /** The first page of the list that is shown. */
  async refresh() {
    const list = this.state.list;
    // Pages of a tag have another order, which does not tell what is gone.
    if (this.state.tag) return;
    const requestedAt = ++this.#time;
    const before = [...this.state.sessions.values()];
    const { results, next } = await this.#page(list, "");
    const oldest = next && results.length ? results.at(-1).updated_at : "";
    const listed = new Set(results.map((/** @type {Session} */ session) => session.session_id));
    const gone = before.filter(
      (session) =>
        session.status === list &&
        !listed.has(session.session_id) &&
        !isLocal(session.session_id) &&
        session.updated_at > oldest,
    );
    await this.#take(results, requestedAt);
    for (const { session_id } of gone) {
      if (!this.#isInUse(session_id, requestedAt)) await this.forget(session_id);
    }
    this.#setNextPage(list, next);
    if (!this.state.tags) await this.#fetchPinsAndTags(list);
  }

  /** Fetch pinned sessions, wherever in the list they are, and the tags to choose from. @param {"active"|"archived"} list */
  async #fetchPinsAndTags(list) {
    const requestedAt = ++this.#time;
    const { results } = await this.api.request("GET", `/session?status=${list}&pinned=true&limit=100`);
    await this.#take(results, requestedAt);
    const { values } = await this.api.request("GET", `/session/count?status=${list}&by=tag`);
    if (this.state.list === list) this.state.tags = values.map((/** @type {any} */ { value }) => value);
    this.state.changed("sessions");
  }

  /** Show only sessions with a tag, or all. @param {string} tag */
  async choose(tag) {
    this.state.tag = tag;
    this.state.listHasMore = false;
    this.state.changed("sessions");
    if (!tag) return this.refresh();
    const list = this.state.list;
    const requestedAt = ++this.#time;
    const { results, next } = await this.#page(list, "");
    await this.#take(results, requestedAt);
    this.#setNextPage(list, next);
  }

  /** A session that is shown or written to is kept; its next request tells whether it is gone. @param {string} sessionId @param {number} requestedAt */
  #isInUse(sessionId, requestedAt) {
    if (this.state.open === sessionId || this.#isChanged(sessionId, requestedAt)) return true;
    return this.state.entries(sessionId).length > 0;
  }

  /** Whether the answer to a request may be older than a local change. @param {string} sessionId @param {number} requestedAt */
  #isChanged(sessionId, requestedAt) {
    return (this.#touched.get(sessionId) ?? 0) > requestedAt;
  }

  /** @param {string} sessionId */
  #touch(sessionId) {
    this.#touched.set(sessionId, ++this.#time);
  }

  /** The next page. */
  async more() {
    const list = this.state.list;
    const requestedAt = ++this.#time;
    const { results, next } = await this.#page(list, this.#cursors[list]);
    await this.#take(results, requestedAt);
    this.#setNextPage(list, next);
  }

  /** @param {"active"|"archived"} list @param {string} cursor */
  #page(list, cursor) {
    const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const tag = this.state.tag ? `&tag=${encodeURIComponent(this.state.tag)}` : "";
    return this.api.request("GET", `/session?status=${list}&limit=${PAGE}${tag}${after}`);
  }

  /** @param {"active"|"archived"} list @param {string | null} next */
  #setNextPage(list, next) {
    this.#cursors[list] = next ? (new URL(next, location.href).searchParams.get("cursor") ?? "") : "";
    if (this.state.list !== list) return;
    this.state.listHasMore = Boolean(next);
    this.state.changed("sessions");
  }

  /** Apply sessions from the answer to a request. @param {Session[]} sessions @param {number} requestedAt */
  async #take(sessions, requestedAt) {
    const merged = sessions
      .filter((session) => !this.#isChanged(session.session_id, requestedAt))
      .map((session) => this.merged(session));
    for (const session of merged) this.state.sessions.set(session.session_id, session);
    this.state.changed("sessions");
    await this.store().putSessions(merged);
  }

  /** @param {Session} session as the service has it @returns {Session} with the changes that are still to be sent */
  merged(session) {
    const merged = { ...this.state.sessions.get(session.session_id), ...session };
    for (const entry of this.state.entries(session.session_id)) {
      if (entry.kind === "rename") merged.title = entry.title ?? "";
      if (entry.kind === "metadata") merged.metadata = entry.metadata;
      if (entry.kind === "pin") merged.pinned = entry.pinned;
      if (entry.kind === "tag") merged.tags = entry.tags;
      if (entry.kind === "archive") merged.status = "archived";
      if (entry.kind === "restore") merged.status = "active";
    }
    return merged;
  }

  /** Change a session here, before or after the service does. @param {string} sessionId @param {Partial<Session>} changes */
  async change(sessionId, changes) {
    const session = this.state.sessions.get(sessionId);
    if (!session) return;
    this.#touch(sessionId);
    const changed = { ...session, ...changes };
    this.state.sessions.set(sessionId, changed);
    this.state.changed("sessions");
    await this.store().putSessions([changed]);
    this.#notifyTabs();
  }

  /** Apply one session as the service has it. @param {Session} session */
  async update(session) {
    this.#touch(session.session_id);
    await this.#take([session], this.#time);
    this.#notifyTabs();
  }

  /** Fetch a session's header again: its title, its totals. @param {string} sessionId */
  async reload(sessionId) {
    const requestedAt = ++this.#time;
    const answer = await this.api.request("GET", `/session/${sessionId}?limit=1`);
    const { messages: _m, has_more: _h, ...session } = answer;
    await this.#take([session], requestedAt);
    this.#notifyTabs();
  }

  /** @param {string} sessionId */
  async forget(sessionId) {
    this.state.sessions.delete(sessionId);
    this.state.conversations.delete(sessionId);
    this.state.changed("sessions");
    await this.store().removeSession(sessionId);
    this.#notifyTabs();
  }

  /** Read what another tab has stored. */
  async reread() {
    const stored = await this.state.fresh("sessions", () => this.store().sessions());
    this.state.sessions = new Map(stored.map((session) => [session.session_id, session]));
    this.state.changed("sessions");
  }

  /** Shows matching titles at once, then the service's results; offline, this browser's messages. @param {string} text */
  async search(text) {
    const search = ++this.#searches;
    const query = text.trim();
    this.state.search = { query, results: query ? this.#byTitle(query) : [], busy: query !== "" };
    this.state.changed("search");
    if (!query) return;
    const results = await this.#results(query, search);
    // The user has typed on meanwhile.
    if (search !== this.#searches) return;
    const titles = this.#byTitle(query);
    const listed = new Set(titles.map((title) => title.session_id));
    const rest = results.filter((result) => result.seq || !listed.has(result.session_id));
    this.state.search = { query, results: [...titles, ...rest], busy: false };
    this.state.changed("search");
  }

  /** @param {string} query @param {number} search @returns {Promise<any[]>} */
  async #results(query, search) {
    try {
      const path = `/session/search?q=${encodeURIComponent(query)}&limit=${MAX_RESULTS}`;
      return (await this.api.request("GET", path)).results;
    } catch (error) {
      if (error instanceof ApiError && error.code === RUNNING) {
        // The service runs one search of a user at a time, and the user has typed on.
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? 0));
        return search === this.#searches ? this.#results(query, search) : [];
      }
      if (!(error instanceof Unreachable)) throw error;
      return this.#inMessages(query.toLowerCase());
    }
  }

  /** @param {string} query */
  #byTitle(query) {
    const text = query.toLowerCase();
    return [...this.state.sessions.values()]
      .filter((session) => session.title.toLowerCase().includes(text))
      .slice(0, MAX_RESULTS)
      .map(({ session_id, title, updated_at }) => ({ session_id, title, timestamp: updated_at }));
  }

  /** @param {string} query */
  async #inMessages(query) {
    const results = [];
    for (const { session_id, title } of this.state.listed()) {
      const last = await this.store().latest(session_id);
      if (!last) continue;
      const newest = await this.store().messages(session_id, Math.max(1, last - 500), last);
      for (const { seq, role, content, timestamp } of newest) {
        const index = content.toLowerCase().indexOf(query);
        if (index < 0) continue;
        const snippet = content.slice(Math.max(0, index - 40), index + 80);
        results.push({ session_id, title, seq, role, snippet, timestamp });
        if (results.length === MAX_RESULTS) return results;
      }
    }
    return results;
  }

  #notifyTabs() {
    const user_id = this.state.account?.user_id;
    if (user_id) this.tabs.tell({ type: "sessions", user_id });
  }
}

/** The list of sessions: as the service has it, as far as it is shown, and searching it. */

import { isLocal } from "./identifiers.js";
import { Unreachable } from "./problems.js";

const PAGE = 50;
const FOUND = 30;

/** @typedef {import("./types.js").Session} Session */

export class SessionList {
  #cursors = { active: "", archived: "" };
  #searches = 0;
  /** When each session was last changed here, and what time it is: requests and changes count. */
  #time = 0;
  /** @type {Map<string, number>} */
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
    const asked = ++this.#time;
    const before = [...this.state.sessions.values()];
    const { results, next } = await this.#page(list, "");
    const oldest = next && results.length ? results.at(-1).updated_at : "";
    const listed = new Set(results.map((/** @type {Session} */ one) => one.session_id));
    const gone = before.filter(
      (one) =>
        one.status === list &&
        !listed.has(one.session_id) &&
        !isLocal(one.session_id) &&
        one.updated_at > oldest,
    );
    await this.#take(results, asked);
    for (const { session_id } of gone) {
      if (!this.#isInUse(session_id, asked)) await this.forget(session_id);
    }
    this.#turn(list, next);
  }

  /** What is shown or written to is not forgotten; its next request says what became of it. @param {string} sessionId @param {number} asked */
  #isInUse(sessionId, asked) {
    if (this.state.open === sessionId || this.#isChanged(sessionId, asked)) return true;
    return this.state.entries(sessionId).length > 0;
  }

  /** Whether an answer to what was `asked` then may be older than what is known. @param {string} sessionId @param {number} asked */
  #isChanged(sessionId, asked) {
    return (this.#touched.get(sessionId) ?? 0) > asked;
  }

  /** @param {string} sessionId */
  #touch(sessionId) {
    this.#touched.set(sessionId, ++this.#time);
  }

  /** The next page. */
  async more() {
    const list = this.state.list;
    const asked = ++this.#time;
    const { results, next } = await this.#page(list, this.#cursors[list]);
    await this.#take(results, asked);
    this.#turn(list, next);
  }

  /** @param {"active"|"archived"} list @param {string} cursor */
  #page(list, cursor) {
    const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    return this.api.request("GET", `/session?status=${list}&limit=${PAGE}${after}`);
  }

  /** @param {"active"|"archived"} list @param {string | null} next */
  #turn(list, next) {
    this.#cursors[list] = next ? (new URL(next, location.href).searchParams.get("cursor") ?? "") : "";
    if (this.state.list !== list) return;
    this.state.listHasMore = Boolean(next);
    this.state.changed("sessions");
  }

  /** Take sessions as the service had them when it was `asked`. @param {Session[]} sessions @param {number} asked */
  async #take(sessions, asked) {
    const merged = sessions
      .filter((one) => !this.#isChanged(one.session_id, asked))
      .map((one) => this.merged(one));
    for (const session of merged) this.state.sessions.set(session.session_id, session);
    this.state.changed("sessions");
    await this.store().putSessions(merged);
  }

  /** @param {Session} session as the service has it @returns {Session} with what is still to be sent */
  merged(session) {
    const merged = { ...this.state.sessions.get(session.session_id), ...session };
    for (const entry of this.state.entries(session.session_id)) {
      if (entry.kind === "rename") merged.title = entry.title ?? "";
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
    this.#tell();
  }

  /** Take one session as the service has it. @param {Session} session */
  async update(session) {
    this.#touch(session.session_id);
    await this.#take([session], this.#time);
    this.#tell();
  }

  /** Read its header anew: its title, its totals. @param {string} sessionId */
  async reload(sessionId) {
    const asked = ++this.#time;
    const answer = await this.api.request("GET", `/session/${sessionId}?limit=1`);
    const { messages: _m, has_more: _h, ...session } = answer;
    await this.#take([session], asked);
    this.#tell();
  }

  /** @param {string} sessionId */
  async forget(sessionId) {
    this.state.sessions.delete(sessionId);
    this.state.conversations.delete(sessionId);
    this.state.changed("sessions");
    await this.store().removeSession(sessionId);
    this.#tell();
  }

  /** Take over what another tab has written. */
  async reread() {
    const stored = await this.state.fresh("sessions", () => this.store().sessions());
    this.state.sessions = new Map(stored.map((one) => [one.session_id, one]));
    this.state.changed("sessions");
  }

  /** Titles at once, then what the service finds; without it, what this browser has. @param {string} query */
  async search(query) {
    const search = ++this.#searches;
    const asked = query.trim();
    this.state.search = { query: asked, results: asked ? this.#byTitle(asked) : [], busy: asked !== "" };
    this.state.changed("search");
    if (!asked) return;
    const found = await this.#found(asked);
    if (search !== this.#searches) return;
    const titles = this.#byTitle(asked);
    const named = new Set(titles.map((one) => one.session_id));
    const rest = found.filter((one) => one.seq || !named.has(one.session_id));
    this.state.search = { query: asked, results: [...titles, ...rest], busy: false };
    this.state.changed("search");
  }

  /** @param {string} query @returns {Promise<any[]>} */
  async #found(query) {
    try {
      const path = `/session/search?q=${encodeURIComponent(query)}&limit=${FOUND}`;
      return (await this.api.request("GET", path)).results;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return this.#inMessages(query.toLowerCase());
    }
  }

  /** @param {string} query */
  #byTitle(query) {
    const wanted = query.toLowerCase();
    return [...this.state.sessions.values()]
      .filter((one) => one.title.toLowerCase().includes(wanted))
      .slice(0, FOUND)
      .map(({ session_id, title, updated_at }) => ({ session_id, title, timestamp: updated_at }));
  }

  /** @param {string} query */
  async #inMessages(query) {
    const found = [];
    for (const { session_id, title } of this.state.listed()) {
      const last = await this.store().latest(session_id);
      const newest = await this.store().messages(session_id, Math.max(1, last - 500), last);
      for (const { seq, role, content, timestamp } of newest) {
        const at = content.toLowerCase().indexOf(query);
        if (at < 0) continue;
        const snippet = content.slice(Math.max(0, at - 40), at + 80);
        found.push({ session_id, title, seq, role, snippet, timestamp });
        if (found.length === FOUND) return found;
      }
    }
    return found;
  }

  #tell() {
    const user_id = this.state.account?.user_id;
    if (user_id) this.tabs.tell({ type: "sessions", user_id });
  }
}

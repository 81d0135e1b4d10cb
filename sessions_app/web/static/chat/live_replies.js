/** Replies in progress in any session, followed by this tab or by other tabs. */

/** @typedef {import("./types.js").Live} Live */

export class LiveReplies {
  /** @type {Set<Live>} */
  #own = new Set();
  /** Replies that other tabs follow: by session, then by tab. @type {Map<string, Map<string, Live>>} */
  #others = new Map();
  /** Replies of other tabs that have not been confirmed since `doubt` was called. @type {Set<Live>} */
  #doubted = new Set();

  /** @param {Live} live a reply that this tab follows from now on */
  follow(live) {
    this.#own.add(live);
  }

  /** @param {Live} live its turn has ended, so no other tab follows it any longer either */
  leave(live) {
    this.#own.delete(live);
    for (const [tab, other] of this.#others.get(live.session_id) ?? []) {
      if (live.turn_id && other.turn_id === live.turn_id) this.update(tab, live.session_id, null);
    }
  }

  /** Whether this tab follows a turn of a session. @param {string} sessionId */
  follows(sessionId) {
    return [...this.#own].some((live) => live.session_id === sessionId);
  }

  /** Sessions of which this tab follows a turn. */
  get followed() {
    return new Set([...this.#own].map((live) => live.session_id));
  }

  /** This tab's reply in a session, if it shows. @param {string} sessionId */
  own(sessionId) {
    return [...this.#own].find((live) => live.session_id === sessionId && !live.quiet);
  }

  /**
   * Another tab has sent its reply, or null when it has none.
   * @param {string} tab @param {string} sessionId @param {Live | null} live
   * @returns {boolean} whether that tab had one before
   */
  update(tab, sessionId, live) {
    const repliesByTab = this.#others.get(sessionId) ?? new Map();
    this.#others.set(sessionId, repliesByTab);
    const before = repliesByTab.get(tab);
    this.#doubted.delete(before);
    if (live) repliesByTab.set(tab, live);
    else repliesByTab.delete(tab);
    return before !== undefined;
  }

  /** Doubt the other tabs' replies until they confirm them: a tab may have been killed. @param {string} sessionId */
  doubt(sessionId) {
    for (const live of this.#others.get(sessionId)?.values() ?? []) this.#doubted.add(live);
  }

  /** Whether another tab follows a session's turn, without doubt. @param {string} sessionId */
  isFollowedElsewhere(sessionId) {
    const replies = [...(this.#others.get(sessionId)?.values() ?? [])];
    return replies.some((live) => !this.#doubted.has(live));
  }

  /** Remove the replies that are still in doubt. @param {string} sessionId */
  drop(sessionId) {
    for (const [tab, live] of this.#others.get(sessionId) ?? []) {
      if (this.#doubted.has(live)) this.update(tab, sessionId, null);
    }
  }

  /** All replies of a session that show, this tab's own first. @param {string} sessionId @returns {Live[]} */
  of(sessionId) {
    const own = this.own(sessionId);
    return [...(own ? [own] : []), ...(this.#others.get(sessionId)?.values() ?? [])];
  }
}

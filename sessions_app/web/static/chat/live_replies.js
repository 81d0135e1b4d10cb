/** Replies that are being written, followed by this tab or by others, of any session. */

/** @typedef {import("./types.js").Live} Live */

export class LiveReplies {
  /** @type {Set<Live>} */
  #own = new Set();
  /** What other tabs follow: by session, then by tab. @type {Map<string, Map<string, Live>>} */
  #told = new Map();
  /** Those of other tabs that nobody has spoken of since it was asked. @type {Set<Live>} */
  #doubted = new Set();

  /** @param {Live} live that this tab follows from now on */
  follow(live) {
    this.#own.add(live);
  }

  /** @param {Live} live that it follows no more: whoever follows the same turn has come to its end */
  leave(live) {
    this.#own.delete(live);
    for (const [tab, told] of this.#told.get(live.session_id) ?? []) {
      if (live.turn_id && told.turn_id === live.turn_id) this.update(tab, live.session_id, null);
    }
  }

  /** Whether this tab follows a turn of a session. @param {string} sessionId */
  follows(sessionId) {
    return [...this.#own].some((one) => one.session_id === sessionId);
  }

  /** Sessions of which this tab follows a turn. */
  get followed() {
    return new Set([...this.#own].map((one) => one.session_id));
  }

  /** What there is to see of this tab's own. @param {string} sessionId */
  own(sessionId) {
    return [...this.#own].find((one) => one.session_id === sessionId && !one.quiet);
  }

  /**
   * Another tab tells of its own.
   * @param {string} tab @param {string} sessionId @param {Live | null} live
   * @returns {boolean} whether it has told of it before
   */
  update(tab, sessionId, live) {
    const told = this.#told.get(sessionId) ?? new Map();
    this.#told.set(sessionId, told);
    const before = told.get(tab);
    this.#doubted.delete(before);
    if (live) told.set(tab, live);
    else told.delete(tab);
    return before !== undefined;
  }

  /** A tab may have been lost without a word: what is not told again from now on is in doubt. @param {string} sessionId */
  doubt(sessionId) {
    for (const live of this.#told.get(sessionId)?.values() ?? []) this.#doubted.add(live);
  }

  /** Whether another tab has told of a session's turn, without doubt. @param {string} sessionId */
  isTold(sessionId) {
    const told = [...(this.#told.get(sessionId)?.values() ?? [])];
    return told.some((one) => !this.#doubted.has(one));
  }

  /** Nobody follows what is still in doubt. @param {string} sessionId */
  drop(sessionId) {
    for (const [tab, live] of this.#told.get(sessionId) ?? []) {
      if (this.#doubted.has(live)) this.update(tab, sessionId, null);
    }
  }

  /** All that there is to see, this tab's own first. @param {string} sessionId @returns {Live[]} */
  of(sessionId) {
    const own = this.own(sessionId);
    return [...(own ? [own] : []), ...(this.#told.get(sessionId)?.values() ?? [])];
  }
}

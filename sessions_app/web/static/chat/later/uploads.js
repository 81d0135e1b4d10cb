/** Uploads that are running: one for each file, whoever waits for it, and few at once. */

import { posted } from "./posting.js";

const AT_ONCE = 2;

/** @typedef {import("../types.js").Part} Part */
/** @typedef {{attachment_id: string, media_type: string, size: number}} Facts what the service says of it */

export class Uploads {
  /**
   * By the key of the part; `share` is how much of it has gone, from 0 to 1, once it is its turn.
   * @type {Map<string, {facts: Promise<Facts>, share?: number, stop: AbortController}>}
   */
  #running = new Map();
  /** @type {Promise<unknown>[]} the last of each of so many queues */
  #queues = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  #next = 0;

  /** @param {import("../api.js").Api} api */
  constructor(api) {
    this.api = api;
  }

  /** Have a bar show how much of a part has gone, from now on. @param {HTMLProgressElement} bar @param {string} key */
  watch(bar, key) {
    bar.dataset.key = key;
    this.#draw(bar, key);
  }

  /** @param {HTMLProgressElement} bar @param {string} key */
  #draw(bar, key) {
    const { share } = this.#running.get(key) ?? {};
    Object.assign(bar, { value: share ?? 0, hidden: share === undefined });
  }

  /**
   * Send the bytes of a part, or join in waiting for that.
   * @param {string} sessionId @param {Part & {key: string}} part @param {() => Promise<Blob>} bytes
   * @returns {Promise<Facts>}
   */
  run(sessionId, { key, name = "" }, bytes) {
    const running = this.#running.get(key);
    if (running) return running.facts;
    const stop = new AbortController();
    const watch = { given_up: stop.signal, onProgress: (/** @type {number} */ share) => this.#went(key, share) };
    const path = `/session/${sessionId}/attachments?name=${encodeURIComponent(name)}`;
    const facts = this.#inTurn(async () => {
      const blob = await bytes();
      this.#went(key, 0);
      return this.api.upload((access, signal) => posted(path, blob, { ...watch, access, signal }));
    }).finally(() => {
      this.#running.delete(key);
      this.#show(key);
    });
    this.#running.set(key, { facts, stop });
    return facts;
  }

  /** Nobody wants a part any more. @param {string | undefined} key */
  giveUp(key) {
    if (key) this.#running.get(key)?.stop.abort();
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #inTurn(work) {
    const queue = this.#next++ % AT_ONCE;
    const done = this.#queues[queue].then(work);
    this.#queues[queue] = done.catch(() => {});
    return done;
  }

  /** @param {string} key @param {number} share */
  #went(key, share) {
    const running = this.#running.get(key);
    if (running) running.share = share;
    this.#show(key);
  }

  /** Bars are set in place: what is drawn anew at each step would lose the focus. @param {string} key */
  #show(key) {
    for (const bar of document.querySelectorAll(`progress[data-key="${key}"]`)) {
      this.#draw(/** @type {HTMLProgressElement} */ (bar), key);
    }
  }
}

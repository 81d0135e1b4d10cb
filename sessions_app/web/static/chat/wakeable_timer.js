/** A timer whose waits can be ended early. */
export class WakeableTimer {
  /** @type {Set<() => void>} */
  #wakers = new Set();

  /** End all waits now. */
  wake() {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }

  /** @param {number} milliseconds @returns {Promise<void>} after that time, or at the next `wake` */
  wait(milliseconds) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.#wakers.add(wake);
    });
  }
}

/** Waiting that can be cut short. */
export class WakeableTimer {
  /** @type {Set<() => void>} */
  #sleepers = new Set();

  /** Wake everybody who waits. */
  wake() {
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const wake of sleepers) wake();
  }

  /** @param {number} milliseconds @returns {Promise<void>} after that time, or at the next ring */
  wait(milliseconds) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.#sleepers.add(wake);
    });
  }
}

/**
 * One tab at a time. Web Locks exist on secure pages only (https, and http on this machine);
 * elsewhere each tab is alone with itself, and the service's idempotency keys keep it right.
 */

/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
export async function exclusively(name, work) {
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

/**
 * Hold a lock from the moment it is free until `signal` ends it, or the tab is closed.
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {() => void} onHeld
 */
export function hold(name, signal, onHeld) {
  if (!navigator.locks) {
    onHeld();
    return;
  }
  const until = () =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  navigator.locks
    .request(name, { signal }, () => {
      onHeld();
      return until();
    })
    .catch(() => {}); // ended before it was our turn
}

/**
 * Locks between tabs. Web Locks exist on secure pages only (https, and http on this machine).
 * Elsewhere every tab acts on its own, and the service's idempotency keys prevent double writes.
 */

/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
export async function exclusively(name, work) {
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

/**
 * Hold a lock, once it is free, until `signal` aborts or the tab is closed.
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
    .catch(() => {}); // aborted before the lock was free
}

/** Opening the page without a network: the worker that keeps its files (see templates/web/sw.js). */

const WORKER = "/sw.js";

/** Has no effect where browsers have no workers: on pages that are not secure. */
export function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register(trusted()).catch(() => {});
}

/** The one address that the page's policy lets be a worker. @returns {any} */
function trusted() {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return WORKER;
  const policy = types.createPolicy("chat-worker", { createScriptURL: () => WORKER });
  return policy.createScriptURL(WORKER);
}

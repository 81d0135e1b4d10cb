/** Registers the service worker, which opens the page without a network (see templates/web/sw.js). */

const WORKER = "/sw.js";

/** Has no effect on pages that are not secure: browsers have no service workers there. */
export function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register(trusted()).catch(() => {});
}

/** The only address that the page's policy allows for a worker. @returns {any} */
function trusted() {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return WORKER;
  const policy = types.createPolicy("chat-worker", { createScriptURL: () => WORKER });
  return policy.createScriptURL(WORKER);
}

/**
 * Who is signed in on this browser: the refresh token and whose it is, shared by all tabs.
 *
 * localStorage and not a cookie, because the service takes tokens in bodies and headers only; what
 * guards it is the page's Content-Security-Policy (see docs/decisions/0009). The access token is
 * never written down: each tab holds it in memory.
 */

const KEY = "chat.account";

/** @type {import("./types.js").Account | null} where the browser allows no storage */
let kept = null;

/** @returns {import("./types.js").Account | null} */
export function read() {
  try {
    const text = localStorage.getItem(KEY);
    return text ? JSON.parse(text) : kept;
  } catch {
    return kept;
  }
}

/** @param {import("./types.js").Account} account */
export function write(account) {
  kept = null;
  try {
    localStorage.setItem(KEY, JSON.stringify(account));
  } catch {
    kept = account;
    // Full or forbidden: an older token left there would be a spent one.
    remove();
  }
}

export function clear() {
  kept = null;
  remove();
}

function remove() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // nothing was stored either
  }
}

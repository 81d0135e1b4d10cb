/**
 * Who is signed in on this browser: the refresh token and whose it is, shared by all tabs.
 *
 * localStorage and not a cookie, because the service takes tokens in bodies and headers only; what
 * guards it is the page's Content-Security-Policy (see docs/decisions/0009). The access token is
 * never written down: each tab holds it in memory.
 */

import { uuid } from "./identifiers.js";

const KEY = "chat.account";
const SEEN_WITHIN_MS = 1_000;

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

/** The key of the next renewal, the same until it is known to have come. @returns {string} */
export function renewal() {
  const account = read();
  if (account?.renewal) return account.renewal;
  const key = uuid();
  if (account) write({ ...account, renewal: key });
  return key;
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

/** Told when another tab signs in or out. @param {() => void} listener */
export function onChange(listener) {
  addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) listener();
  });
}

/**
 * The refresh token once it is another than `spent`: what one tab writes, another may see a moment
 * later, as browsers keep localStorage in several processes.
 * @param {string} spent
 */
export async function successor(spent) {
  for (let wait = 0; wait < SEEN_WITHIN_MS; wait += 50) {
    const account = read();
    if (account?.refresh !== spent) return account;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return null;
}

function remove() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // nothing was stored either
  }
}

/**
 * The account that is signed in on this browser, with its refresh token; all tabs share it.
 *
 * It is in localStorage and not in a cookie, because the service takes tokens in bodies and headers
 * only. The page's Content-Security-Policy protects it (see docs/decisions/0009). The access token is
 * never stored: each tab has it in memory.
 */

import { uuid } from "./identifiers.js";

const KEY = "chat.account";
const SEEN_WITHIN_MS = 1_000;

/** @type {import("./types.js").Account | null} used where the browser allows no storage */
let inMemory = null;

/** @returns {import("./types.js").Account | null} */
export function read() {
  try {
    const text = localStorage.getItem(KEY);
    return text ? JSON.parse(text) : inMemory;
  } catch {
    return inMemory;
  }
}

/** The idempotency key of the next renewal; it stays the same until an answer arrives. @returns {string} */
export function renewal() {
  const account = read();
  if (account?.renewal) return account.renewal;
  const key = uuid();
  if (account) write({ ...account, renewal: key });
  return key;
}

/** @param {import("./types.js").Account} account */
export function write(account) {
  inMemory = null;
  try {
    localStorage.setItem(KEY, JSON.stringify(account));
  } catch {
    inMemory = account;
    // Full or forbidden. An older token there is spent, so it must not stay.
    remove();
  }
}

export function clear() {
  inMemory = null;
  remove();
}

/** Calls `listener` when another tab signs in or out. @param {() => void} listener */
export function onChange(listener) {
  addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) listener();
  });
}

/**
 * The account once its refresh token differs from `spent`. Browsers have localStorage in several
 * processes, so a tab may see another tab's write a moment later.
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
    // then nothing was stored
  }
}

/** Identifiers that this client makes. */

const LOCAL = "local-";

/** A random UUID; `crypto.randomUUID` exists on secure pages only, so it is made by hand. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** An id for a session that the service does not know yet. */
export function localSessionId() {
  return LOCAL + uuid();
}

/** @param {string} sessionId */
export function isLocal(sessionId) {
  return sessionId.startsWith(LOCAL);
}

let last = 0;
const tab = uuid().slice(0, 8);

/** The order of writes: greater than every earlier key, also after a reload, and unique to this tab. */
export function orderKey() {
  last = Math.max(last + 1, Date.now() * 1000);
  return `${String(last).padStart(17, "0")}-${tab}`;
}

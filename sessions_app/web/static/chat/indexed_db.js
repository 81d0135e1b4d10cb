/**
 * Records in IndexedDB, with a layer in memory above them. While the disk accepts writes, the layer
 * is empty. Once the disk refuses (full, forbidden, private browsing), new records go to the layer and
 * reads merge both, so that the page works until it is closed.
 */

import { openDB, deleteDB } from "./vendor/idb.js";

const VERSION = 1;
/** Each store with the property, or properties, of its key. */
const KEYS = {
  sessions: "session_id",
  messages: ["session_id", "seq"],
  drafts: "session_id",
  outbox: "key",
  meta: "name",
};

/** Names of the errors that come from the disk (Indexed Database API 3.0, exceptions). */
const DISK_ERRORS = new Set([
  "AbortError", "InvalidStateError", "NotFoundError", "NotReadableError", "OperationError",
  "QuotaExceededError", "SecurityError", "TimeoutError", "UnknownError",
]); // prettier-ignore

/** @typedef {keyof typeof KEYS} StoreName */
/** @typedef {string | number | (string | number)[]} Key */

/** @param {StoreName} store @param {any} record @returns {Key} */
function keyOf(store, record) {
  const path = KEYS[store];
  return typeof path === "string" ? record[path] : path.map((part) => record[part]);
}

export class IndexedDbStore {
  /** @type {Map<StoreName, Map<string, {key: Key, record: any}>>} */
  #layer = new Map();
  /** @type {any} */
  #disk = null;

  /** Called when the disk refuses a write: "full", or "forbidden" when there is no disk at all. */
  onRefused = (/** @type {"full"|"forbidden"} */ _why) => {};

  get onDisk() {
    return this.#disk !== null && this.#layer.size === 0;
  }

  /** @param {string} name @param {() => void} onTaken called when another tab deletes it */
  async open(name, onTaken) {
    try {
      this.#disk = await openDB(name, VERSION, {
        upgrade(/** @type {any} */ database) {
          for (const [store, keyPath] of Object.entries(KEYS)) {
            database.createObjectStore(store, { keyPath });
          }
        },
        blocking: () => {
          this.close();
          onTaken();
        },
        terminated: () => (this.#disk = null),
      });
    } catch {
      this.#disk = null;
      this.onRefused("forbidden");
    }
  }

  close() {
    this.#disk?.close();
    this.#disk = null;
    this.#layer.clear();
  }

  /** @param {string} name */
  static async remove(name) {
    try {
      await deleteDB(name);
    } catch {
      // there is no IndexedDB here
    }
  }

  /** @param {StoreName} store @param {Key} key */
  async get(store, key) {
    const layered = this.#layer.get(store)?.get(JSON.stringify(key));
    if (layered) return layered.record;
    return (await this.#reading((disk) => disk.get(store, key))) ?? undefined;
  }

  /**
   * @param {StoreName} store
   * @param {{from?: Key, to?: Key, limit?: number}} [range] both ends are included
   * @returns {Promise<any[]>} by key
   */
  async all(store, { from, to, limit } = {}) {
    // IndexedDB raises an error for a range that ends before it begins.
    if (from !== undefined && compare(from, to) > 0) return [];
    const read = (/** @type {any} */ disk) =>
      disk.getAll(store, from === undefined ? undefined : IDBKeyRange.bound(from, to), limit);
    const stored = (await this.#reading(read)) ?? [];
    const layer = this.#layer.get(store);
    if (!layer) return stored;
    const merged = new Map(
      stored.map((/** @type {any} */ record) => [JSON.stringify(keyOf(store, record)), record]),
    );
    for (const [name, { key, record }] of layer) {
      if (from !== undefined && (compare(key, from) < 0 || compare(key, to) > 0)) continue;
      if (record === undefined) merged.delete(name);
      else merged.set(name, record);
    }
    const records = [...merged.values()];
    records.sort((a, b) => compare(keyOf(store, a), keyOf(store, b)));
    return records.slice(0, limit);
  }

  /** The last key that a record has in a range. @param {StoreName} store @param {{from: Key, to: Key}} range @returns {Promise<any>} */
  async last(store, { from, to }) {
    if (compare(from, to) > 0) return undefined;
    const read = async (/** @type {any} */ disk) => {
      const range = IDBKeyRange.bound(from, to);
      return (await disk.transaction(store).store.openKeyCursor(range, "prev"))?.key;
    };
    let last = await this.#reading(read);
    for (const { key, record } of this.#layer.get(store)?.values() ?? []) {
      if (record === undefined || compare(key, from) < 0 || compare(key, to) > 0) continue;
      if (last === undefined || compare(key, last) > 0) last = key;
    }
    return last;
  }

  /** Write all or none. @param {StoreName} store @param {any[]} records */
  async put(store, records) {
    if (!records.length) return;
    if (this.onDisk) {
      const refusal = await this.#writing(store, (target) => {
        for (const record of records) target.put(record);
      });
      if (!refusal) return;
      this.onRefused(refusal);
    }
    for (const record of records) this.#layerSet(store, keyOf(store, record), record);
  }

  /** @param {StoreName} store @param {Key[]} keys */
  async remove(store, keys) {
    if (!keys.length) return;
    const refusal = await this.#writing(store, (target) => {
      for (const key of keys) target.delete(key);
    });
    const layer = this.#layer.get(store);
    for (const key of keys) {
      if (refusal) this.#layerSet(store, key, undefined);
      else layer?.delete(JSON.stringify(key));
    }
  }

  /** @param {StoreName} store @param {Key} key @param {any} record */
  #layerSet(store, key, record) {
    const layer = this.#layer.get(store) ?? new Map();
    layer.set(JSON.stringify(key), { key, record });
    this.#layer.set(store, layer);
  }

  /** @param {(disk: any) => Promise<any>} read */
  async #reading(read) {
    if (!this.#disk) return undefined;
    try {
      return await read(this.#disk);
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      // A disk that fails to read is not used again; the service has everything that was on it.
      this.#disk = null;
      this.onRefused("forbidden");
      return undefined;
    }
  }

  /**
   * @param {StoreName} store
   * @param {(target: any) => void} write
   * @returns {Promise<"full"|"forbidden"|null>} why it was refused
   */
  async #writing(store, write) {
    if (!this.#disk) return "forbidden";
    try {
      const transaction = this.#disk.transaction(store, "readwrite");
      write(transaction.store);
      await transaction.done;
      return null;
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      return error.name === "QuotaExceededError" ? "full" : "forbidden";
    }
  }
}

/**
 * Whether the database itself failed: it is full, damaged, closed or taken away. Anything else, such
 * as a wrong key, is a mistake of this page, and says nothing about the disk.
 * @param {unknown} error @returns {error is DOMException}
 */
function isOfTheDisk(error) {
  return error instanceof DOMException && DISK_ERRORS.has(error.name);
}

/**
 * IndexedDB's order of keys, for the keys used here; `indexedDB.cmp` needs IndexedDB to exist.
 * @param {any} a @param {any} b @returns {number}
 */
function compare(a, b) {
  if (!Array.isArray(a)) return a < b ? -1 : a > b ? 1 : 0;
  const position = a.findIndex((part, index) => part !== b[index]);
  return position < 0 ? 0 : compare(a[position], b[position]);
}

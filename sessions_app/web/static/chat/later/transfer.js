/** Exports conversations as files, and imports them as new sessions. */

import { Refused, delay, isTransient } from "../problems.js";
import { uuid } from "../identifiers.js";

const BATCH = 100;
// A request may have 5 MB; JSON's escapes can double a text.
const BATCH_CHARS = 1_500_000;
const TRIES = 6;
const ROLES = ["system", "user", "assistant", "tool"];
const FIELDS = ["role", "content", "name", "tool_calls", "tool_call_id", "metadata"];

export class Transfer {
  /** @param {import("../api.js").Api} api */
  constructor(api) {
    this.api = api;
  }

  /** @param {string} sessionId @param {"json"|"markdown"} format @returns {Promise<Blob>} */
  session(sessionId, format) {
    return this.api.download(`/session/${sessionId}/export?format=${format}`);
  }

  /** @param {string} title @param {"json"|"markdown"} format */
  fileName(title, format) {
    const safe = title.replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60) || "chat";
    return `${safe}.${format === "json" ? "json" : "md"}`;
  }

  /** @returns {Promise<Blob>} all data of the user as JSON lines */
  account() {
    return this.api.download("/auth/me/export");
  }

  /**
   * Create a session from an export. The service gives the messages new numbers and times.
   * @param {string} text of a file that was exported as JSON
   * @param {(done: number, of: number) => void} onProgress
   * @returns {Promise<import("../types.js").Session>}
   */
  async import(text, onProgress) {
    const { title, messages } = parsed(text);
    const created = await this.api.request("POST", "/session/create", { body: { title } });
    const mark = uuid();
    let done = 0;
    for (const batch of batches(messages)) {
      // The keys make it safe to send a batch again when its answer was lost.
      const keyed = batch.map((message, index) => ({ ...message, client_id: `import-${mark}-${done + index}` }));
      await this.#post(`/session/${created.session_id}/messages`, { messages: keyed });
      done += batch.length;
      onProgress(done, messages.length);
    }
    return created;
  }

  /** @param {string} path @param {unknown} body */
  async #post(path, body) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.api.request("POST", path, { body });
      } catch (error) {
        if (!isTransient(error) || attempt === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, delay(attempt, error)));
      }
    }
  }
}

/** @param {string} text @returns {{title: string, messages: object[]}} */
function parsed(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Refused("This file is not a chat exported as JSON.");
  }
  const listed = Array.isArray(file?.messages) ? file.messages : null;
  if (!listed?.every((/** @type {any} */ message) => ROLES.includes(message?.role))) {
    throw new Refused("This file is not a chat exported as JSON.");
  }
  const messages = listed
    // Without erased messages and superseded replies.
    .filter((/** @type {any} */ message) => !message.deleted && !message.superseded_by)
    .map((/** @type {any} */ message) =>
      Object.fromEntries(FIELDS.filter((name) => message[name] != null).map((name) => [name, message[name]])),
    );
  const title = typeof file.title === "string" ? file.title.slice(0, 200) : "";
  return { title: title || "Imported chat", messages };
}

/** @param {any[]} messages */
function* batches(messages) {
  /** @type {any[]} */
  let batch = [];
  let size = 0;
  for (const message of messages) {
    const length = (message.content ?? "").length + 500;
    if (batch.length === BATCH || (batch.length && size + length > BATCH_CHARS)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(message);
    size += length;
  }
  if (batch.length) yield batch;
}

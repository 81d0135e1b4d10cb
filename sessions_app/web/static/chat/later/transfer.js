/** Exports conversations as files, and imports them as new sessions. */

import { Refused, delay, isTransient } from "../problems.js";

const POLL_MS = 500;
const TRIES = 6;

/**
 * @typedef {object} ImportJob
 * @property {string} import_id
 * @property {"running"|"done"|"failed"|"interrupted"} status
 * @property {number | null} fraction
 * @property {Record<string, number>} counts
 * @property {string[]} refused
 * @property {string[]} session_ids
 * @property {string} problem
 */

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
   * Import a file of this service or of another program; the service does it in the background.
   * @param {File} file
   * @param {(job: ImportJob) => void} onProgress
   * @returns {Promise<ImportJob>}
   */
  async import(file, onProgress) {
    const path = `/session/import?name=${encodeURIComponent(file.name)}`;
    /** @type {ImportJob} */
    let job = await this.#again(() =>
      this.api.upload((/** @type {string} */ access, /** @type {AbortSignal} */ signal) =>
        fetch(path, {
          method: "POST",
          body: file,
          headers: { Authorization: `Bearer ${access}`, "Content-Type": "application/octet-stream" },
          credentials: "omit",
          signal,
        }),
      ),
    );
    while (job.status === "running") {
      onProgress(job);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      job = await this.#again(() => this.api.request("GET", `/session/import/${job.import_id}`));
    }
    if (job.status === "failed") throw new Refused(job.problem);
    if (job.status === "interrupted") throw new Refused("The import was interrupted. Choose the file again to go on.");
    return job;
  }

  /** The same file is the same import, so it may be sent again. @template T @param {() => Promise<T>} send */
  async #again(send) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send();
      } catch (error) {
        if (!isTransient(error) || attempt === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, delay(attempt, error)));
      }
    }
  }

  /** What came of an import, in words. @param {ImportJob} job */
  outcome({ counts, refused }) {
    const imported = counts.sessions ?? 0;
    const words = [imported === 1 ? "Chat imported." : `${imported} chats imported.`];
    if (counts.copies) words.push("The original is still here; this is a copy.");
    if (counts.already_there) words.push(`${counts.already_there} already here, left as they are.`);
    if (counts.refused) words.push(`${counts.refused} could not be read: ${refused[0]}`);
    return words.join(" ");
  }
}

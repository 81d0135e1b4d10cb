/** Pictures, files and sounds of messages: takes them in, sends their bytes, and gets them back. */

import { uuid, isLocal } from "../identifiers.js";
import { ApiError, Refused } from "../problems.js";
import { checked, limits, refusalOf } from "./file_checks.js";
import { Pictures, dataUrl, drawn } from "./pictures.js";
import { Uploads } from "./uploads.js";

const GONE = "The file is no longer on this device. Attach it again.";

/** @typedef {import("../types.js").Part} Part */
/** @typedef {import("../types.js").Entry} Entry */

export class Attachments {
  /** @param {import("../sync.js").Sync} sync */
  constructor(sync) {
    this.sync = sync;
    this.state = sync.state;
    this.uploads = new Uploads(sync.api);
    this.pictures = new Pictures(sync.api);
  }

  // --- the draft ---------------------------------------------------------------------------------

  /** Attach files to the draft, as far as they can be. @param {File[]} files */
  async add(files) {
    const { open } = this.state;
    const bounds = limits();
    /** @type {{name: string, why: string}[]} */
    const refusals = [];
    /** @type {Part[]} */
    const parts = [];
    for (const file of files) {
      const room = bounds.per_message - this.state.parts.length - parts.length;
      const { part, why } = room > 0 ? await this.#taken(file, bounds) : { part: null, why: tooMany(bounds) };
      if (part) parts.push(part);
      else refusals.push({ name: file.name, why });
    }
    // Another chat may have been opened meanwhile; files must not turn up there.
    if (this.#now(open) !== this.state.open) return;
    this.state.refusals = refusals;
    await this.sync.drafts.attach([...this.state.parts, ...parts]);
    for (const part of parts) this.sync.background(() => this.#sendAhead(part));
  }

  /** The id that a session has now. @param {string | null} sessionId */
  #now(sessionId) {
    return this.state.created.get(sessionId ?? "") ?? sessionId;
  }

  /** @param {File} file @param {import("./file_checks.js").Limits} bounds @returns {Promise<{part: Part | null, why: string}>} */
  async #taken(file, bounds) {
    const { why, mediaType } = await checked(file, bounds);
    if (why) return { part: null, why };
    const key = uuid();
    const type = { image: "image", audio: "audio" }[mediaType.split("/")[0]] ?? "file";
    const part = /** @type {Part} */ ({ type, key, name: file.name, media_type: mediaType, size: file.size });
    if (type === "image") {
      try {
        Object.assign(part, await drawn(file));
      } catch {
        return { part: null, why: "The picture cannot be read." };
      }
    }
    await this.sync.store.putBytes(key, file);
    return { part, why: "" };
  }

  /** Send a part before its message, if its session is there: most have arrived when that is sent. @param {Part} part */
  async #sendAhead(part) {
    const { open, online } = this.state;
    if (!open || isLocal(open) || !online) return;
    try {
      const sent = await this.#sent(open, part);
      await this.#change(part, () => [sent]);
    } catch (error) {
      // Whatever else has failed is tried again when the message is sent.
      const why = refusalOf(error);
      if (!why || !this.#isDrafted(part)) return;
      this.state.refusals = [...this.state.refusals, { name: part.name ?? "", why }];
      await this.remove(part);
    }
  }

  /** @param {Part} part */
  #isDrafted(part) {
    return this.state.parts.some(({ key }) => key === part.key);
  }

  /** @param {Part} part @param {(part: Part) => Part[]} change */
  async #change(part, change) {
    if (!this.#isDrafted(part)) return;
    await this.sync.drafts.attach(this.state.parts.flatMap((each) => (each.key === part.key ? change(each) : [each])));
  }

  /** Take a part off the draft. @param {Part} part */
  async remove(part) {
    await this.#change(part, () => []);
    this.giveUp([part]);
    await this.sync.store.removeBytes([part]);
  }

  /** Say what a picture shows. @param {Part} part @param {string} alt */
  describe(part, alt) {
    return this.#change(part, (known) => [{ ...known, alt }]);
  }

  dismissRefusals() {
    this.state.refusals = [];
    this.state.changed("draft");
  }

  // --- sending -----------------------------------------------------------------------------------

  /**
   * Send the bytes of all parts of a message. Raises Refused with a sentence for each that the
   * service does not take.
   * @param {Entry} entry
   */
  async upload(entry) {
    const waiting = (entry.parts ?? []).filter(({ key, attachment_id }) => key && !attachment_id);
    const results = await Promise.allSettled(waiting.map((part) => this.#uploaded(entry, part)));
    const problems = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    const passing = problems.find((problem) => !(problem instanceof Refused));
    if (passing) throw passing;
    if (problems.length) throw new Refused(problems.map(({ message }) => message).join(" "));
  }

  /** @param {Entry} entry @param {Part} part */
  async #uploaded(entry, part) {
    try {
      const sent = await this.#sent(entry.session_id, part);
      const parts = (entry.parts ?? []).map((each) => (each.key === sent.key ? sent : each));
      await this.sync.outbox.update(entry, parts);
    } catch (error) {
      const why = error instanceof Refused ? error.message : refusalOf(error);
      throw why ? new Refused(`${part.name}: ${why}`) : error;
    }
  }

  /** @param {string} sessionId @param {Part} part @returns {Promise<Part>} as the service knows it */
  async #sent(sessionId, part) {
    const { key = "" } = part;
    const { attachment_id, media_type, size } = await this.uploads.run(sessionId, { ...part, key }, () => this.#bytesOf(key));
    const sent = { ...part, attachment_id, media_type, size };
    this.pictures.keep(sent);
    return sent;
  }

  /** @param {string} key */
  async #bytesOf(key) {
    const bytes = await this.sync.store.bytes(key);
    if (!bytes) throw new Refused(GONE);
    return bytes;
  }

  /** Nobody wants these any more. @param {Part[]} parts */
  giveUp(parts) {
    for (const { key } of parts) this.uploads.giveUp(key);
  }

  // --- showing -----------------------------------------------------------------------------------

  /** A small picture, as a data URL. @param {Part} part @returns {Promise<string>} */
  async small(part) {
    if (part.preview) return part.preview;
    if (!part.attachment_id) throw new ApiError(404, []);
    return this.pictures.small(part.attachment_id);
  }

  /** The whole picture, as a data URL. @param {Part} part */
  async whole(part) {
    return dataUrl(await this.file(part));
  }

  /** The bytes of a part. @param {Part} part @returns {Promise<Blob>} */
  async file({ key, attachment_id }) {
    const here = key && (await this.sync.store.bytes(key));
    if (here) return here;
    if (!attachment_id) throw new ApiError(404, []);
    return this.sync.api.download(`/attachments/${attachment_id}`);
  }

}

/** @param {import("./file_checks.js").Limits} bounds */
function tooMany({ per_message }) {
  return `A message can have at most ${per_message} files.`;
}

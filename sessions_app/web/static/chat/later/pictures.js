/** Small pictures: made here of files that are attached, fetched of those that the service has. */

import { ApiError } from "../problems.js";

/** @typedef {import("../types.js").Part} Part */

// As large as the service's own small pictures.
const SIDE = 512;
const QUALITY = 0.8;
const MAX_KEPT = 200;
// Others of the page's requests must not wait for pictures.
const AT_ONCE = 3;
// The service makes small pictures after an upload, within moments.
const MADE_MS = 1_500;

export class Pictures {
  /** Data URLs by attachment, the oldest first. @type {Map<string, Promise<string>>} */
  #small = new Map();
  #running = 0;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {import("../api.js").Api} api */
  constructor(api) {
    this.api = api;
  }

  /** The small picture of what was attached here. @param {Part} part that has been sent */
  keep({ attachment_id, preview }) {
    if (attachment_id && preview) this.#remember(attachment_id, Promise.resolve(preview));
  }

  /** A small picture as a data URL, which the page's policy allows. @param {string} id @returns {Promise<string>} */
  small(id) {
    const known = this.#small.get(id);
    if (known) return known;
    const fetched = this.#inTurn(() => this.#fetched(id));
    this.#remember(id, fetched);
    // What has failed is asked for again.
    fetched.catch(() => this.#small.delete(id));
    return fetched;
  }

  /** @param {string} id @param {Promise<string>} picture */
  #remember(id, picture) {
    this.#small.set(id, picture);
    const oldest = this.#small.keys().next().value;
    if (this.#small.size > MAX_KEPT && oldest) this.#small.delete(oldest);
  }

  /** @param {string} id */
  async #fetched(id) {
    for (const wait of [MADE_MS, 0]) {
      try {
        return await dataUrl(await this.api.download(`/attachments/${id}/thumbnail`));
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
      }
      // Not made yet, or the attachment is gone, which this says.
      await this.api.request("GET", `/attachments/${id}/facts`);
      if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    return (await drawn(await this.api.download(`/attachments/${id}`))).preview;
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async #inTurn(work) {
    if (this.#running >= AT_ONCE) await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/**
 * The size of a picture as it is meant to be seen, and a small one of it. Raises an error where the
 * browser cannot read it.
 * @param {Blob} file
 */
export async function drawn(file) {
  const picture = await createImageBitmap(file);
  const { width, height } = picture;
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  if (context) context.imageSmoothingQuality = "high";
  context?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return { width, height, preview: canvas.toDataURL("image/webp", QUALITY) };
}

/** @param {Blob} blob @returns {Promise<string>} */
export function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

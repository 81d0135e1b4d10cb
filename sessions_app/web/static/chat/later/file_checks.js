/**
 * Whether a file can be attached, as far as it can be known before it is sent. The service has the
 * last word on all of it; `refusalOf` is what it says, in words for people.
 */

import { ApiError } from "../problems.js";

/** @typedef {{max_bytes: number, per_message: number, types: string[]}} Limits */

const OFFICE = "application/vnd.openxmlformats-officedocument.";
/** Types by their names for people. @type {Record<string, string>} */
const NAMES = {
  "image/png": "PNG",
  "image/jpeg": "JPEG",
  "image/gif": "GIF",
  "image/webp": "WebP",
  "application/pdf": "PDF",
  "text/plain": "text",
  "audio/wav": "WAV",
  "audio/mpeg": "MP3",
  "audio/ogg": "Ogg",
  "audio/flac": "FLAC",
  "audio/mp4": "M4A",
  [`${OFFICE}wordprocessingml.document`]: "Word",
  [`${OFFICE}spreadsheetml.sheet`]: "Excel",
  [`${OFFICE}presentationml.presentation`]: "PowerPoint",
};
/** What files begin with, byte by byte as Latin-1 (sessions_app/domain/attachments/media.py). @type {[RegExp, string][]} */
const BEGINNINGS = [
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
  [/^RIFF[^]{4}WAVE/, "audio/wav"],
  [/^%PDF-/, "application/pdf"],
  [/^OggS/, "audio/ogg"],
  [/^fLaC/, "audio/flac"],
  [/^(?:ID3|\xff[\xfb\xfa\xf3\xf2])/, "audio/mpeg"],
  [/^[^]{4}ftypM4A /, "audio/mp4"],
];
const PACKED = /^PK\x03\x04/;
const CONTROLS = /[\0-\x08\x0b\x0e-\x1f\x7f]/;
// Names that lie somewhere, or whose signs change the direction of text; joiners are part of words.
const BAD_NAME = /[/\\]|^\.{1,2}$|^[A-Za-z]:|(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/u;
const NAME_MAX = 200;

/** @returns {Limits} of this service, which the page was served with */
export function limits() {
  return JSON.parse(document.getElementById("page")?.dataset.attachments ?? "{}");
}

/** @param {string} mediaType @returns {string} its name for people */
export function typeName(mediaType) {
  return NAMES[mediaType] ?? mediaType;
}

/** @param {number} bytes */
export function sizeInWords(bytes) {
  if (bytes < 1_000) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  const [share, unit] = bytes < 1_000_000 ? [bytes / 1_000, "kB"] : [bytes / 1_000_000, "MB"];
  return `${share.toLocaleString(undefined, { maximumFractionDigits: 1 })} ${unit}`;
}

/**
 * @param {File} file @param {Limits} limits
 * @returns {Promise<{why: string, mediaType: string}>} `why` it cannot be attached; empty if it can
 */
export async function checked(file, { max_bytes, types }) {
  const refused = (/** @type {string} */ why) => ({ why, mediaType: "" });
  if (file.size > max_bytes) {
    return refused(`${WHY.too_large} It has ${sizeInWords(file.size)}; the limit is ${sizeInWords(max_bytes)}.`);
  }
  if (BAD_NAME.test(file.name.normalize("NFC").trim()) || [...file.name].length > NAME_MAX) return refused(WHY.attachment_name);
  try {
    const mediaType = await typeOf(file);
    // A folder looks like an empty file until it is read.
    if (!file.size) return refused(WHY.attachment_empty);
    return types.includes(mediaType) ? { why: "", mediaType } : refused(`${WHY.attachment_unsupported} ${possible(types)}`);
  } catch {
    return refused("It cannot be read here. A folder cannot be attached; its files can.");
  }
}

/** @param {string[]} types */
function possible(types) {
  const names = types.map(typeName);
  return `These can: ${new Intl.ListFormat("en", { type: "conjunction" }).format(names)}.`;
}

/** What the bytes say it is; empty for what is not kept. @param {File} file */
async function typeOf(file) {
  // Not with TextDecoder, whose Latin-1 is Windows-1252.
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 64).arrayBuffer()));
  const known = BEGINNINGS.find(([beginning]) => beginning.test(head));
  if (known) return known[1];
  if (PACKED.test(head)) return Object.hasOwn(NAMES, file.type) ? file.type : byEnding(file.name);
  return (await isText(file)) ? "text/plain" : "";
}

/** The service looks into it. @param {string} name */
function byEnding(name) {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const kinds = { docx: "wordprocessingml.document", xlsx: "spreadsheetml.sheet", pptx: "presentationml.presentation" };
  const kind = /** @type {Record<string, string>} */ (kinds)[ending];
  return kind ? OFFICE + kind : "";
}

/** @param {File} file */
async function isText(file) {
  try {
    return !CONTROLS.test(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Why the service does not take a file; empty when that is not why it has failed. @param {unknown} error */
export function refusalOf(error) {
  return error instanceof ApiError ? (WHY[error.code] ?? "") : "";
}

/** @type {Record<string, string>} */
const WHY = {
  too_large: "It is too large.",
  attachment_empty: "It is empty.",
  attachment_incomplete: "The upload was incomplete. Attach it again.",
  attachment_name: "Its name is too long, or has characters that are not allowed. Rename the file.",
  attachment_type_mismatch: "Its content does not match its file type.",
  attachment_unreadable: "The picture cannot be read, or is too large in pixels.",
  attachment_unsupported: "Files of this type cannot be attached.",
  quota_attachments: "Your account has reached its limit for files. Delete messages with files to make room.",
};

/** What a search has found, by chat. */

import { fill, h, moment } from "./dom.js";
import { marked } from "./marks.js";

/** @typedef {(sessionId: string, seq?: number) => void} Open */
/** @typedef {(sessionId: string) => string} FirstWords stands for a title that is not there */

/**
 * @param {HTMLElement} list
 * @param {{query: string, results: any[], busy: boolean}} search
 * @param {FirstWords} firstWords
 * @param {Open} onOpen
 */
export function drawResults(list, { query, results, busy }, firstWords, onOpen) {
  const quiet = busy ? "Searching…" : results.length ? "" : "No results.";
  fill(
    list,
    ...grouped(results).flatMap((hits) => [
      // A title that is a hit itself stands there once.
      h(hits[0].snippet ? "h2.group.of-chat" : "h2.visually-hidden", { dir: "auto" }, titleOf(hits[0], firstWords)),
      h("ul", {}, ...hits.map((hit) => found(hit, query, titleOf(hit, firstWords), onOpen))),
    ]),
    quiet && h("p.quiet.empty", { role: "status" }, quiet),
  );
}

/** The results by chat, in the order of each chat's best. @param {any[]} results @returns {any[][]} */
function grouped(results) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const result of results) {
    groups.set(result.session_id, [...(groups.get(result.session_id) ?? []), result]);
  }
  const titleFirst = (/** @type {any} */ one, /** @type {any} */ other) => Number(Boolean(one.snippet)) - Number(Boolean(other.snippet));
  return [...groups.values()].map((hits) => hits.sort(titleFirst));
}

/** @param {any} result @param {FirstWords} firstWords */
function titleOf({ title, session_id }, firstWords) {
  return title || firstWords(session_id);
}

/** @param {any} result @param {string} query @param {string} title @param {Open} onOpen */
function found({ session_id, seq, role: writer, snippet, timestamp }, query, title, onOpen) {
  const role = writer === "assistant" ? "Assistant" : writer === "user" ? "You" : "";
  const open = h("button.session.found", { type: "button", onclick: () => onOpen(session_id, seq) },
    h(snippet ? "span.session-title.visually-hidden" : "span.session-title", { dir: "auto" }, ...marked(title, query)),
    snippet && h("span.hit-head", {}, [role, timestamp && moment(timestamp)].filter(Boolean).join(" · ")),
    snippet && h("span.snippet", { dir: "auto" }, ...marked(snippet, query)),
  ); // prettier-ignore
  return h("li", {}, open);
}

/** Marks the words of a search in a text. */

import { h } from "./dom.js";

/**
 * The text with the words of the query marked. Words are found at the beginning of a word of the
 * text, in any case and without accents, as the service finds them.
 * @param {string} text @param {string} query @returns {(Node | string)[]}
 */
export function marked(text, query) {
  const words = [...new Set(folded(query).text.split(/[^\p{L}\p{N}]+/u).filter(Boolean))];
  if (!words.length) return [text];
  const { text: plain, starts } = folded(text);
  const longestFirst = words.sort((a, b) => b.length - a.length).join("|");
  const hits = plain.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])(?:${longestFirst})[\\p{L}\\p{N}]*|(?:${longestFirst})`, "gu"));
  const parts = [];
  let end = 0;
  for (const { 0: word, index } of hits) {
    const [from, to] = [starts[index], starts[index + word.length]];
    if (from < end) continue;
    parts.push(text.slice(end, from), h("mark", {}, text.slice(from, to)));
    end = to;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

/** In lower case and without accents, with where each unit of it stands in the text. @param {string} text */
function folded(text) {
  let plain = "";
  const starts = [];
  let at = 0;
  for (const character of text) {
    for (const unit of character.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()) {
      for (let index = 0; index < unit.length; index += 1) starts.push(at);
      plain += unit;
    }
    at += character.length;
  }
  starts.push(at);
  return { text: plain, starts };
}

/** How long a text may be, and about how many tokens it has; the service has the last word on both. */

// What a tokenizer makes of ordinary text: about four letters a token, one token for each other sign.
const LETTERS_A_TOKEN = 4;
const WIDE = /[^\u0000-\u024f\s]/gu;
// A counter appears when this share of what is possible is used.
const NEAR = 0.8;

/**
 * @typedef {object} Length
 * @property {"fine"|"near"|"cut"|"refused"} verdict `cut`: it is sent, but not the whole of it;
 *   `refused`: the service would not take it
 * @property {string} words what to tell the user; empty when it is fine
 */

/** Characters as the service counts them: by code point. @param {string} text */
export function characters(text) {
  let count = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff && index + 1 < text.length) count -= 1;
  }
  return count;
}

/** @param {string} text */
export function tokensAbout(text) {
  const wide = text.match(WIDE)?.length ?? 0;
  return Math.ceil((text.length - wide) / LETTERS_A_TOKEN) + wide;
}

/** @param {string} text @param {{maxCharacters: number, maxTokens?: number}} bounds @returns {Length} */
export function measured(text, { maxCharacters, maxTokens = Infinity }) {
  const count = characters(text);
  if (count > maxCharacters) {
    const over = (count - maxCharacters).toLocaleString();
    return { verdict: "refused", words: `Too long by ${over} characters. Shorten it to send it.` };
  }
  const tokens = tokensAbout(text);
  const share = `About ${tokens.toLocaleString()} of ${maxTokens.toLocaleString()} tokens`;
  if (tokens > maxTokens) {
    return { verdict: "cut", words: `${share}: the model will see only its beginning and its end.` };
  }
  if (count > NEAR * maxCharacters) {
    return { verdict: "near", words: `${count.toLocaleString()} of ${maxCharacters.toLocaleString()} characters` };
  }
  return tokens > NEAR * maxTokens ? { verdict: "near", words: share } : { verdict: "fine", words: "" };
}

/** Which messages of a session are versions of one another: edited messages, and replies to one message. */

/** @typedef {import("./types.js").Message} Message */

export class Branches {
  /** The seq of an edited message → the seq of the one it replaces. @type {Map<number, number>} */
  #edits = new Map();
  /** The seq of a message → those of the replies to it. @type {Map<number, Set<number>>} */
  #replies = new Map();

  /** Whether there is more than one branch. */
  get any() {
    return this.#edits.size > 0 || [...this.#replies.values()].some((replies) => replies.size > 1);
  }

  /** @param {Message} message */
  add({ seq, role, replaces, generation }) {
    if (replaces) this.#edits.set(seq, replaces);
    if (!generation || role !== "assistant") return;
    const replies = this.#replies.get(generation.reply_to) ?? new Set();
    this.#replies.set(generation.reply_to, replies.add(seq));
  }

  /** The seqs of all versions of a message, oldest first, its own among them. @param {Message} message */
  versions({ seq, role, generation }) {
    const replies = role === "assistant" && generation ? this.#replies.get(generation.reply_to) : null;
    if (replies) return ascending([...replies]);
    if (!this.#edits.size) return [seq];
    const first = this.#first(seq);
    const edited = [...this.#edits.keys()].filter((edit) => this.#first(edit) === first);
    return ascending([first, ...edited]);
  }

  /** The first version of an edited message. @param {number} seq */
  #first(seq) {
    let first = seq;
    for (let before = this.#edits.get(first); before; before = this.#edits.get(first)) first = before;
    return first;
  }
}

/** @param {number[]} seqs */
function ascending(seqs) {
  return seqs.sort((a, b) => a - b);
}

/** Drafts: what is being typed, saved with every change; one per session, and one for a new session. */

const NEW = "new";
// Drafts that are not in the database yet: a reload does not wait until it has written them.
const UNSAVED = "chat-sessions.unsaved-draft";

/** @typedef {{user_id?: string, drafts: [string, string][]}} Unsaved texts by session, and whose */

/** @param {Unsaved | null} unsaved null when there is none */
function writeUnsaved(unsaved) {
  try {
    if (unsaved) sessionStorage.setItem(UNSAVED, JSON.stringify(unsaved));
    else sessionStorage.removeItem(UNSAVED);
  } catch {
    // Without sessionStorage, a reload can lose what was typed just before.
  }
}

/** @returns {Unsaved | null} */
function readUnsaved() {
  try {
    return JSON.parse(sessionStorage.getItem(UNSAVED) ?? "null");
  } catch {
    return null;
  }
}

export class Drafts {
  /** By session: another may be opened before a draft is saved. @type {Map<string, string>} */
  #unsaved = new Map();
  #saving = Promise.resolve();
  /** Unsaved drafts of this tab from before a reload. */
  #unsavedBefore = readUnsaved();
  /** Counts edits, to notice typing while something is awaited. */
  #edits = 0;

  /**
   * @param {{store: () => import("./store.js").Store, state: import("./state.js").State,
   *   tabs: import("./tabs.js").Tabs}} parts
   */
  constructor({ store, state, tabs }) {
    this.store = store;
    this.state = state;
    this.tabs = tabs;
  }

  /** @param {string | null} sessionId @returns {Promise<string | null>} null when something has been typed meanwhile */
  async of(sessionId) {
    const edits = this.#edits;
    await this.#saving;
    const before = this.#unsavedBefore;
    this.#unsavedBefore = null;
    // If anything has been typed since, that is newer.
    if (before && !edits && before.user_id === this.state.account?.user_id) {
      for (const [id, text] of before.drafts ?? []) await this.store().putDraft(id, text);
    }
    if (!this.#unsaved.size) writeUnsaved(null);
    const draft = await this.store().draft(sessionId ?? NEW);
    return edits === this.#edits ? draft : null;
  }

  /** @param {string} text for the session that is open */
  set(text) {
    this.#edits += 1;
    this.state.draft = text;
    const idle = this.#unsaved.size === 0;
    this.#unsaved.set(this.state.open ?? NEW, text);
    writeUnsaved({ user_id: this.state.account?.user_id, drafts: [...this.#unsaved] });
    if (idle) this.#saving = this.#saving.then(() => this.#save());
  }

  /** What is attached to the draft of a session. @param {string | null} sessionId */
  partsOf(sessionId) {
    return this.store().draftParts(sessionId ?? NEW);
  }

  /** @param {import("./types.js").Part[]} parts what is attached to the draft of the session that is open */
  attach(parts) {
    this.state.parts = parts;
    this.state.changed("draft");
    return this.store().putDraftParts(this.state.open ?? NEW, parts);
  }

  async #save() {
    while (this.#unsaved.size) {
      const [[session_id, text]] = this.#unsaved;
      await this.store().putDraft(session_id, text);
      const user_id = this.state.account?.user_id;
      if (user_id) this.tabs.tell({ type: "draft", user_id, session_id, text });
      if (this.#unsaved.get(session_id) === text) this.#unsaved.delete(session_id);
    }
    writeUnsaved(null);
  }

  /** Show what another tab types, unless the user types here. @param {string} sessionId @param {string} text */
  applyRemote(sessionId, text) {
    if ((this.state.open ?? NEW) !== sessionId || document.hasFocus()) return;
    this.state.draft = text;
    this.state.changed("draft");
  }
}

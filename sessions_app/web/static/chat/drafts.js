/** What is being typed, written down with every change; each session has its own, a new one too. */

const NEW = "new";
// What is not yet in the database: writing there takes a moment, which a reload does not wait for.
const UNSAVED = "chat-sessions.unsaved-draft";

/** @typedef {{user_id?: string, drafts: [string, string][]}} Unsaved texts by session, and whose */

/** @param {Unsaved | null} unsaved null when there is none */
function hold(unsaved) {
  try {
    if (unsaved) sessionStorage.setItem(UNSAVED, JSON.stringify(unsaved));
    else sessionStorage.removeItem(UNSAVED);
  } catch {
    // Without it a draft is as safe as the database is quick.
  }
}

/** @returns {Unsaved | null} */
function held() {
  try {
    return JSON.parse(sessionStorage.getItem(UNSAVED) ?? "null");
  } catch {
    return null;
  }
}

export class Drafts {
  /** By session: one may be opened while another's is on its way. @type {Map<string, string>} */
  #unsaved = new Map();
  #saving = Promise.resolve();
  /** What an earlier visit of this tab has left. */
  #left = held();
  /** How often something has been typed. */
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
    const left = this.#left;
    this.#left = null;
    // What has been typed since is newer.
    if (left && !edits && left.user_id === this.state.account?.user_id) {
      for (const [id, text] of left.drafts ?? []) await this.store().putDraft(id, text);
    }
    if (!this.#unsaved.size) hold(null);
    const draft = await this.store().draft(sessionId ?? NEW);
    return edits === this.#edits ? draft : null;
  }

  /** @param {string} text for the session that is open */
  set(text) {
    this.#edits += 1;
    this.state.draft = text;
    const idle = this.#unsaved.size === 0;
    this.#unsaved.set(this.state.open ?? NEW, text);
    hold({ user_id: this.state.account?.user_id, drafts: [...this.#unsaved] });
    if (idle) this.#saving = this.#saving.then(() => this.#save());
  }

  async #save() {
    while (this.#unsaved.size) {
      const [[session_id, text]] = this.#unsaved;
      await this.store().putDraft(session_id, text);
      const user_id = this.state.account?.user_id;
      if (user_id) this.tabs.tell({ type: "draft", user_id, session_id, text });
      if (this.#unsaved.get(session_id) === text) this.#unsaved.delete(session_id);
    }
    hold(null);
  }

  /** What another tab types shows here, unless somebody types here too. @param {string} sessionId @param {string} text */
  applyRemote(sessionId, text) {
    if ((this.state.open ?? NEW) !== sessionId || document.hasFocus()) return;
    this.state.draft = text;
    this.state.changed("draft");
  }
}

/** What is being typed, written down with every change; each session has its own, a new one too. */

const NEW = "new";
// What is not yet in the database: writing there takes a moment, which a reload does not wait for.
const UNSAVED = "chat-sessions.unsaved-draft";

/** @param {object | null} draft null when there is none */
function hold(draft) {
  try {
    if (draft) sessionStorage.setItem(UNSAVED, JSON.stringify(draft));
    else sessionStorage.removeItem(UNSAVED);
  } catch {
    // Without it a draft is as safe as the database is quick.
  }
}

/** @returns {{session_id: string, text: string, user_id?: string} | null} */
function held() {
  try {
    return JSON.parse(sessionStorage.getItem(UNSAVED) ?? "null");
  } catch {
    return null;
  }
}

export class Drafts {
  /** @type {{session_id: string, text: string} | null} */
  #unsaved = null;
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
      await this.store().putDraft(left.session_id, left.text);
    }
    if (!this.#unsaved) hold(null);
    const draft = await this.store().draft(sessionId ?? NEW);
    return edits === this.#edits ? draft : null;
  }

  /** @param {string} text for the session that is open */
  set(text) {
    this.#edits += 1;
    this.state.draft = text;
    const idle = this.#unsaved === null;
    this.#unsaved = { session_id: this.state.open ?? NEW, text };
    hold({ ...this.#unsaved, user_id: this.state.account?.user_id });
    if (idle) this.#saving = this.#saving.then(() => this.#save());
  }

  async #save() {
    while (this.#unsaved) {
      const draft = this.#unsaved;
      await this.store().putDraft(draft.session_id, draft.text);
      const user_id = this.state.account?.user_id;
      if (user_id) this.tabs.tell({ type: "draft", user_id, ...draft });
      if (this.#unsaved === draft) {
        this.#unsaved = null;
        hold(null);
      }
    }
  }

  /** What another tab types shows here, unless somebody types here too. @param {string} sessionId @param {string} text */
  hear(sessionId, text) {
    if ((this.state.open ?? NEW) !== sessionId || document.hasFocus()) return;
    this.state.draft = text;
    this.state.changed("draft");
  }
}

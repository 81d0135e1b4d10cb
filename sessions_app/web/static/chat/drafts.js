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

  /**
   * @param {{store: () => import("./store.js").Store, state: import("./state.js").State,
   *   tabs: import("./tabs.js").Tabs}} parts
   */
  constructor({ store, state, tabs }) {
    this.store = store;
    this.state = state;
    this.tabs = tabs;
  }

  /** @param {string | null} sessionId @returns {Promise<string>} */
  async of(sessionId) {
    await this.#saving;
    const left = held();
    if (left) {
      hold(null);
      if (left.user_id === this.state.account?.user_id)
        await this.store().putDraft(left.session_id, left.text);
    }
    return this.store().draft(sessionId ?? NEW);
  }

  /** @param {string} text for the session that is open */
  set(text) {
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

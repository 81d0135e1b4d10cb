/** Applies the results of writes: an answer, a refusal, a created session, a turn that ended. */

import { isLocal } from "./identifiers.js";

const TITLE_MS = 2_500;

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Session} Session */

export class WriteResults {
  /** @param {import("./sync.js").Sync} sync */
  constructor(sync) {
    this.sync = sync;
    this.state = sync.state;
    this.sessionList = sync.sessionList;
  }

  /** @param {string} localId @param {Session} session */
  async created(localId, session) {
    const known = this.state.sessions.get(localId);
    const created = { ...session, updated_at: known?.updated_at ?? session.updated_at };
    this.state.sessions.delete(localId);
    this.state.sessions.set(session.session_id, created);
    this.#moveEntries(localId, session.session_id);
    await this.sync.store.renameSession(localId, created);
    this.renamed(localId, session.session_id);
    const user_id = this.sync.userId;
    this.sync.tabs.tell({ type: "renamed", user_id, from: localId, to: session.session_id });
  }

  /** A session has got its id. @param {string} from @param {string} to */
  renamed(from, to) {
    this.#moveEntries(from, to);
    if (this.state.open === from) {
      this.state.open = to;
      globalThis.history.replaceState(null, "", `/?session=${encodeURIComponent(to)}`);
    }
    this.state.changed("open");
  }

  /** Entries that wait in the outbox belong to the new id at once. @param {string} from @param {string} to */
  #moveEntries(from, to) {
    this.state.created.set(from, to);
    for (const entry of this.state.entries(from)) entry.session_id = to;
    this.state.changed("sessions", "outbox");
  }

  /** @param {Entry} entry @param {any} answer */
  async sent(entry, answer) {
    if (entry.kind === "delete") {
      await this.sessionList.forget(entry.session_id);
      await this.sync.outbox.load();
    } else if (entry.kind === "delete_message" && entry.seq) {
      await this.sync.history.erase(entry.session_id, entry.seq);
    } else if (answer?.session_id) {
      await this.sessionList.update(answer);
    }
    if (entry.kind !== "chat" && entry.session_id === this.state.open) {
      this.sync.background(() => this.sync.plan());
    }
  }

  /** @param {Entry} entry @param {string} why */
  refused(entry, why) {
    this.sync.onNotice(why);
    // The change showed at once; now the service's version shows again.
    if (isLocal(entry.session_id)) return;
    this.sync.background(() => this.sessionList.reload(entry.session_id));
  }

  /**
   * A text that the service does not take goes back to where it was written, if nothing else is being
   * written there. Returns whether it did.
   * @param {Entry} entry @param {string} why
   */
  takeBack(entry, why) {
    if (this.state.open !== entry.session_id || this.state.draft.trim()) return false;
    this.sync.drafts.set(entry.content ?? "");
    this.state.changed("draft");
    this.sync.onNotice(why);
    return true;
  }

  /** A turn may have changed the session's title, totals and topics. @param {string} sessionId */
  async afterTurn(sessionId) {
    if (!this.state.account || isLocal(sessionId)) return;
    await this.sessionList.reload(sessionId);
    if (this.state.open !== sessionId) return;
    await this.sync.plan();
    await this.sync.history.findTopics(sessionId);
    // The service makes the first title after the reply.
    if (this.state.conversation(sessionId).latest > 2) return;
    await this.sync.wakeableTimer.wait(TITLE_MS);
    await this.sessionList.reload(sessionId);
  }
}

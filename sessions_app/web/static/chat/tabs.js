/** The other tabs of this browser: sends them messages, and elects the tab that sends writes. */

import { hold } from "./locks.js";
import { uuid } from "./identifiers.js";

const CHANNEL = "chat-tabs";

/**
 * @typedef {{type: "access", access: string, user_id: string}
 *   | {type: "signed-out"}
 *   | {type: "outbox", user_id: string} | {type: "sessions", user_id: string}
 *   | {type: "messages", user_id: string, session_id: string, messages: import("./types.js").Message[]}
 *   | {type: "renamed", user_id: string, from: string, to: string}
 *   | {type: "live", user_id: string, from: string, session_id: string, live: import("./types.js").Live | null}
 *   | {type: "draft", user_id: string, session_id: string, text: string}
 *   | {type: "stop", user_id: string, session_id: string}
 *   | {type: "who-is-live", user_id: string}} TabMessage
 */

export class Tabs {
  id = uuid();
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null;
  #leading = new AbortController();
  /** Whether this is the tab that sends. */
  leads = false;

  /** @param {(tabMessage: TabMessage) => void} onTabMessage */
  listen(onTabMessage) {
    this.#channel?.addEventListener("message", (event) => onTabMessage(event.data));
  }

  /** @param {TabMessage} tabMessage */
  tell(tabMessage) {
    this.#channel?.postMessage(tabMessage);
  }

  /**
   * Become the tab that sends for this user as soon as no other does.
   * @param {string} userId
   * @param {() => void} onLead
   */
  stand(userId, onLead) {
    this.resign();
    const term = new AbortController();
    this.#leading = term;
    hold(`chat-sender-${userId}`, term.signal, () => {
      if (term.signal.aborted) return;
      this.leads = true;
      onLead();
    });
  }

  resign() {
    this.#leading.abort();
    this.leads = false;
  }
}

/** The messages of a session: reads them from the store, fetches missing and new ones. */

import { isLocal } from "./identifiers.js";

const FIRST_PAGE = 50;
const PAGE = 500;
// At most this many messages are sent to other tabs; they read more from the store.
const MAX_SHARED = 20;
// Runs are fetched whole and aligned, so that scrolling fetches each message once.
const RUN = 100;

/** @typedef {import("./types.js").Session} Session */

export class History {
  /** @type {Map<string, Promise<void>>} */
  #catchingUp = new Map();
  /** @type {Map<string, Promise<void>>} */
  #fetching = new Map();

  /**
   * @param {{api: import("./api.js").Api, store: () => import("./store.js").Store,
   *   state: import("./state.js").State, tabs: import("./tabs.js").Tabs}} parts
   */
  constructor({ api, store, state, tabs }) {
    this.api = api;
    this.store = store;
    this.state = state;
    this.tabs = tabs;
  }

  /** Show the newest messages that this browser has stored. @param {string} sessionId */
  async recall(sessionId) {
    const known = await this.store().latest(sessionId);
    const conversation = this.state.conversation(sessionId);
    if (known <= conversation.latest) return;
    const first = Math.max(1, known - RUN, conversation.latest + 1);
    conversation.add(await this.store().messages(sessionId, first, known));
    conversation.latest = Math.max(conversation.latest, known);
    this.state.changed("messages");
  }

  /**
   * Fetch the messages after the newest known `seq`. Requests of a session run one after the other,
   * so that none fetches the same messages.
   * @param {string} sessionId
   */
  async catchUp(sessionId) {
    if (isLocal(sessionId)) return;
    const before = this.#catchingUp.get(sessionId) ?? Promise.resolve();
    const next = before.catch(() => {}).then(() => this.#catchUp(sessionId));
    this.#catchingUp.set(sessionId, next);
    await next.finally(() => {
      if (this.#catchingUp.get(sessionId) === next) this.#catchingUp.delete(sessionId);
    });
  }

  /** @param {string} sessionId */
  async #catchUp(sessionId) {
    await this.recall(sessionId);
    const conversation = this.state.conversation(sessionId);
    if (!conversation.latest) {
      await this.#fetchFirst(sessionId);
      return;
    }
    for (;;) {
      const query = `after=${conversation.latest}&limit=${PAGE}`;
      const page = await this.api.request("GET", `/session/${sessionId}/messages?${query}`);
      if (page.results.length) await this.#save(sessionId, page.results);
      if (!page.has_more || !page.results.length) return;
    }
  }

  /**
   * Store a message of a stream; fetch the ones before it first if any are missing.
   * @param {string} sessionId
   * @param {import("./types.js").Message} message
   */
  async take(sessionId, message) {
    const { latest } = this.state.conversation(sessionId);
    if (message.seq <= latest) return;
    if (message.seq === latest + 1) await this.#save(sessionId, [message]);
    else await this.catchUp(sessionId);
  }

  /** @param {string} sessionId a session without messages in this browser */
  async #fetchFirst(sessionId) {
    const answer = await this.api.request("GET", `/session/${sessionId}?limit=${FIRST_PAGE}`);
    const { messages, has_more: _, ...session } = answer;
    const known = { ...this.state.sessions.get(sessionId), ...session };
    this.state.sessions.set(sessionId, known);
    this.state.changed("sessions");
    await Promise.all([this.store().putSessions([known]), this.#save(sessionId, messages)]);
  }

  /** @param {string} sessionId @param {import("./types.js").Message[]} messages */
  async #save(sessionId, messages) {
    this.state.conversation(sessionId).add(messages);
    this.state.changed("messages");
    await this.store().putMessages(sessionId, messages);
    this.#share(sessionId, messages);
  }

  /**
   * Load the messages of a run that is in view.
   * @param {string} sessionId
   * @param {number} first
   * @param {number} last
   */
  async show(sessionId, first, last) {
    const conversation = this.state.conversation(sessionId);
    const from = Math.max(1, first);
    const to = Math.min(last, conversation.latest);
    for (let run = Math.floor((from - 1) / RUN); run <= Math.floor((to - 1) / RUN); run += 1) {
      const start = run * RUN + 1;
      const end = Math.min(start + RUN - 1, conversation.latest);
      if (!hasAll(conversation, Math.max(start, from), Math.min(end, to))) {
        await this.#fetchRun(sessionId, start, end);
      }
    }
  }

  /** @param {string} sessionId @param {number} start @param {number} end */
  async #fetchRun(sessionId, start, end) {
    const name = `${sessionId}/${start}`;
    const running = this.#fetching.get(name);
    if (running) return running;
    const fetching = this.#run(sessionId, start, end).finally(() => this.#fetching.delete(name));
    this.#fetching.set(name, fetching);
    return fetching;
  }

  /** @param {string} sessionId @param {number} start @param {number} end */
  async #run(sessionId, start, end) {
    const conversation = this.state.conversation(sessionId);
    const stored = await this.store().messages(sessionId, start, end);
    // A message that is here already may be newer than the stored one.
    conversation.add(stored.filter((message) => !conversation.messages.has(message.seq)));
    this.state.changed("messages");
    if (hasAll(conversation, start, end) || isLocal(sessionId)) return;
    const query = `after=${start - 1}&limit=${end - start + 1}`;
    const page = await this.api.request("GET", `/session/${sessionId}/messages?${query}`);
    conversation.add(page.results);
    this.state.changed("messages");
    await this.store().putMessages(sessionId, page.results);
  }

  /**
   * Show what another tab has stored, if the session is loaded here.
   * @param {string} sessionId
   * @param {import("./types.js").Message[]} messages oldest first; empty when there were too many to send
   */
  async applyRemote(sessionId, messages) {
    const conversation = this.state.conversations.get(sessionId);
    if (!conversation) return;
    if (messages.length && messages[0].seq <= conversation.latest + 1) {
      conversation.add(messages);
      this.state.changed("messages");
      return;
    }
    await this.recall(sessionId);
    // A tab whose disk is full has stored nothing, so they are fetched.
    if (conversation.latest < (messages.at(-1)?.seq ?? 0)) await this.catchUp(sessionId);
  }

  /** @param {string} session_id @param {import("./types.js").Message[]} saved */
  #share(session_id, saved) {
    const user_id = this.state.account?.user_id ?? "";
    const messages = saved.length > MAX_SHARED ? [] : saved;
    this.tabs.tell({ type: "messages", user_id, session_id, messages });
  }

  /**
   * Read again which branches are current, where there are several: another device may have switched.
   * @param {string} sessionId
   */
  async refreshBranches(sessionId) {
    const conversation = this.state.conversation(sessionId);
    const { latest } = conversation;
    if (!conversation.branches.any || isLocal(sessionId)) return;
    const query = `after=${Math.max(0, latest - PAGE)}&limit=${PAGE}`;
    const page = await this.api.request("GET", `/session/${sessionId}/messages?${query}`);
    // Messages that came meanwhile know better.
    if (conversation.latest === latest) await this.#settle(sessionId, page.results);
  }

  /** Make a version of a message current, with what followed it. @param {string} sessionId @param {number} seq */
  async switchTo(sessionId, seq) {
    const path = `/session/${sessionId}/messages/${seq}/current`;
    const { results } = await this.api.request("PUT", path, { body: {} });
    await this.#settle(sessionId, results);
  }

  /** @param {string} sessionId @param {number} seq @param {"up"|"down"|null} rating null takes it back */
  async rate(sessionId, seq, rating) {
    const path = `/session/${sessionId}/messages/${seq}/feedback`;
    if (rating) await this.api.request("PUT", path, { body: { rating } });
    else await this.api.request("DELETE", path);
    const message = this.state.conversation(sessionId).messages.get(seq);
    if (!message) return;
    const { feedback: _, ...unrated } = message;
    await this.#settle(sessionId, [rating ? { ...unrated, feedback: { rating, comment: "" } } : unrated]);
  }

  /** @param {string} sessionId @param {import("./types.js").Message[]} messages */
  async #settle(sessionId, messages) {
    this.state.conversation(sessionId).settle(messages);
    this.state.changed("messages");
    await this.store().putMessages(sessionId, messages);
  }

  /** Replace a message with its tombstone. @param {string} sessionId @param {number} seq */
  async erase(sessionId, seq) {
    const conversation = this.state.conversation(sessionId);
    const message = conversation.messages.get(seq);
    if (!message) return;
    const tombstone = { ...message, content: "", parts: undefined, tool_calls: null, metadata: {}, deleted: true };
    conversation.add([tombstone]);
    this.state.changed("messages");
    await this.store().putMessages(sessionId, [tombstone]);
    this.#share(sessionId, [tombstone]);
  }

  /**
   * Fetch where topics begin, and their labels. Messages are judged after they are stored, so
   * fetched messages may not have their topic yet.
   * @param {string} sessionId
   */
  async findTopics(sessionId) {
    if (isLocal(sessionId)) return;
    const { results } = await this.api.request("GET", `/session/${sessionId}/topics`);
    const session = this.state.sessions.get(sessionId);
    if (!session) return;
    session.topics = Object.fromEntries(
      results.filter(isSure).map((/** @type {any} */ topic) => [topic.start_seq, readable(topic.label)]),
    );
    this.state.changed("messages");
    await this.store().putSessions([session]);
  }
}

/** Whether the service is sure enough of a topic's beginning to show it. @param {any} topic */
function isSure({ divider }) {
  return divider !== false;
}

/** A label of few whole words; others say less than none. @param {string} label */
function readable(label) {
  const terms = label.split(", ");
  return terms.length <= 3 && terms.every((term) => /^\p{L}[\p{L}\p{M}' -]{3,}$/u.test(term)) ? label : "";
}

/** @param {import("./state.js").Conversation} conversation @param {number} first @param {number} last */
function hasAll(conversation, first, last) {
  for (let seq = first; seq <= last; seq += 1) {
    if (!conversation.messages.has(seq)) return false;
  }
  return true;
}

/** Turns: starts one, and shows what comes of it. The library follows the streams. */

import { ApiError, TurnFailed } from "./problems.js";

/** @typedef {import("./types.js").Live} Live */
/** @typedef {import("./client/chat-sessions.js").Following} Following */
/** @typedef {Parameters<import("./api.js").Api["turn"]>[0]} Open */

// How often a growing reply is sent to other tabs.
const SHARE_MS = 80;
// Another tab that follows a turn answers well within this time.
const TABS_ANSWER_MS = 150;
const INTERRUPTED = {
  attr: null,
  code: "turn_interrupted",
  detail: "The answer was interrupted. Your text is saved.",
};

export class Replies {
  #shareTimer = 0;
  /** Turns of other clients that this tab follows, by session. @type {Map<string, Promise<void>>} */
  #joined = new Map();
  /** Sessions whose reply other tabs have been sent. @type {Set<string>} */
  #shared = new Set();

  /** Told when a turn has ended, well or not. */
  onEnded = (/** @type {string} */ _sessionId) => {};

  /**
   * @param {{api: import("./api.js").Api, state: import("./state.js").State,
   *   tabs: import("./tabs.js").Tabs, history: import("./history.js").History}} parts
   */
  constructor({ api, state, tabs, history }) {
    this.api = api;
    this.state = state;
    this.tabs = tabs;
    this.history = history;
  }

  /**
   * Send a message and follow its turn to the end. The same key again, after a reload or a lost
   * answer, comes back to the same turn.
   * @param {string} sessionId
   * @param {{client_id: string, content: string, replaces?: number, model?: string,
   *   parts?: import("./client/chat-sessions.js").Part[]}} message
   */
  async ask(sessionId, { client_id, content, ...message }) {
    // Without a network, no model is working on it yet.
    const quiet = !this.state.online;
    await this.#turn(
      { session_id: sessionId, client_id, text: "", status: "waiting", quiet },
      (client, following) =>
        client.streamChat(sessionId, content, { clientId: client_id, ...message, ...following }),
    );
  }

  /** Generate a new reply that supersedes the newest. @param {string} sessionId @param {number} seq of the newest @param {string} [model] */
  async regenerate(sessionId, seq, model) {
    await this.#turn(
      { session_id: sessionId, client_id: "", text: "", status: "waiting", replaces: seq },
      (client, following) =>
        client.streamRegenerate(sessionId, { model: model || undefined, ...following }),
    );
  }

  /**
   * Follow the turn in progress, if there is one, unless this page or another tab does already:
   * another device may have started it, or this page before it was reloaded.
   * @param {string} sessionId
   */
  async join(sessionId) {
    const { liveReplies } = this.state;
    const conversation = this.state.conversation(sessionId);
    const unanswered = conversation.messages.get(conversation.latest)?.role === "user";
    const running = this.state.sessions.get(sessionId)?.turn_in_progress || liveReplies.isFollowedElsewhere(sessionId);
    if (liveReplies.follows(sessionId) || !(unanswered || running)) return;
    liveReplies.doubt(sessionId);
    this.tabs.tell({ type: "who-is-live", user_id: this.state.account?.user_id ?? "" });
    await new Promise((resolve) => setTimeout(resolve, TABS_ANSWER_MS));
    if (liveReplies.follows(sessionId) || liveReplies.isFollowedElsewhere(sessionId)) return;
    // The tab that sends a message also follows its turn.
    if (this.state.entries(sessionId).some((entry) => entry.kind === "chat")) return;
    await this.#attach(sessionId);
    liveReplies.drop(sessionId);
    this.state.changed("live");
  }

  /** Follow the turn in progress to its end, whichever client started it. @param {string} sessionId */
  #attach(sessionId) {
    const joined =
      this.#joined.get(sessionId) ??
      this.#turn(
        { session_id: sessionId, client_id: "", text: "", status: "waiting", quiet: true },
        (client, following) => client.streamTurn(sessionId, following),
        false,
      ).finally(() => this.#joined.delete(sessionId));
    this.#joined.set(sessionId, joined);
    return joined;
  }

  /** Stop the turn; the service stores the text so far. @param {string} sessionId */
  async stop(sessionId) {
    await this.api.request("POST", `/session/${sessionId}/chat/cancel`, { body: {} });
  }

  /** Send other tabs the replies that this one follows. */
  shareAll() {
    for (const sessionId of this.state.liveReplies.followed) this.#share(sessionId);
  }

  /** The page is closed: other tabs may follow its turns. */
  leave() {
    const user_id = this.state.account?.user_id ?? "";
    for (const session_id of this.#shared) {
      this.tabs.tell({ type: "live", user_id, from: this.tabs.id, session_id, live: null });
    }
  }

  /**
   * @param {Live} live
   * @param {Open} open
   * @param {boolean} isOurs whether this page asks; otherwise it only follows what another client has asked
   */
  async #turn(live, open, isOurs = true) {
    const connection = this.#connection(live, isOurs);
    this.state.liveReplies.follow(live);
    this.#show(live, true);
    try {
      const events = this.api.turn((client, signal) => open(client, { ...signal, ...connection }));
      const isOver = await this.#read(live, events);
      if (isOver || live.turn_id === undefined) return;
      // It ended while the connection was lost.
      await this.history.catchUp(live.session_id);
      if (!this.#isAnswered(live)) throw new TurnFailed(503, [INTERRUPTED]);
    } catch (error) {
      throw await this.#failure(live, error);
    } finally {
      this.state.liveReplies.leave(live);
      this.#show(live, true);
      if (live.turn_id !== undefined) this.onEnded(live.session_id);
    }
  }

  /**
   * What the connection does to a reply that is shown. A turn whose worker has died runs again at
   * another one; after an outage, which may have been long, the user decides.
   * @param {Live} live @param {boolean} isOurs @returns {Following}
   */
  #connection(live, isOurs) {
    let failures = 0;
    let mayRunAgain = isOurs;
    return {
      onOpen: () => {
        failures = 0;
        if (isOurs) live.quiet = false;
        live.status = live.text ? "streaming" : "waiting";
        this.#show(live, true);
      },
      onBroken: () => {
        failures += 1;
        if (failures > 1) mayRunAgain = false;
        live.status = "reconnecting";
        this.#show(live, true);
      },
      mayRunAgain: (failure) => {
        const isInterrupted = !failure || failure.code === INTERRUPTED.code;
        const again = mayRunAgain && isInterrupted;
        mayRunAgain = false;
        return again;
      },
    };
  }

  /** What a turn's failure means for who waits for it. @param {Live} live @param {unknown} error */
  async #failure(live, error) {
    if (!(error instanceof ApiError)) return error;
    if (error.code === "turn_in_progress" && live.turn_id === undefined) {
      // Another client's turn is followed to its end; then this message is sent again.
      live.quiet = true;
      this.#show(live, true);
      await this.#attach(live.session_id).catch(() => {});
      return new ApiError(409, [error.problems[0]], Math.min(error.retryAfterMs ?? 0, 1_000));
    }
    const isRefused = error.code.startsWith("provider_");
    if (!isRefused && !(error instanceof TurnFailed)) return error;
    // The question is stored; what the model's server says of it ends the turn.
    await this.history.catchUp(live.session_id).catch(() => {});
    return new TurnFailed(error.status, error.problems, error.retryAfterMs);
  }

  /** @param {Live} live @param {ReturnType<Open>} events @returns {Promise<boolean>} whether the turn is over */
  async #read(live, events) {
    for await (const event of events) {
      live.turn_id = event.turn_id;
      live.quiet = false;
      if (event.type === "context") {
        live.text = "";
        live.thoughts = "";
        this.#updateMeter(live.session_id, event.context);
        await this.#takeQuestion(live, event.context.user_message);
        this.#show(live, true);
      } else if (event.type === "reasoning") {
        live.thoughts = (live.thoughts ?? "") + event.text;
        this.#show(live, false);
      } else if (event.type === "delta") {
        live.text += event.text;
        live.status = "streaming";
        this.#show(live, false);
      } else if (event.type === "message") {
        await this.history.take(live.session_id, event.message);
      } else if (event.type === "done") {
        // The `message` event may have been lost with a broken connection.
        const complete = event.state !== "done" || this.state.conversation(live.session_id).hasReply(live);
        if (!complete) await this.history.catchUp(live.session_id);
        return true;
      }
    }
    return false;
  }

  /** @param {Live} live @param {import("./types.js").Message | null} question the message that the turn answers */
  async #takeQuestion(live, question) {
    if (!question) return;
    await this.history.take(live.session_id, question);
    const conversation = this.state.conversation(live.session_id);
    if (conversation.hasReply(live)) return;
    // It has a reply already, so another device is regenerating that one.
    live.replaces ??= conversation.replyTo(question.seq) || undefined;
  }

  /** @param {Live} live */
  #isAnswered(live) {
    const conversation = this.state.conversation(live.session_id);
    if (conversation.hasReply(live)) return true;
    if (live.replaces) return conversation.latest > live.replaces;
    const question = live.client_id ? conversation.bySender(live.client_id) : undefined;
    if (!question) return !live.client_id;
    for (let seq = question.seq + 1; seq <= conversation.latest; seq += 1) {
      if (conversation.messages.get(seq)?.role === "assistant") return true;
    }
    return false;
  }

  /** Shows the size of the window that the model was sent. @param {string} sessionId @param {any} data */
  #updateMeter(sessionId, data) {
    if (this.state.open !== sessionId || !this.state.context) return;
    this.state.context = { ...this.state.context, token_count: data.token_count };
    this.state.changed("context");
  }

  /** @param {Live} live @param {boolean} atOnce whether other tabs get it now, even if they just got an update */
  #show(live, atOnce) {
    this.state.changed("live");
    if (atOnce) this.#share(live.session_id);
    else if (!this.#shareTimer) this.#shareTimer = setTimeout(() => this.#shareAllLater(), SHARE_MS);
  }

  #shareAllLater() {
    this.#shareTimer = 0;
    this.shareAll();
  }

  /** Send other tabs this tab's reply, or that there is none any longer. @param {string} session_id */
  #share(session_id) {
    const user_id = this.state.account?.user_id;
    const own = this.state.liveReplies.own(session_id);
    const live = own ? { ...own } : null;
    const before = this.#shared.delete(session_id);
    if (!user_id || !(live || before)) return;
    if (live) this.#shared.add(session_id);
    this.tabs.tell({ type: "live", user_id, from: this.tabs.id, session_id, live });
  }
}

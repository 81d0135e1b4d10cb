/** Turns: starts one, follows its stream, and reconnects when the stream breaks. */

import { ApiError, Unreachable, delay, isTransient } from "./problems.js";

/** @typedef {import("./types.js").Live} Live */
/** @typedef {AsyncGenerator<import("./types.js").ServerEvent> | null} Events */

// How often a growing reply is sent to other tabs.
const SHARE_MS = 80;
// Another tab that follows a turn answers well within this time.
const TABS_ANSWER_MS = 150;
const INTERRUPTED = {
  code: "turn_interrupted",
  detail: "The answer was interrupted. Your text is saved.",
};

/** The turn ended without a reply, and will not go on by itself. */
export class TurnEnded extends ApiError {
  /** @param {{code: string, detail: string}} error */
  constructor(error) {
    super(200, [error], 0);
  }

  get passes() {
    return false;
  }
}

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
   *   tabs: import("./tabs.js").Tabs, history: import("./history.js").History,
   *   wakeableTimer: import("./wakeable_timer.js").WakeableTimer}} parts
   */
  constructor({ api, state, tabs, history, wakeableTimer }) {
    this.api = api;
    this.state = state;
    this.tabs = tabs;
    this.history = history;
    this.wakeableTimer = wakeableTimer;
  }

  /**
   * Send a message and follow its turn to the end. The same key again, after a reload or a lost
   * answer, comes back to the same turn.
   * @param {string} sessionId
   * @param {{client_id: string, content: string, parts?: object[], replaces?: number, model?: string}} message
   */
  async ask(sessionId, { client_id, ...message }) {
    // Without a network, no model is working on it yet.
    const quiet = !this.state.online;
    await this.#turn(
      { session_id: sessionId, client_id, text: "", status: "waiting", quiet },
      (live) => this.#start(live, "chat", { ...message, client_id, stream: true }),
    );
  }

  /** Generate a new reply that supersedes the newest. @param {string} sessionId @param {number} seq of the newest @param {string} [model] */
  async regenerate(sessionId, seq, model = "") {
    await this.#turn(
      { session_id: sessionId, client_id: "", text: "", status: "waiting", replaces: seq },
      (live) => this.#start(live, "chat/regenerate", { stream: true, model: model || undefined }),
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
        (live) => this.#reopen(live),
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

  /** @param {Live} live @param {(live: Live) => Promise<Events>} open */
  async #turn(live, open) {
    this.state.liveReplies.follow(live);
    this.#show(live, true);
    try {
      const events = await open(live);
      if (events) await this.#follow(live, events);
    } finally {
      this.state.liveReplies.leave(live);
      this.#show(live, true);
      if (live.last_event_id !== undefined) this.onEnded(live.session_id);
    }
  }

  /** @param {Live} live @param {string} route @param {object} body @returns {Promise<Events>} */
  async #start(live, route, body) {
    try {
      const events = await this.api.stream("POST", `/session/${live.session_id}/${route}`, { body });
      live.quiet = false;
      this.#show(live, true);
      return events;
    } catch (error) {
      if (error instanceof ApiError && error.code.startsWith("provider_")) {
        // The question is stored; what the model's server says of it ends the turn.
        await this.history.catchUp(live.session_id).catch(() => {});
        throw new TurnEnded({ code: error.code, detail: error.message });
      }
      if (!(error instanceof ApiError) || error.code !== "turn_in_progress") throw error;
      // Another client's turn is followed to its end; then this message is sent again.
      live.quiet = true;
      this.#show(live, true);
      await this.#attach(live.session_id).catch(() => {});
      throw new ApiError(409, [{ code: "turn_in_progress" }], Math.min(error.retryAfter, 1));
    }
  }

  /** Read a turn to its end, through any number of lost connections. @param {Live} live @param {Events} events */
  async #follow(live, events) {
    while (events) {
      try {
        if (await this.#read(live, events)) return;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
      }
      // Without an event id there is nothing to resume; sending the same key again is safe.
      if (live.last_event_id === undefined) throw new Unreachable(null);
      live.status = "reconnecting";
      this.#show(live, true);
      events = await this.#reopenPersistently(live);
      live.status = live.text ? "streaming" : "waiting";
      this.#show(live, true);
    }
    await this.history.catchUp(live.session_id);
    if (!this.#isAnswered(live)) throw new TurnEnded(INTERRUPTED);
  }

  /** @param {Live} live @param {NonNullable<Events>} events @returns {Promise<boolean>} whether the turn is over */
  async #read(live, events) {
    for await (const { event, id, data } of events) {
      live.last_event_id = id;
      live.turn_id = id.split(":")[0];
      live.quiet = false;
      if (event === "context") {
        live.text = "";
        live.thoughts = "";
        this.#updateMeter(live.session_id, data);
        await this.#takeQuestion(live, data.user_message);
        this.#show(live, true);
      } else if (event === "reasoning") {
        live.thoughts = (live.thoughts ?? "") + data.text;
        this.#show(live, false);
      } else if (event === "delta") {
        live.text += data.text;
        live.status = "streaming";
        this.#show(live, false);
      } else if (event === "message") {
        await this.history.take(live.session_id, data);
      } else if (event === "error") {
        await this.history.catchUp(live.session_id).catch(() => {});
        throw new TurnEnded(data);
      } else if (event === "done") {
        // The `message` event may have been lost with a broken connection.
        const complete = data.state !== "done" || this.state.conversation(live.session_id).hasReply(live);
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

  /** @param {Live} live @returns {Promise<Events>} null when no turn is in progress */
  #reopen(live) {
    const headers =
      live.last_event_id === undefined ? undefined : { "Last-Event-ID": live.last_event_id };
    return this.api.stream("GET", `/session/${live.session_id}/chat/stream`, { headers });
  }

  /** As `#reopen`, and tries until it succeeds. @param {Live} live @returns {Promise<Events>} */
  async #reopenPersistently(live) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#reopen(live);
      } catch (error) {
        if (!isTransient(error)) throw error;
        await this.wakeableTimer.wait(delay(attempt, error));
      }
    }
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

/** Turns: asking for a reply, following it while it is written, coming back to it when cut off. */

import { ApiError, Unreachable, delay, isTransient } from "./problems.js";

/** @typedef {import("./types.js").Live} Live */
/** @typedef {AsyncGenerator<import("./types.js").ServerEvent> | null} Events */

// How often other tabs are told of a reply that grows.
const TELL_MS = 80;
// Another tab that follows a turn says so well within this time.
const TABS_ANSWER_MS = 150;
const INTERRUPTED = {
  code: "turn_interrupted",
  detail: "The answer was interrupted. Your text is kept.",
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
  #telling = 0;
  /** Turns that somebody else asked for and this tab follows, by session. @type {Map<string, Promise<void>>} */
  #joined = new Map();
  /** Sessions of which other tabs have been told that there is something to see. @type {Set<string>} */
  #told = new Set();

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
   * @param {{client_id: string, content: string}} message
   */
  async ask(sessionId, { client_id, content }) {
    // Without a network nobody is thinking about it yet.
    const quiet = !this.state.online;
    await this.#turn(
      { session_id: sessionId, client_id, text: "", status: "waiting", quiet },
      (live) => this.#start(live, "chat", { content, client_id, stream: true }),
    );
  }

  /** A new reply in the place of the newest. @param {string} sessionId @param {number} seq of the newest */
  async regenerate(sessionId, seq) {
    await this.#turn(
      { session_id: sessionId, client_id: "", text: "", status: "waiting", replaces: seq },
      (live) => this.#start(live, "chat/regenerate", { stream: true }),
    );
  }

  /**
   * Follow the turn in progress, if there is one, unless this page or another tab does already:
   * another device may have asked for it, or this page before it was reloaded.
   * @param {string} sessionId
   */
  async join(sessionId) {
    const { liveReplies } = this.state;
    const conversation = this.state.conversation(sessionId);
    const unanswered = conversation.messages.get(conversation.latest)?.role === "user";
    const running = this.state.sessions.get(sessionId)?.turn_in_progress || liveReplies.isTold(sessionId);
    if (liveReplies.follows(sessionId) || !(unanswered || running)) return;
    liveReplies.doubt(sessionId);
    this.tabs.tell({ type: "who-is-live", user_id: this.state.account?.user_id ?? "" });
    await new Promise((resolve) => setTimeout(resolve, TABS_ANSWER_MS));
    if (liveReplies.follows(sessionId) || liveReplies.isTold(sessionId)) return;
    // Whoever sends it follows it.
    if (this.state.entries(sessionId).some((one) => one.kind === "chat")) return;
    await this.#attach(sessionId);
    liveReplies.drop(sessionId);
    this.state.changed("live");
  }

  /** Follow the turn in progress to its end, whoever's it is. @param {string} sessionId */
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

  /** Keep what has been written of the reply, and end it. @param {string} sessionId */
  async stop(sessionId) {
    await this.api.request("POST", `/session/${sessionId}/chat/cancel`, { body: {} });
  }

  /** Tell other tabs of the turns that this one follows. */
  tellAll() {
    for (const sessionId of this.state.liveReplies.followed) this.#tell(sessionId);
  }

  /** This page goes; what it followed is somebody else's. */
  leave() {
    const user_id = this.state.account?.user_id ?? "";
    for (const session_id of this.#told) {
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
      if (!(error instanceof ApiError) || error.code !== "turn_in_progress") throw error;
      // Somebody else's turn is shown to its end; then it is ours.
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
      // When nothing had begun, the same key can simply be sent again.
      if (live.last_event_id === undefined) throw new Unreachable(null);
      live.status = "reconnecting";
      this.#show(live, true);
      events = await this.#reopened(live);
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
        this.#seen(live.session_id, data);
        await this.#answers(live, data.user_message);
        this.#show(live, true);
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
        // Its message may have got lost between here and the store.
        const told = data.state !== "done" || this.state.conversation(live.session_id).hasReply(live);
        if (!told) await this.history.catchUp(live.session_id);
        return true;
      }
    }
    return false;
  }

  /** @param {Live} live @param {import("./types.js").Message | null} asked what the turn answers */
  async #answers(live, asked) {
    if (!asked) return;
    await this.history.take(live.session_id, asked);
    const conversation = this.state.conversation(live.session_id);
    if (conversation.hasReply(live)) return;
    // Another device wants a new reply in the place of that one.
    live.replaces ??= conversation.replyTo(asked.seq) || undefined;
  }

  /** @param {Live} live @returns {Promise<Events>} null when no turn is in progress */
  #reopen(live) {
    const headers =
      live.last_event_id === undefined ? undefined : { "Last-Event-ID": live.last_event_id };
    return this.api.stream("GET", `/session/${live.session_id}/chat/stream`, { headers });
  }

  /** The same as often as it takes. @param {Live} live @returns {Promise<Events>} */
  async #reopened(live) {
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

  /** What the model was sent, as the meter shows it. @param {string} sessionId @param {any} data */
  #seen(sessionId, data) {
    if (this.state.open !== sessionId || !this.state.context) return;
    this.state.context = { ...this.state.context, token_count: data.token_count };
    this.state.changed("context");
  }

  /** @param {Live} live @param {boolean} atOnce whether other tabs are told even if just told */
  #show(live, atOnce) {
    this.state.changed("live");
    if (atOnce) this.#tell(live.session_id);
    else if (!this.#telling) this.#telling = setTimeout(() => this.#catchTabsUp(), TELL_MS);
  }

  #catchTabsUp() {
    this.#telling = 0;
    this.tellAll();
  }

  /** Tell other tabs what there is to see of this one's. @param {string} session_id */
  #tell(session_id) {
    const user_id = this.state.account?.user_id;
    const own = this.state.liveReplies.own(session_id);
    const live = own ? { ...own } : null;
    const before = this.#told.delete(session_id);
    if (!user_id || !(live || before)) return;
    if (live) this.#told.add(session_id);
    this.tabs.tell({ type: "live", user_id, from: this.tabs.id, session_id, live });
  }
}

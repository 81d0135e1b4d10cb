/** Turns: asking for a reply, following it while it is written, coming back to it when cut off. */

import { ApiError, Unreachable, delay, isTransient } from "./problems.js";

/** @typedef {import("./types.js").Live} Live */
/** @typedef {AsyncGenerator<import("./types.js").ServerEvent> | null} Events */

// How often other tabs are told of a reply that grows.
const TELL_MS = 80;
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
  /** The turns that this tab follows itself. @type {Map<string, Live>} */
  #followed = new Map();

  /** Told when a turn has ended, well or not. */
  onEnded = (/** @type {string} */ _sessionId) => {};

  /**
   * @param {{api: import("./api.js").Api, state: import("./state.js").State,
   *   tabs: import("./tabs.js").Tabs, history: import("./history.js").History,
   *   bell: import("./bell.js").Bell}} parts
   */
  constructor({ api, state, tabs, history, bell }) {
    this.api = api;
    this.state = state;
    this.tabs = tabs;
    this.history = history;
    this.bell = bell;
  }

  /**
   * Send a message and follow its turn to the end. The same key again, after a reload or a lost
   * answer, comes back to the same turn.
   * @param {string} sessionId
   * @param {{client_id: string, content: string}} message
   */
  async ask(sessionId, { client_id, content }) {
    await this.#turn({ session_id: sessionId, client_id, text: "", status: "waiting" }, (live) =>
      this.#start(live, "chat", { content, client_id, stream: true }),
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
   * Follow the turn in progress, if there is one: another device may have asked for it, or this
   * page before it was reloaded.
   * @param {string} sessionId
   */
  async attach(sessionId) {
    if (this.state.live.has(sessionId)) return;
    await this.#turn(
      { session_id: sessionId, client_id: "", text: "", status: "waiting" },
      (live) => this.#reopen(live),
    );
  }

  /** Keep what has been written of the reply, and end it. @param {string} sessionId */
  async stop(sessionId) {
    await this.api.request("POST", `/session/${sessionId}/chat/cancel`, { body: {} });
  }

  /** Tell other tabs of the turns that this one follows. */
  tellAll() {
    for (const live of this.#followed.values()) this.#tell(live.session_id, { ...live });
  }

  /** @param {Live} live @param {(live: Live) => Promise<Events>} open */
  async #turn(live, open) {
    this.#followed.set(live.session_id, live);
    // Without a network nobody is thinking about it yet.
    if (this.state.online) this.#show(live, true);
    try {
      const events = await open(live);
      if (events) this.#show(live, true);
      if (events) await this.#follow(live, events);
    } finally {
      this.#followed.delete(live.session_id);
      this.#hide(live.session_id);
      if (live.last_event_id !== undefined) this.onEnded(live.session_id);
    }
  }

  /** @param {Live} live @param {string} route @param {object} body @returns {Promise<Events>} */
  async #start(live, route, body) {
    try {
      return await this.api.stream("POST", `/session/${live.session_id}/${route}`, { body });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "turn_in_progress") throw error;
      // Somebody else's turn is shown to its end; then it is ours.
      const other = await this.#reopen(live);
      if (other) await this.#read(live, other).catch(() => {});
      live.last_event_id = undefined;
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
    }
    await this.history.catchUp(live.session_id);
    if (!this.#isAnswered(live)) throw new TurnEnded(INTERRUPTED);
  }

  /** @param {Live} live @param {NonNullable<Events>} events @returns {Promise<boolean>} whether the turn is over */
  async #read(live, events) {
    for await (const { event, id, data } of events) {
      live.last_event_id = id;
      if (event === "context") {
        live.text = "";
        this.#seen(live.session_id, data);
        if (data.user_message) await this.history.take(live.session_id, data.user_message);
      } else if (event === "delta") {
        live.text += data.text;
        live.status = "streaming";
        this.#show(live, false);
      } else if (event === "message") {
        // Both at once, so that the reply is never seen twice.
        const kept = this.history.take(live.session_id, data);
        this.#hide(live.session_id);
        await kept;
      } else if (event === "error") {
        await this.history.catchUp(live.session_id).catch(() => {});
        throw new TurnEnded(data);
      } else if (event === "done") {
        return true;
      }
    }
    return false;
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
        await this.bell.wait(delay(attempt, error));
      }
    }
  }

  /** @param {Live} live */
  #isAnswered(live) {
    const conversation = this.state.conversation(live.session_id);
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
    this.state.live.set(live.session_id, live);
    this.state.changed("live");
    if (atOnce) this.#tell(live.session_id, { ...live });
    else if (!this.#telling) this.#telling = setTimeout(() => this.#catchTabsUp(), TELL_MS);
  }

  #catchTabsUp() {
    this.#telling = 0;
    this.tellAll();
  }

  /** @param {string} sessionId */
  #hide(sessionId) {
    if (!this.state.live.delete(sessionId)) return;
    this.state.changed("live");
    this.#tell(sessionId, null);
  }

  /** @param {string} session_id @param {Live | null} live */
  #tell(session_id, live) {
    const user_id = this.state.account?.user_id;
    if (user_id) this.tabs.tell({ type: "live", user_id, session_id, live });
  }
}

/**
 * Connects the parts of the page and reacts to events. Views call `actions.js`, which calls this, and
 * draw the state. Writes go through the outbox; reads come from the store.
 */

import { SessionList } from "./session_list.js";
import * as credentials from "./credentials.js";
import { Drafts } from "./drafts.js";
import { History } from "./history.js";
import { isLocal } from "./identifiers.js";
import { handleTabMessage } from "./tab_messages.js";
import { Outbox } from "./outbox.js";
import { WriteResults } from "./write_results.js";
import { ApiError, SignedOut, Unreachable, inWords } from "./problems.js";
import { Replies } from "./replies.js";
import { Store } from "./store.js";

// How often other devices' messages are fetched while the page is visible.
const REFRESH_MS = 15_000;

export class Sync {
  /** The user whose store is open. */
  userId = "";
  /** @type {import("./later/attachments.js").Attachments | null} */
  #attachments = null;

  /** Called with a notice for the user. @type {(text: string, undo?: () => void) => void} */
  onNotice = () => {};

  /**
   * @param {{api: import("./api.js").Api, state: import("./state.js").State, tabs: import("./tabs.js").Tabs,
   *   wakeableTimer: import("./wakeable_timer.js").WakeableTimer}} parts
   */
  constructor({ api, state, tabs, wakeableTimer }) {
    this.api = api;
    this.state = state;
    this.tabs = tabs;
    this.wakeableTimer = wakeableTimer;
    this.store = this.#newStore();
    const parts = { api, state, tabs, wakeableTimer, store: () => this.store };
    this.drafts = new Drafts(parts);
    this.history = new History(parts);
    this.sessionList = new SessionList(parts);
    this.replies = new Replies({ ...parts, history: this.history });
    this.outbox = new Outbox({ ...parts, replies: this.replies });
    this.writeResults = new WriteResults(this);
    this.replies.onEnded = (sessionId) => this.background(() => this.writeResults.afterTurn(sessionId));
    this.outbox.onUpload = async (entry) => (await this.attachments()).upload(entry);
    this.outbox.onGivenUp = (parts) => this.#attachments?.giveUp(parts);
    this.outbox.onCreated = (localId, session) => this.writeResults.created(localId, session);
    this.outbox.onSent = (entry, answer) => this.writeResults.sent(entry, answer);
    this.outbox.onRefused = (entry, why) => this.writeResults.refused(entry, why);
    this.outbox.onTextRefused = (entry, why) => this.writeResults.takeBack(entry, why);
    api.onAccess = (access) => {
      const user_id = credentials.read()?.user_id;
      if (user_id) tabs.tell({ type: "access", access, user_id });
    };
    api.onReached = (reached) => this.online(reached);
    api.onSignedOut = (ended) => this.#askToSignIn(ended.message);
    tabs.listen((tabMessage) => this.background(() => handleTabMessage(this, tabMessage)));
  }

  /** Exports and imports; few ask for them, and their module is loaded then. */
  async transfer() {
    const { Transfer } = await import("./later/transfer.js");
    return new Transfer(this.api);
  }

  /** Pictures and files; few messages have any, and their modules are loaded then. */
  async attachments() {
    try {
      const { Attachments } = await import("./later/attachments.js");
      this.#attachments ??= new Attachments(this);
      return this.#attachments;
    } catch (error) {
      throw new Unreachable(error);
    }
  }

  // --- the account -----------------------------------------------------------------------------

  async start() {
    const { api } = this;
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => {
      this.online(false);
      api.cutStreams();
    });
    addEventListener("pagehide", () => this.replies.leave());
    addEventListener("popstate", () => this.open(sessionInAddress(), { push: false }));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#wake();
    });
    credentials.onChange(() => this.background(() => this.#accountChanged()));
    setInterval(() => this.look(), REFRESH_MS);
    if (credentials.read()) await this.begin();
    else this.state.changed("account");
  }

  /** After sign-in: show what this browser has stored, then what the service has. */
  async begin() {
    const account = credentials.read();
    if (!account) return;
    const { user_id, username } = account;
    if (this.userId !== user_id) {
      this.state.forget();
      this.store.close();
      this.store = this.#newStore();
      this.state.storage = "disk";
      await this.store.open(user_id);
      this.userId = user_id;
      await this.sessionList.reread();
    }
    this.state.account = { user_id, username };
    this.state.notice = "";
    // From here on the user may write, and means this session.
    this.state.open = sessionInAddress();
    this.state.changed("account", "storage");
    await this.outbox.load();
    this.tabs.stand(user_id, () => this.background(() => this.outbox.load()));
    this.tabs.tell({ type: "who-is-live", user_id });
    this.background(() => this.sessionList.refresh());
    this.background(() => this.#readInstructions());
    await this.open(sessionInAddress(), { push: false });
  }

  async #readInstructions() {
    this.state.instructions = (await this.store.note("instructions")) ?? "";
    const { instructions } = await this.api.request("GET", "/auth/me");
    this.state.instructions = instructions;
    await this.store.putNote("instructions", instructions);
  }

  /** Another tab has signed in or out. */
  async #accountChanged() {
    const account = credentials.read();
    if (!account && this.userId) await this.leave(false);
    else if (account && (!this.state.account || account.user_id !== this.userId)) await this.begin();
  }

  /** After sign-out: remove everything local. @param {boolean} tell other tabs */
  async leave(tell) {
    this.userId = "";
    this.tabs.resign();
    this.state.forget();
    this.#attachments = null;
    this.api.forget();
    globalThis.history.replaceState(null, "", "/");
    this.state.changed("account", "sessions", "open", "messages", "outbox", "live", "draft");
    if (tell) this.tabs.tell({ type: "signed-out" });
    this.wakeableTimer.wake();
    this.store.close();
    await Store.removeAll();
  }

  /**
   * The refresh token is dead. Everything stays until the same user signs in again.
   * @param {string} notice
   */
  #askToSignIn(notice) {
    if (!this.state.account) return;
    this.state.account = null;
    this.state.notice = notice;
    this.tabs.resign();
    this.state.changed("account");
  }

  // --- the session that is shown ---------------------------------------------------------------

  /** @param {string | null} sessionId null for a new one @param {{push?: boolean}} [options] */
  async open(sessionId, { push = true } = {}) {
    if (!this.state.account) return;
    const address = sessionId ? `/?session=${encodeURIComponent(sessionId)}` : "/";
    const same = this.state.open === sessionId;
    if (push && !same) globalThis.history.pushState(null, "", address);
    else globalThis.history.replaceState(null, "", address);
    this.state.open = sessionId;
    this.state.context = null;
    if (!same) {
      this.state.draft = "";
      this.state.parts = [];
      this.state.refusals = [];
      this.state.changed("draft");
    }
    const draft = await this.drafts.of(sessionId);
    const parts = await this.state.fresh("draft", () => this.drafts.partsOf(sessionId));
    if (sessionId) await this.history.recall(sessionId);
    // Meanwhile the user may have opened another session, or this one may have got its id.
    if (this.state.open !== sessionId) return;
    if (draft !== null) this.state.draft = draft;
    const here = this.state.parts;
    this.state.parts = [...parts.filter(({ key }) => !here.some((part) => part.key === key)), ...here];
    this.state.changed("open", "messages", "draft", "context", "live");
    if (sessionId && !isLocal(sessionId)) this.background(() => this.#visit(sessionId));
  }

  /** @param {string} sessionId */
  async #visit(sessionId) {
    if (!(await this.#caughtUp(sessionId))) return;
    this.background(() => this.plan());
    this.background(() => this.history.findTopics(sessionId));
    this.background(() => this.history.refreshBranches(sessionId));
    await this.replies.join(sessionId);
  }

  /** @param {string} sessionId @returns {Promise<boolean>} whether it still exists */
  async #caughtUp(sessionId) {
    try {
      await this.history.catchUp(sessionId);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || ![404, 410, 400].includes(error.status)) throw error;
      if (error.status !== 410) await this.sessionList.forget(sessionId);
      if (this.state.open === sessionId) await this.open(null);
      this.onNotice(inWords(error));
      return false;
    }
  }

  /** Fetch the window that the model would be sent now. */
  async plan() {
    const sessionId = this.state.open;
    if (!sessionId || isLocal(sessionId)) return;
    const plan = await this.api.request("GET", `/session/${sessionId}/context`);
    if (this.state.open !== sessionId) return;
    this.state.context = { ...plan, session_id: sessionId };
    this.state.changed("context");
  }

  /** Fetch what other devices have written. */
  look() {
    if (document.hidden || !this.state.account) return;
    this.background(async () => {
      await this.sessionList.refresh();
      const { open } = this.state;
      if (open && !isLocal(open) && (await this.#caughtUp(open))) await this.replies.join(open);
    });
  }

  // --- other tabs, the network, the disk -------------------------------------------------------

  /** Do something in the background; report its failure. @param {() => Promise<unknown>} work */
  async background(work) {
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError) this.onNotice(inWords(error));
      else if (!(error instanceof SignedOut || error instanceof Unreachable)) console.error(error);
    }
  }

  #wake() {
    this.wakeableTimer.wake();
    this.look();
  }

  /** @param {boolean} online */
  online(online) {
    if (this.state.online === online) return;
    this.state.online = online;
    this.state.changed("connection");
    if (online) this.wakeableTimer.wake();
  }

  #newStore() {
    return new Store(
      (why) => {
        this.state.storage = why;
        this.state.changed("storage");
      },
      () => this.background(() => (this.userId ? this.leave(false) : Promise.resolve())),
    );
  }
}

/** @returns {string | null} */
export function sessionInAddress() {
  return new URLSearchParams(location.search).get("session");
}

/**
 * What happens when: the one place where the page decides. Views call `actions.js`, which stands
 * on this, and draw the state that is left; what is written goes through the outbox, what is read
 * comes through the store.
 */

import { Bell } from "./bell.js";
import { Catalogue } from "./catalogue.js";
import * as credentials from "./credentials.js";
import { Drafts } from "./drafts.js";
import { History } from "./history.js";
import { isLocal } from "./identifiers.js";
import { hear } from "./news.js";
import { Outbox } from "./outbox.js";
import { ApiError, SignedOut, Unreachable, inWords } from "./problems.js";
import { Replies } from "./replies.js";
import { Store } from "./store.js";
import { Transfer } from "./transfer.js";

// Another device's messages are looked for this often while somebody looks at the page.
const LOOK_MS = 15_000;
// Another tab that follows a turn says so well within this time.
const TABS_ANSWER_MS = 150;
const TITLE_MS = 2_500;

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Session} Session */

export class Sync {
  bell = new Bell();
  /** Whose store is open. */
  userId = "";

  /** Told what to tell the user in passing. @type {(text: string, undo?: () => void) => void} */
  onNotice = () => {};

  /** @param {{api: import("./api.js").Api, state: import("./state.js").State, tabs: import("./tabs.js").Tabs}} parts */
  constructor({ api, state, tabs }) {
    this.api = api;
    this.state = state;
    this.tabs = tabs;
    this.store = this.#newStore();
    const parts = { api, state, tabs, bell: this.bell, store: () => this.store };
    this.drafts = new Drafts(parts);
    this.history = new History(parts);
    this.catalogue = new Catalogue(parts);
    this.transfer = new Transfer(api);
    this.replies = new Replies({ ...parts, history: this.history });
    this.outbox = new Outbox({ ...parts, replies: this.replies });
    this.replies.onEnded = (sessionId) => this.background(() => this.#afterTurn(sessionId));
    this.outbox.onCreated = (localId, session) => this.#created(localId, session);
    this.outbox.onSent = (entry, answer) => this.#sent(entry, answer);
    this.outbox.onRefused = (entry, why) => this.#refused(entry, why);
    api.onAccess = (access) => {
      const user_id = credentials.read()?.user_id;
      if (user_id) tabs.tell({ type: "access", access, user_id });
    };
    api.onReached = (reached) => this.online(reached);
    api.onSignedOut = () => this.#askToSignIn();
    tabs.listen((news) => this.background(() => hear(this, news)));
  }

  // --- who is here -----------------------------------------------------------------------------

  async start() {
    const { api } = this;
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => {
      this.online(false);
      api.cutStreams();
    });
    addEventListener("popstate", () => this.open(sessionInAddress(), { push: false }));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#wake();
    });
    credentials.onChange(() => this.background(() => this.#accountChanged()));
    setInterval(() => this.look(), LOOK_MS);
    if (credentials.read()) await this.begin();
    else this.state.changed("account");
  }

  /** Somebody is signed in: show what this browser has of theirs, then what the service has. */
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
      await this.catalogue.reread();
    }
    this.state.account = { user_id, username };
    this.state.notice = "";
    this.state.changed("account", "storage");
    await this.outbox.load();
    this.tabs.stand(user_id, () => this.background(() => this.outbox.load()));
    this.tabs.tell({ type: "who-is-live", user_id });
    this.background(() => this.catalogue.refresh());
    await this.open(sessionInAddress(), { push: false });
  }

  /** Another tab has signed in or out. */
  async #accountChanged() {
    const account = credentials.read();
    if (!account && this.userId) await this.leave(false);
    else if (account && (!this.state.account || account.user_id !== this.userId)) await this.begin();
  }

  /** Nobody is signed in any more: everything local goes. @param {boolean} tell other tabs */
  async leave(tell) {
    this.userId = "";
    this.tabs.resign();
    this.state.forget();
    this.api.forget();
    globalThis.history.replaceState(null, "", "/");
    this.state.changed("account", "sessions", "open", "messages", "outbox", "live", "draft");
    if (tell) this.tabs.tell({ type: "signed-out" });
    this.bell.ring();
    this.store.close();
    await Store.removeAll();
  }

  /** The refresh token is dead. Everything stays where it is until the same person is back. */
  #askToSignIn() {
    if (!this.state.account) return;
    this.state.account = null;
    this.state.notice = new SignedOut().message;
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
    this.state.draft = await this.drafts.of(sessionId);
    if (sessionId) await this.history.recall(sessionId);
    this.state.changed("open", "messages", "draft", "context", "live");
    if (sessionId && !isLocal(sessionId)) this.background(() => this.#visit(sessionId));
  }

  /** @param {string} sessionId */
  async #visit(sessionId) {
    try {
      await this.history.catchUp(sessionId);
    } catch (error) {
      if (!(error instanceof ApiError) || ![404, 410, 400].includes(error.status)) throw error;
      if (error.status !== 410) await this.catalogue.forget(sessionId);
      if (this.state.open === sessionId) await this.open(null);
      this.onNotice(inWords(error));
      return;
    }
    this.background(() => this.plan());
    this.background(() => this.history.findTopics(sessionId));
    await this.#join(sessionId);
  }

  /** Follow a turn that is in progress, unless this page or another tab does already. @param {string} sessionId */
  async #join(sessionId) {
    const conversation = this.state.conversation(sessionId);
    const unanswered = conversation.messages.get(conversation.latest)?.role === "user";
    if (!unanswered && !this.state.sessions.get(sessionId)?.turn_in_progress) return;
    await this.bell.wait(TABS_ANSWER_MS);
    if (this.state.entries(sessionId).some((one) => one.kind === "chat")) return;
    await this.replies.attach(sessionId);
  }

  /** Ask what the model would see now. */
  async plan() {
    const sessionId = this.state.open;
    if (!sessionId || isLocal(sessionId)) return;
    const plan = await this.api.request("GET", `/session/${sessionId}/context`);
    if (this.state.open !== sessionId) return;
    this.state.context = { ...plan, session_id: sessionId };
    this.state.changed("context");
  }

  /** Look for what other devices have written. */
  look() {
    if (document.hidden || !this.state.account) return;
    this.background(async () => {
      await this.catalogue.refresh();
      if (this.state.open) await this.history.catchUp(this.state.open);
      if (this.state.open && !isLocal(this.state.open)) await this.#join(this.state.open);
    });
  }

  // --- what comes of writes --------------------------------------------------------------------

  /** @param {string} localId @param {Session} session */
  async #created(localId, session) {
    const known = this.state.sessions.get(localId);
    const created = { ...session, updated_at: known?.updated_at ?? session.updated_at };
    this.state.sessions.delete(localId);
    this.state.sessions.set(session.session_id, created);
    for (const entry of this.state.entries(localId)) entry.session_id = session.session_id;
    await this.store.renameSession(localId, created);
    this.renamed(localId, session.session_id);
    const user_id = this.userId;
    this.tabs.tell({ type: "renamed", user_id, from: localId, to: session.session_id });
  }

  /** A session has got its id. @param {string} from @param {string} to */
  renamed(from, to) {
    if (this.state.open === from) {
      this.state.open = to;
      globalThis.history.replaceState(null, "", `/?session=${encodeURIComponent(to)}`);
    }
    this.state.changed("open", "sessions", "outbox");
  }

  /** @param {Entry} entry @param {any} answer */
  async #sent(entry, answer) {
    if (entry.kind === "delete") {
      this.state.outbox = this.state.outbox.filter((one) => one.session_id !== entry.session_id);
      await this.catalogue.forget(entry.session_id);
    } else if (entry.kind === "delete_message" && entry.seq) {
      await this.history.erase(entry.session_id, entry.seq);
    } else if (answer?.session_id) {
      await this.catalogue.update(answer);
    }
    if (entry.kind !== "chat" && entry.session_id === this.state.open) {
      this.background(() => this.plan());
    }
  }

  /** @param {Entry} entry @param {string} why */
  #refused(entry, why) {
    this.onNotice(why);
    // What was shown before the service agreed is shown as it is there.
    if (!isLocal(entry.session_id)) this.background(() => this.catalogue.reload(entry.session_id));
  }

  /** A session gets its title, its totals and its topics with its turns. @param {string} sessionId */
  async #afterTurn(sessionId) {
    if (!this.state.account || isLocal(sessionId)) return;
    await this.catalogue.reload(sessionId);
    if (this.state.open !== sessionId) return;
    await this.plan();
    await this.history.findTopics(sessionId);
    // A first title takes the service a moment longer than the reply.
    if (this.state.conversation(sessionId).latest > 2) return;
    await this.bell.wait(TITLE_MS);
    await this.catalogue.reload(sessionId);
  }

  // --- other tabs, the network, the disk -------------------------------------------------------

  /** Do something that may fail without anybody waiting for it. @param {() => Promise<unknown>} work */
  async background(work) {
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError) this.onNotice(inWords(error));
      else if (!(error instanceof SignedOut || error instanceof Unreachable)) console.error(error);
    }
  }

  #wake() {
    this.bell.ring();
    this.look();
  }

  /** @param {boolean} online */
  online(online) {
    if (this.state.online === online) return;
    this.state.online = online;
    this.state.changed("connection");
    if (online) this.bell.ring();
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

/**
 * The service's HTTP API, by the library in `clients/js`. Only this module sends requests and handles
 * tokens.
 */

import { ApiError, ChatSessions } from "./client/chat-sessions.js";
import * as credentials from "./credentials.js";
import { exclusively } from "./locks.js";
import { SignedOut } from "./problems.js";

const REFRESH_LOCK = "chat-token-refresh";
// An access token is renewed this long before it expires, so that no request is refused.
const MARGIN_SECONDS = 20;

/** @typedef {import("./client/chat-sessions.js").TurnEvent} TurnEvent */
/** @typedef {import("./client/chat-sessions.js").Following} Following */
/** @typedef {{body?: unknown, headers?: Record<string, string>}} Options */

export class Api {
  #access = "";
  #renewAt = 0;
  #term = new AbortController();
  #cut = new AbortController();
  #client;

  /** Called with a new access token, which other tabs can use too. */
  onAccess = (/** @type {string} */ _access) => {};

  /** Called with every request: whether the service was reached. */
  onReached = (/** @type {boolean} */ _reached) => {};

  /** Called when the refresh token is dead. */
  onSignedOut = (/** @type {SignedOut} */ _ended) => {};

  /** @param {import("./wakeable_timer.js").WakeableTimer} wakeableTimer ends the waits of broken streams */
  constructor(wakeableTimer) {
    this.#client = new ChatSessions("", {
      token: (refused) => this.#token(refused),
      fetch: (address, options) => this.#fetch(address, options),
      pause: (milliseconds) => wakeableTimer.wait(milliseconds),
      // Writes wait in the outbox, which repeats them; a turn that has begun is followed to its end.
      attempts: 1,
      resumeAttempts: Infinity,
      // What holds the session is followed instead.
      turnWaitMs: 0,
    });
  }

  /** @param {string} access */
  useAccess(access) {
    const claims = claimsOf(access);
    // By the token's own lifetime, because this machine's clock may differ from the service's.
    const lifetime = claims.exp - claims.iat;
    this.#access = access;
    this.#renewAt = performance.now() + (lifetime - Math.min(MARGIN_SECONDS, lifetime / 2)) * 1000;
  }

  get signedIn() {
    return credentials.read() !== null;
  }

  /** @param {string} username @param {string} password */
  async signIn(username, password) {
    this.#keep(await this.open("/auth/token", { username, password }));
  }

  /** @param {{username: string, password: string, email?: string, invitation?: string}} account */
  async register(account) {
    this.#keep(await this.open("/auth/register", account));
  }

  /** Forget the refresh token, and spend it if the service can be reached. */
  async signOut() {
    const account = credentials.read();
    this.forget();
    if (account) await this.open("/auth/logout", { refresh: account.refresh }).catch(() => {});
  }

  /** Nobody is signed in any more: cancel running requests. */
  forget() {
    this.#access = "";
    this.#term.abort();
    this.#term = new AbortController();
    credentials.clear();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Options} [options]
   * @returns {Promise<any>} the answer's JSON, null when there is none
   */
  request(method, path, options = {}) {
    return this.#inTerm((signal) => this.#client.call(method, path, { ...options, signal }));
  }

  /** A request without an access token. @param {string} path @param {unknown} body @param {Record<string, string>} [headers] */
  open(path, body, headers) {
    const request = { body, headers, isSigned: false };
    return this.#inTerm((signal) => this.#client.call("POST", path, { ...request, signal }));
  }

  /** @param {string} path @returns {Promise<Blob>} a file to save */
  download(path) {
    return this.#inTerm(() => this.#client.file(path));
  }

  /** Send what `fetch` cannot say the progress of. @param {(access: string, signal: AbortSignal) => Promise<Response>} post @returns {Promise<any>} */
  upload(post) {
    return this.#inTerm((signal) =>
      this.#client.callWith((access) => this.#reaching(() => post(access, signal), signal)),
    );
  }

  /**
   * A turn to its end.
   * @param {(client: ChatSessions, following: Following) => AsyncGenerator<TurnEvent>} open
   * @returns {AsyncGenerator<TurnEvent, void, void>}
   */
  async *turn(open) {
    const { signal } = this.#term;
    try {
      yield* open(this.#client, { signal });
    } catch (error) {
      throw signal.aborted ? new SignedOut() : error;
    }
  }

  /** The network is gone: end streams that would otherwise hang until they time out. */
  cutStreams() {
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  /** The token to send; another one than `refused`. @param {string} refused */
  async #token(refused) {
    const isDue = !this.#access || performance.now() > this.#renewAt;
    if (isDue || refused) await this.#refresh(refused || this.#access);
    return this.#access;
  }

  /**
   * Get a new pair of tokens, one tab at a time: a refresh token can be used once.
   * @param {string} stale the access token to replace
   */
  async #refresh(stale) {
    await exclusively(REFRESH_LOCK, async () => {
      // Another tab may have got a new token while this one waited for the lock.
      if (this.#access !== stale && performance.now() < this.#renewAt) return;
      const account = credentials.read();
      if (!account) throw this.#ended();
      await this.#renew(account.refresh);
    });
  }

  /** @param {string} refresh */
  async #renew(refresh) {
    try {
      // A lost answer has spent the token; a repeat with the same key gets the same answer.
      const headers = { "Idempotency-Key": credentials.renewal() };
      this.#keep(await this.open("/auth/token/refresh", { refresh }, headers));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      // Another tab may have spent it just before.
      const next = await credentials.successor(refresh);
      // A token that was used twice may be in somebody else's hands, and the user is told.
      if (!next) throw this.#ended(error.code === "token_reused" ? error.message : undefined);
      await this.#renew(next.refresh);
    }
  }

  /** @param {string} [reason] */
  #ended(reason) {
    const ended = new SignedOut(reason);
    this.#access = "";
    this.onSignedOut(ended);
    return ended;
  }

  /** @param {{access: string, refresh: string}} pair */
  #keep({ access, refresh }) {
    const claims = claimsOf(access);
    credentials.write({ user_id: claims.sub, username: claims.username, refresh });
    this.useAccess(access);
    this.onAccess(access);
  }

  /** Whoever has signed out meanwhile is told that. @template T @param {(signal: AbortSignal) => Promise<T>} work @returns {Promise<T>} */
  async #inTerm(work) {
    const { signal } = this.#term;
    try {
      return await work(signal);
    } catch (error) {
      throw signal.aborted ? new SignedOut() : error;
    }
  }

  /** @param {RequestInfo | URL} address @param {RequestInit} [options] */
  #fetch(address, options = {}) {
    const isStream = new Headers(options.headers).get("Accept") === "text/event-stream";
    const term = options.signal ?? this.#term.signal;
    const signal = isStream ? AbortSignal.any([term, this.#cut.signal]) : term;
    return this.#reaching(() => fetch(address, { ...options, signal }), term);
  }

  /** Note whether the service was reached. @param {() => Promise<Response>} send @param {AbortSignal} signal */
  async #reaching(send, signal) {
    try {
      const response = await send();
      this.onReached(true);
      return response;
    } catch (error) {
      if (!signal.aborted) this.onReached(false);
      throw error;
    }
  }
}

/** @param {string} token a JWT; the service verifies its signature */
function claimsOf(token) {
  const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

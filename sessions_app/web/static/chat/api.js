/**
 * The service's HTTP API. Only this module sends requests and handles tokens.
 */

import * as credentials from "./credentials.js";
import { serverEvents } from "./events.js";
import { exclusively } from "./locks.js";
import { ApiError, SignedOut, Unreachable } from "./problems.js";

const REFRESH_LOCK = "chat-token-refresh";
// An access token is renewed this long before it expires, so that no request is refused.
const MARGIN_SECONDS = 20;
const SILENCE_MS = 30_000;

/** @typedef {{body?: unknown, headers?: Record<string, string>}} Options */

export class Api {
  #access = "";
  #renewAt = 0;
  #term = new AbortController();
  #cut = new AbortController();

  /** Called with a new access token, which other tabs can use too. */
  onAccess = (/** @type {string} */ _access) => {};

  /** Called with every request: whether the service was reached. */
  onReached = (/** @type {boolean} */ _reached) => {};

  /** Called when the refresh token is dead. */
  onSignedOut = (/** @type {SignedOut} */ _ended) => {};

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
  async request(method, path, options = {}) {
    return answer(await this.#authorized((access) => this.#fetch(method, path, options, access)));
  }

  /** @param {string} path @returns {Promise<Blob>} a file to save */
  async download(path) {
    const response = await this.#authorized((access) => this.#fetch("GET", path, {}, access));
    if (!response.ok) throw await failure(response);
    try {
      return await response.blob();
    } catch (error) {
      throw new Unreachable(error);
    }
  }

  /** Send what `fetch` cannot say the progress of. @param {(access: string, signal: AbortSignal) => Promise<Response>} post */
  async upload(post) {
    return answer(await this.#authorized((access) => this.#reaching((signal) => post(access, signal))));
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Options} [options]
   * @returns {Promise<AsyncGenerator<import("./types.js").ServerEvent> | null>} null for 204
   */
  async stream(method, path, options = {}) {
    const headers = { Accept: "text/event-stream", ...options.headers };
    const asked = { ...options, headers };
    const response = await this.#authorized((access) => this.#fetch(method, path, asked, access));
    if (!response.ok) throw await failure(response);
    if (response.status === 204 || !response.body) return null;
    return watched(response.body, this.#cut.signal);
  }

  /** The network is gone: end streams that would otherwise hang until they time out. */
  cutStreams() {
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  /** Send with an access token, and with a new one where that is refused. @param {(access: string) => Promise<Response>} send */
  async #authorized(send) {
    if (!this.#access || performance.now() > this.#renewAt) await this.#refresh(this.#access);
    const used = this.#access;
    const response = await send(used);
    if (response.status !== 401) return response;
    const refused = await failure(response.clone());
    // A wrong password in the body is a 401 as well; another token would not help.
    if (refused.errors.some((problem) => problem.attr)) return response;
    await this.#refresh(used);
    return send(this.#access);
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

  /** A request without an access token. @param {string} path @param {unknown} body @param {Record<string, string>} [headers] */
  async open(path, body, headers) {
    return answer(await this.#fetch("POST", path, { body, headers }, ""));
  }

  /** @param {string} method @param {string} path @param {Options} options @param {string} access */
  #fetch(method, path, { body, headers }, access) {
    return this.#reaching((signal) => fetch(path, {
      method,
      signal,
      cache: "no-store",
      credentials: "omit",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(access ? { Authorization: `Bearer ${access}` } : {}),
        ...headers,
      },
    })); // prettier-ignore
  }

  /** Note whether the service was reached. @param {(signal: AbortSignal) => Promise<Response>} send */
  async #reaching(send) {
    const { signal } = this.#term;
    try {
      const response = await send(signal);
      this.onReached(true);
      return response;
    } catch (error) {
      if (!signal.aborted) this.onReached(false);
      throw signal.aborted ? new SignedOut() : new Unreachable(error);
    }
  }
}

/** @param {Response} response */
async function answer(response) {
  if (!response.ok) throw await failure(response);
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (error) {
    throw new Unreachable(error);
  }
}

/** @param {Response} response */
async function failure(response) {
  const body = await response.json().catch(() => ({}));
  const after = Number(response.headers.get("Retry-After")) || 0;
  return new ApiError(response.status, Array.isArray(body.errors) ? body.errors : [], after);
}

/**
 * The events of a stream. Raises Unreachable when the connection breaks, or when no heartbeat comes.
 * @param {ReadableStream<Uint8Array>} body
 * @param {AbortSignal} cut
 */
async function* watched(body, cut) {
  const alive = new AbortController();
  let silence = 0;
  const restartTimer = () => {
    clearTimeout(silence);
    silence = setTimeout(() => alive.abort(), SILENCE_MS);
  };
  const watch = new TransformStream({
    transform(chunk, controller) {
      restartTimer();
      controller.enqueue(chunk);
    },
  });
  restartTimer();
  try {
    const signal = AbortSignal.any([cut, alive.signal]);
    yield* serverEvents(body.pipeThrough(watch, { signal }));
  } catch (error) {
    throw new Unreachable(error);
  } finally {
    clearTimeout(silence);
  }
}

/** @param {string} token a JWT; the service verifies its signature */
function claimsOf(token) {
  const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * A client of the chat-sessions service, for browsers and Node; no dependencies.
 *
 * Requests are repeated where that is safe, keys make a write happen once, and a streamed turn
 * survives its connection (the recipe in docs/turns.md).
 */

/** @typedef {{access: string, refresh: string}} TokenPair */
/** @typedef {{code: string, detail: string, attr: string | null}} Problem */
/**
 * @typedef {object} Message a stored message; a tombstone where `deleted`
 * @property {string} id
 * @property {number} seq
 * @property {"system" | "user" | "assistant" | "tool"} role
 * @property {string} content
 * @property {string} timestamp
 * @property {number} token_count
 * @property {number | null} topic
 * @property {boolean} topic_shift
 * @property {string | null} client_id
 * @property {string | null} name
 * @property {object[] | null} tool_calls
 * @property {string | null} tool_call_id
 * @property {Record<string, string>} metadata
 * @property {boolean} deleted
 * @property {number | null} superseded_by
 * @property {string} [reasoning]
 * @property {Part[]} [parts] where it is more than text
 */
/**
 * @typedef {object} Part a text, or a picture, a file or a sound by its id or its address
 * @property {"text" | "image" | "file" | "audio"} type
 * @property {string} [text]
 * @property {string} [attachment_id]
 * @property {string} [url]
 * @property {string} [name]
 * @property {string} [alt]
 * @property {"auto" | "low" | "high"} [detail]
 */
/**
 * @typedef {object} Attachment a picture, a file or a sound that is kept
 * @property {string} attachment_id
 * @property {string} file_id
 * @property {string} media_type
 * @property {number} size
 * @property {string} name
 * @property {string} sha256
 * @property {number | null} width
 * @property {number | null} height
 * @property {number} tokens
 * @property {boolean} thumbnail whether there is a small picture of it
 * @property {string} note why no text could be read in it
 */
/**
 * @typedef {object} Session
 * @property {string} session_id
 * @property {string} user_id
 * @property {string} title
 * @property {"active" | "archived"} status
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} expires_at
 * @property {number} message_count
 * @property {number} token_count
 * @property {Record<string, string>} metadata
 * @property {Record<string, unknown>} context_policy
 * @property {number} context_start
 * @property {boolean} turn_in_progress
 * @property {string | null} external_id
 * @property {string[]} tags
 * @property {boolean} pinned
 * @property {boolean} temporary
 */
/** @typedef {{id: string, session_count: number, updated_at: string}} EndUser a user of an application */
/** @typedef {Session & {messages: Message[], has_more: boolean}} SessionWithMessages */
/**
 * @typedef {object} MessageDraft
 * @property {string} [content]
 * @property {Part[]} [parts]
 * @property {Message["role"]} [role]
 * @property {string} [client_id]
 * @property {string} [name]
 * @property {object[]} [tool_calls]
 * @property {string} [tool_call_id]
 * @property {Record<string, string>} [metadata]
 */
/**
 * What comes of a turn. `restarted`: the turn runs anew, and what was shown of the reply is void.
 * `turn_id` is that of the reply's `generation`.
 * @typedef {{turn_id: string} & (
 *     {type: "context", context: {token_count: number, kept: number, dropped: number, user_message: Message | null}}
 *   | {type: "reasoning", text: string}
 *   | {type: "delta", text: string}
 *   | {type: "tool_calls", tool_calls: object[]}
 *   | {type: "restarted"}
 *   | {type: "message", message: Message}
 *   | {type: "done", state: "done" | "cancelled"})} TurnEvent
 */
/**
 * How a turn is followed.
 * @typedef {object} Following
 * @property {AbortSignal} [signal] ends the following; the turn goes on
 * @property {() => void} [onOpen] called when events can come, also after a break
 * @property {() => void} [onBroken] called when the connection is lost, and for each vain attempt
 * @property {(failure: TurnFailed | null) => boolean} [mayRunAgain] whether a turn that failed, or
 *   was over (null) when its stream could be resumed, is asked for again under its key; always by
 *   default: one that has its reply shows it, one that was interrupted is run again
 */
/**
 * `messages` are results of tools, `parameters` the model's own, such as `tools`.
 * @typedef {Following & {clientId?: string, model?: string, maxTokens?: number, replaces?: number,
 *   messages?: MessageDraft[], parts?: Part[], parameters?: Record<string, unknown>}} ChatOptions
 */
/**
 * @typedef {object} Options
 * @property {string} [apiKey] an API key, or a service key with
 * @property {string} [endUser] the id of the user that it speaks for; or
 * @property {TokenPair} [tokens] a sign-in; or
 * @property {string} [username] with
 * @property {string} [password]
 * @property {(pair: TokenPair) => void} [onTokens] called with each new pair of tokens; or
 * @property {(refused: string) => string | Promise<string>} [token] gives the access token to send,
 *   where others keep it; a newer one than `refused`, if that is not empty
 * @property {Record<string, string>} [headers] sent with every request
 * @property {number} [attempts] failures in a row that end a call
 * @property {number} [resumeAttempts] the same for a turn whose stream has begun
 * @property {number} [firstPauseMs] doubled with each failure
 * @property {number} [longestPauseMs] a longer `Retry-After` is raised as the error
 * @property {number} [turnWaitMs] how long a turn waits for another one in its session
 * @property {number} [silenceMs] a stream that is silent for so long is broken
 * @property {(ms: number) => Promise<unknown>} [pause] waits between attempts; it may end early
 * @property {typeof fetch} [fetch]
 */
/**
 * @typedef {object} Request
 * @property {Record<string, string | number | boolean | undefined>} [query]
 * @property {unknown} [body]
 * @property {Blob} [content] a body that is no JSON
 * @property {Record<string, string>} [headers]
 * @property {boolean} [repeatable] whether it may be sent again when its answer was lost
 * @property {boolean} [isSigned]
 * @property {boolean} [namesEndUser] false for routes about all of an application's users
 * @property {AbortSignal} [signal]
 */

/** The service refused or failed; `code` is for programs, the message for people. */
export class ApiError extends Error {
  /** @param {number} status @param {Problem[]} problems @param {number | null} retryAfterMs */
  constructor(status, problems, retryAfterMs = null) {
    super(problems.map((problem) => problem.detail).join("; ") || `The service answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.problems = problems;
    /** @type {string} empty where the answer was not the service's own */
    this.code = problems[0]?.code ?? "";
    /** @type {string | null} the field that is wrong */
    this.attr = problems[0]?.attr ?? null;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A turn that ended without a reply. The question is stored; the same key runs the turn again. */
export class TurnFailed extends ApiError {}

/** There was no answer: the connection failed, broke, or was silent. */
export class Unreachable extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("The service cannot be reached.", { cause });
    this.name = "Unreachable";
  }
}

// Nothing was done of a request that was refused so.
const REFUSED_FOR_NOW = new Set([
  "overloaded", "overtaken", "proof_in_progress", "provider_busy", "search_in_progress",
  "storage_unavailable", "throttled", "too_many_own_turns", "too_many_turns", "turn_in_progress",
  "turn_interrupted",
]);
const NOT_ANSWERED = new Set([408, 429, 502, 503, 504]);
// A token is renewed this long before it ends.
const MARGIN_MS = 20_000;

/** @returns {string} an idempotency key: made once for one write and all its repeats */
export function newKey() {
  // `randomUUID` is missing on pages that came over plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A header's text whose bytes are UTF-8; fetch takes one character for each byte. @param {string} text */
function utf8(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

export class ChatSessions {
  #base;
  #options;
  #fetch;
  /** @type {TokenPair | null} */
  #tokens = null;
  #renewAt = 0;
  #renewalKey = newKey();
  /** @type {Promise<void> | null} */
  #renewal = null;

  /** @param {string} base the service's address @param {Options} options */
  constructor(base, options) {
    const { apiKey, endUser, tokens, token, username, password, attempts = 5 } = options;
    if (endUser !== undefined && !apiKey)
      throw new TypeError("An endUser is named with a service key as the apiKey.");
    if (!apiKey === !(tokens || token || (username && password)))
      throw new TypeError("Pass an apiKey, or tokens, or a token function, or a username and a password.");
    this.#base = base.replace(/\/+$/, "");
    this.#options = {
      attempts, resumeAttempts: attempts, firstPauseMs: 250, longestPauseMs: 30_000,
      turnWaitMs: 120_000, silenceMs: 30_000, headers: {}, pause: timer, ...options,
    };
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    if (tokens) this.#use(tokens);
  }

  /** The same client for a user of the application whose service key it has. @param {string} endUser @returns {ChatSessions} */
  forEndUser(endUser) {
    return new ChatSessions(this.#base, { ...this.#options, endUser });
  }

  /**
   * Create a session, or open the one that has this `external_id` already. It is sent under a key,
   * so that sending it again creates no second one.
   * @param {{title?: string, system_prompt?: string, metadata?: Record<string, string>,
   *   ttl_seconds?: number, context_policy?: object, messages?: MessageDraft[],
   *   external_id?: string, tags?: string[], pinned?: boolean, temporary?: boolean}} [draft]
   * @returns {Promise<Session>}
   */
  createSession(draft = {}) {
    const headers = { "Idempotency-Key": newKey() };
    return this.call("POST", "/session/create", { body: draft, headers });
  }

  /** A session and its newest messages. @param {string} id @param {{limit?: number}} [query] @returns {Promise<SessionWithMessages>} */
  getSession(id, query = {}) {
    return this.call("GET", path(id), { query });
  }

  /** @param {string} id @param {{title?: string, metadata?: Record<string, string>, ttl_seconds?: number | null, context_policy?: object, tags?: string[], pinned?: boolean}} changes @returns {Promise<Session>} */
  updateSession(id, changes) {
    return this.call("PATCH", path(id), { body: changes });
  }

  /** @param {string} id @returns {Promise<null>} */
  deleteSession(id) {
    return this.call("DELETE", path(id));
  }

  /** A session that begins with this one's history; sent under a key, so once. @param {string} id @param {{up_to_seq?: number, title?: string}} [how] @returns {Promise<Session>} */
  forkSession(id, how = {}) {
    const headers = { "Idempotency-Key": newKey() };
    return this.call("POST", path(id, "fork"), { body: how, headers });
  }

  /** @param {string} id @returns {Promise<Session>} */
  archiveSession(id) {
    return this.call("POST", path(id, "archive"), { body: {} });
  }

  /** @param {string} id @returns {Promise<Session>} */
  restoreSession(id) {
    return this.call("POST", path(id, "restore"), { body: {} });
  }

  /** Append one message, once. @param {string} id @param {MessageDraft} draft @returns {Promise<Message>} */
  appendMessage(id, draft) {
    return this.call("POST", path(id, "message"), { body: { client_id: newKey(), ...draft } });
  }

  /** Append up to 100 messages, all or none, once. @param {string} id @param {MessageDraft[]} messages @param {string} [key] @returns {Promise<Message[]>} */
  async appendMessages(id, messages, key = newKey()) {
    const headers = { "Idempotency-Key": key };
    const answer = await this.call("POST", path(id, "messages"), { body: { messages }, headers });
    return answer.messages;
  }

  /** Erase a message's content; its `seq` stays. @param {string} id @param {number} seq @returns {Promise<null>} */
  eraseMessage(id, seq) {
    return this.call("DELETE", path(id, "messages", seq));
  }

  /** Keep a picture, a file or a sound for a session; a message's `parts` then name it. @param {string} id @param {Blob} content @param {{name?: string}} [query] @returns {Promise<Attachment>} */
  uploadAttachment(id, content, query = {}) {
    const headers = { "Content-Type": content.type || "application/octet-stream" };
    return this.call("POST", path(id, "attachments"), { query, content, headers });
  }

  /** The bytes of an attachment, or its small picture. @param {string} attachmentId @param {{thumbnail?: boolean}} [options] @returns {Promise<Blob>} */
  attachment(attachmentId, { thumbnail = false } = {}) {
    const route = `/attachments/${encodeURIComponent(attachmentId)}`;
    return this.file(thumbnail ? `${route}/thumbnail` : route);
  }

  /** What a model would be sent now, and why. @param {string} id @param {{max_tokens?: number, strategy?: string, query?: string}} [query] @returns {Promise<any>} */
  context(id, query = {}) {
    return this.call("GET", path(id, "context"), { query });
  }

  /** @param {string} id @returns {Promise<any>} */
  topics(id) {
    return this.call("GET", path(id, "topics"));
  }

  /** @param {string} text @param {{limit?: number}} [query] @returns {Promise<any>} */
  search(text, query = {}) {
    return this.call("GET", "/session/search", { query: { q: text, ...query } });
  }

  /** Stop the turn in progress; null where there is none. @param {string} id @returns {Promise<any>} */
  cancelTurn(id) {
    return this.call("POST", path(id, "chat", "cancel"), { body: {} });
  }

  /**
   * All your sessions, newest activity first; those of a filter, newest created first.
   * @param {{status?: "active" | "archived", pageSize?: number, tag?: string, pinned?: boolean,
   *   metadata?: Record<string, string>}} [query]
   * @returns {AsyncGenerator<Session, void, void>}
   */
  async *sessions({ status = "active", pageSize = 100, tag, pinned, metadata = {} } = {}) {
    const named = Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value]);
    /** @type {string | undefined} */
    let cursor;
    do {
      const query = { status, limit: pageSize, cursor, tag, pinned, ...Object.fromEntries(named) };
      const page = await this.call("GET", "/session", { query });
      yield* page.results;
      cursor = page.next && new URL(page.next).searchParams.get("cursor");
    } while (cursor);
  }

  /**
   * All users of the application that have sessions, in the order of their ids.
   * @param {{pageSize?: number}} [query]
   * @returns {AsyncGenerator<EndUser, void, void>}
   */
  async *users({ pageSize = 100 } = {}) {
    yield* this.#pages("/users", { limit: pageSize });
  }

  /**
   * All sessions of a user of the application, newest activity first.
   * @param {string} endUser
   * @param {{status?: "active" | "archived", pageSize?: number}} [query]
   * @returns {AsyncGenerator<Session, void, void>}
   */
  async *userSessions(endUser, { status = "active", pageSize = 100 } = {}) {
    const route = `/users/${encodeURIComponent(endUser)}/sessions`;
    yield* this.#pages(route, { status, limit: pageSize });
  }

  /** Erase a user of the application; the answer has the receipt and the proof. @param {string} endUser @param {{proof?: boolean}} [query] @returns {Promise<any>} */
  eraseUser(endUser, query = {}) {
    const route = `/users/${encodeURIComponent(endUser)}`;
    return this.call("DELETE", route, { query, namesEndUser: false });
  }

  /** @param {string} route @param {{status?: string, limit: number}} query @returns {AsyncGenerator<any, void, void>} */
  async *#pages(route, query) {
    /** @type {string | undefined} */
    let cursor;
    do {
      const page = await this.call("GET", route, {
        query: { ...query, cursor }, namesEndUser: false,
      });
      yield* page.results;
      cursor = page.next && new URL(page.next).searchParams.get("cursor");
    } while (cursor);
  }

  /**
   * A session's messages after a `seq`, oldest first.
   * @param {string} id
   * @param {{after?: number, pageSize?: number}} [query]
   * @returns {AsyncGenerator<Message, void, void>}
   */
  async *messages(id, { after = 0, pageSize = 100 } = {}) {
    for (let more = true; more; ) {
      const page = await this.call("GET", path(id, "messages"), {
        query: { after, limit: pageSize },
      });
      yield* page.results;
      after = page.results.at(-1)?.seq ?? after;
      more = page.has_more && page.results.length > 0;
    }
  }

  /** A whole session as a file. @param {string} id @param {"json" | "jsonl" | "markdown"} [format] @returns {Promise<Blob>} */
  export(id, format = "json") {
    return this.file(path(id, "export"), { format });
  }

  /** The answer of a route that gives bytes. @param {string} route @param {Record<string, string>} [query] @returns {Promise<Blob>} */
  async file(route, query = {}) {
    const patience = this.#patience(true);
    for (;;) {
      try {
        const response = await this.#sent("GET", route, { query, headers: { Accept: "*/*" } });
        return await reached(response.blob());
      } catch (error) {
        await patience.wait(error);
      }
    }
  }

  /**
   * Run a turn; its events as they come, whatever happens to the connection. The same `clientId`
   * shows the same turn, and never asks twice.
   * @param {string} id
   * @param {string} content
   * @param {ChatOptions} [options]
   * @returns {AsyncGenerator<TurnEvent, void, void>}
   */
  streamChat(id, content, { clientId = newKey(), model, maxTokens, replaces, messages, parts, parameters, ...following } = {}) {
    const body = {
      ...parameters, content: content || undefined, messages, parts, client_id: clientId, model,
      max_tokens: maxTokens, replaces, stream: true,
    };
    return this.#followed(id, path(id, "chat"), body, following);
  }

  /**
   * Have the model answer the last user message again.
   * @param {string} id
   * @param {Following & {clientId?: string, model?: string, maxTokens?: number}} [options]
   * @returns {AsyncGenerator<TurnEvent, void, void>}
   */
  streamRegenerate(id, { clientId = newKey(), model, maxTokens, ...following } = {}) {
    const body = { client_id: clientId, model, max_tokens: maxTokens, stream: true };
    return this.#followed(id, path(id, "chat", "regenerate"), body, following);
  }

  /** The turn in progress from its beginning, whoever asked; nothing where there is none. @param {string} id @param {Following} [following] @returns {AsyncGenerator<TurnEvent, void, void>} */
  streamTurn(id, following = {}) {
    return this.#followed(id, "", null, following);
  }

  /**
   * Run a turn and wait for its end.
   * @param {string} id
   * @param {string} content
   * @param {ChatOptions} [options]
   * @returns {Promise<Message | null>} null where it was cancelled before the first word
   */
  async chat(id, content, options = {}) {
    let reply = null;
    for await (const event of this.streamChat(id, content, options)) {
      if (event.type === "restarted") reply = null;
      if (event.type === "message") reply = event.message;
    }
    return reply;
  }

  /**
   * Call a route; null for an answer without a body.
   * @param {string} method @param {string} route @param {Request} [request]
   * @returns {Promise<any>}
   */
  async call(method, route, request = {}) {
    const patience = this.#patience(request.repeatable ?? true, request.signal);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.#sent(method, route, request);
        return response.status === 204 ? null : await reached(response.json(), request.signal);
      } catch (error) {
        // What an earlier attempt has deleted is not there any more.
        if (method === "DELETE" && attempt > 1 && isStatus(error, 404)) return null;
        await patience.wait(error);
      }
    }
  }

  /**
   * Call a route, once, with a request of your own, such as an upload whose progress is shown.
   * @param {(token: string) => Promise<Response>} send
   * @returns {Promise<any>}
   */
  async callWith(send) {
    const response = await this.#authorized((token) => reached(send(token)));
    if (!response.ok) throw await refusal(response);
    return response.status === 204 ? null : reached(response.json());
  }

  /** Send with a token, and with a new one where that is refused. @param {(token: string) => Promise<Response>} send */
  async #authorized(send) {
    const used = await this.#access("");
    const response = await send(used);
    if (response.status !== 401 || this.#options.apiKey) return response;
    const { attr, code } = await refusal(response.clone());
    // A wrong password in the body is a 401, too; another token would not help.
    if (attr !== null || (code === "user_erased" && !this.#options.token)) return response;
    return send(await this.#access(used));
  }

  /**
   * A turn to its end, over as many connections as it takes; without a `body` the one in progress.
   * @param {string} id @param {string} route @param {object | null} body @param {Following} following
   * @returns {AsyncGenerator<TurnEvent, void, void>}
   */
  async *#followed(id, route, body, { signal, onOpen, onBroken, mayRunAgain = () => true }) {
    const follower = new Follower();
    const patience = this.#patience(true, signal);
    const begin = () => {
      follower.hasBegun = false;
      return this.#sent("POST", route, { body, headers: { Accept: "text/event-stream" }, signal });
    };
    const resume = () =>
      this.#sent("GET", path(id, "chat", "stream"), {
        headers: {
          Accept: "text/event-stream",
          ...(follower.lastId ? { "Last-Event-ID": follower.lastId } : {}),
        },
        signal,
      });
    while (!follower.ended) {
      try {
        let response = await (follower.lastId || !body ? resume() : begin());
        if (response.status === 204) {
          if (!body || !mayRunAgain(null)) return;
          follower.lastId = ""; // over: the POST tells the result
          response = await begin();
        }
        onOpen?.();
        for await (const event of serverEvents(response, this.#options.silenceMs, signal)) {
          yield* follower.take(event);
          patience.progressed();
          if (follower.ended) return;
        }
        throw new Unreachable("the stream broke off");
      } catch (error) {
        if (error instanceof TurnFailed && !mayRunAgain(error)) throw error;
        const pause = patience.pauseAfter(error, follower.hasBegun);
        onBroken?.();
        await patience.rest(pause);
      }
    }
  }

  /** @param {boolean} repeatable @param {AbortSignal} [signal] */
  #patience(repeatable, signal) {
    return new Patience(this.#options, repeatable, signal);
  }

  /** A successful answer, whose body is still to be read. @param {string} method @param {string} route @param {Request} request @returns {Promise<Response>} */
  async #sent(method, route, request) {
    const send = (/** @type {string} */ token) => this.#fetched(method, route, request, token);
    const response = await (request.isSigned ?? true ? this.#authorized(send) : send(""));
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** The token to send: a newer one than `refused`, if that is not empty. @param {string} refused */
  async #access(refused) {
    const { apiKey, token } = this.#options;
    if (apiKey) return apiKey;
    if (token) return token(refused);
    if (refused || performance.now() >= this.#renewAt) await this.#renewed(refused);
    return /** @type {TokenPair} */ (this.#tokens).access;
  }

  /** @param {string} method @param {string} route @param {Request} request @param {string} token */
  #fetched(method, route, { query = {}, body, content, headers, signal, namesEndUser = true }, token) {
    const { endUser } = this.#options;
    const named = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(named.map(([name, value]) => [name, String(value)]));
    return reached(
      this.#fetch(`${this.#base}${route}${named.length ? `?${search}` : ""}`, {
        method,
        signal,
        cache: "no-store",
        credentials: "omit",
        body: body === undefined ? content : JSON.stringify(body),
        headers: {
          Accept: "application/json",
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...this.#options.headers,
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
          ...(endUser !== undefined && namesEndUser ? { "X-End-User": utf8(endUser) } : {}),
          ...headers,
        },
      }),
      signal,
    );
  }

  /** Buy new tokens, once for all calls that need them. @param {string} stale */
  async #renewed(stale) {
    if (stale && stale !== this.#tokens?.access) return;
    this.#renewal ??= this.#bought().finally(() => (this.#renewal = null));
    await this.#renewal;
  }

  async #bought() {
    const { username, password } = this.#options;
    // A refresh token is spent once; with the key, a lost answer can be asked for again.
    const headers = { "Idempotency-Key": this.#renewalKey };
    if (this.#tokens) {
      const body = { refresh: this.#tokens.refresh };
      try {
        const open = { body, headers, isSigned: false };
        return this.#keep(await this.call("POST", "/auth/token/refresh", open));
      } catch (error) {
        if (!isStatus(error, 401) || !password) throw error;
      }
    }
    const open = { body: { username, password }, isSigned: false };
    this.#keep(await this.call("POST", "/auth/token", open));
  }

  /** @param {TokenPair} pair */
  #keep(pair) {
    this.#use(pair);
    this.#renewalKey = newKey();
    this.#options.onTokens?.(pair);
  }

  /** @param {TokenPair} pair */
  #use(pair) {
    this.#tokens = pair;
    this.#renewAt = performance.now() + lifetimeMs(pair.access);
  }
}

/** What is left of a call's patience. */
class Patience {
  #failures = 0;
  #waited = 0;

  /** @param {Required<Pick<Options, "attempts" | "resumeAttempts" | "firstPauseMs" | "longestPauseMs" | "turnWaitMs" | "pause">>} options @param {boolean} repeatable @param {AbortSignal} [signal] */
  constructor(options, repeatable, signal) {
    this.options = options;
    this.repeatable = repeatable;
    this.signal = signal;
  }

  progressed() {
    this.#failures = 0;
  }

  /** Wait before the next attempt, or throw the error where there is to be none. @param {unknown} error */
  async wait(error) {
    await this.rest(this.pauseAfter(error, false));
  }

  /** @param {number} pause */
  async rest(pause) {
    await this.options.pause(pause);
    this.signal?.throwIfAborted();
  }

  /**
   * Milliseconds until the next attempt; throws the error where there is to be none.
   * @param {unknown} error
   * @param {boolean} hasBegun whether it is a turn of which something has come
   */
  pauseAfter(error, hasBegun) {
    const pause = this.signal?.aborted ? null : this.#pause(error, hasBegun);
    if (pause === null) throw error;
    return pause;
  }

  /** @param {unknown} error @param {boolean} hasBegun */
  #pause(error, hasBegun) {
    const { attempts, resumeAttempts, firstPauseMs, longestPauseMs, turnWaitMs } = this.options;
    if (!this.#mayRepeat(error)) return null;
    const doubled = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures);
    const after = error instanceof ApiError ? error.retryAfterMs : null;
    // Never all at once: clients that failed together come back one by one.
    const pause =
      after === null ? (doubled * (1 + Math.random())) / 2 : after + (doubled * Math.random()) / 2;
    if (error instanceof ApiError && error.code === "turn_in_progress") {
      this.#waited += pause;
      return this.#waited <= turnWaitMs ? pause : null;
    }
    this.#failures += 1;
    return this.#failures < (hasBegun ? resumeAttempts : attempts) ? pause : null;
  }

  /** @param {unknown} error */
  #mayRepeat(error) {
    if (error instanceof Unreachable) return this.repeatable;
    if (!(error instanceof ApiError)) return false;
    if ((error.retryAfterMs ?? 0) > this.options.longestPauseMs) return false;
    if (REFUSED_FOR_NOW.has(error.code)) return true;
    return this.repeatable && !error.code && NOT_ANSWERED.has(error.status);
  }
}

/** What has been seen of a turn. An event's id counts the characters up to it. */
class Follower {
  lastId = "";
  hasBegun = false;
  ended = false;
  #turnId = "";
  #characters = 0;
  #thoughts = 0;
  #planned = false;
  #replied = false;
  #calls = false;

  /** What is new in an event. @param {{name: string, id: string, data: any}} event @returns {Generator<TurnEvent, void, void>} */
  *take({ name, id, data }) {
    this.hasBegun = true;
    if (name === "error") {
      // To resume would only show the failure again; the POST runs the turn again.
      this.lastId = "";
      const after = data.retry_after === undefined ? null : data.retry_after * 1000;
      throw new TurnFailed(data.status ?? 500, [{ attr: null, ...data }], after);
    }
    this.lastId = id;
    const turn_id = id.slice(0, id.lastIndexOf(":"));
    if (turn_id !== this.#turnId) {
      if (this.#characters || this.#thoughts) yield { type: "restarted", turn_id };
      this.#turnId = turn_id;
      this.#characters = this.#thoughts = 0;
      this.#planned = this.#replied = this.#calls = false;
    }
    const [, characters, thoughts] = /:(\d+)(?:\+(\d+))?$/.exec(id) ?? [];
    if (name === "delta") {
      const text = unseen(data.text, this.#characters, characters);
      this.#characters += [...text].length;
      if (text) yield { type: "delta", text, turn_id };
    } else if (name === "reasoning") {
      const text = unseen(data.text, this.#thoughts, thoughts);
      this.#thoughts += [...text].length;
      if (text) yield { type: "reasoning", text, turn_id };
    } else if (name === "context" && !this.#planned) {
      this.#planned = true;
      yield { type: "context", context: data, turn_id };
    } else if (name === "tool_calls" && !this.#calls) {
      this.#calls = true;
      yield { type: "tool_calls", tool_calls: data.tool_calls, turn_id };
    } else if (name === "message" && !this.#replied) {
      this.#replied = true;
      yield { type: "message", message: data, turn_id };
    } else if (name === "done") {
      this.ended = true;
      yield { type: "done", state: data.state, turn_id };
    }
  }
}

/** The end of a text that has not been shown yet; `end` is the position where the text ends. @param {string} text @param {number} seen @param {string | undefined} end */
function unseen(text, seen, end) {
  if (end === undefined) return text;
  // By code points, as the service counts.
  const fresh = Number(end) - seen;
  return fresh > 0 ? [...text].slice(-fresh).join("") : "";
}

/**
 * The events of a stream; a silent one is broken.
 * @param {Response} response @param {number} silenceMs @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<{name: string, id: string, data: any}, void, void>}
 */
async function* serverEvents(response, silenceMs, signal) {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let id = "";
  try {
    for (;;) {
      const { done, value } = await reached(withinSilence(reader.read(), silenceMs), signal);
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        let name = "message";
        const data = [];
        for (const line of block.split(/\r\n|\n|\r/)) {
          const [, field, text] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
          if (field === "event") name = text ?? "";
          else if (field === "id") id = text ?? "";
          else if (field === "data") data.push(text ?? "");
        }
        if (data.length) yield { name, id, data: JSON.parse(data.join("\n")) };
      }
    }
  } finally {
    // Whoever leaves closes the connection; the turn goes on.
    reader.cancel().catch(() => {});
  }
}

/** @template T @param {Promise<T>} reading @param {number} silenceMs @returns {Promise<T>} */
async function withinSilence(reading, silenceMs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TypeError("the stream is silent")), silenceMs);
  });
  try {
    return /** @type {T} */ (await Promise.race([reading, silence]));
  } finally {
    clearTimeout(timer);
  }
}

/** Unreachable for what fails on the way, but not for what the caller has aborted. @template T @param {Promise<T>} fetching @param {AbortSignal} [signal] @returns {Promise<T>} */
async function reached(fetching, signal) {
  try {
    return await fetching;
  } catch (error) {
    throw signal?.aborted ? error : new Unreachable(error);
  }
}

/** @param {number} ms */
function timer(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {Response} response */
async function refusal(response) {
  const body = await response.json().catch(() => null);
  const problems = Array.isArray(body?.errors) ? body.errors : [];
  return new ApiError(response.status, problems, retryAfterMs(response.headers.get("Retry-After")));
}

/** `Retry-After`, which may be a date (RFC 9110, 10.2.3). @param {string | null} header */
function retryAfterMs(header) {
  if (header === null) return null;
  const seconds = Number(header);
  const pause = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(pause) ? null : Math.max(0, pause);
}

/** How long a token is used; by its own lifetime, as this machine's clock may be wrong. @param {string} access */
function lifetimeMs(access) {
  try {
    const payload = access.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    const { exp, iat } = JSON.parse(atob(payload));
    const lifetime = (exp - iat) * 1000;
    return lifetime - Math.min(MARGIN_MS, lifetime / 2);
  } catch {
    return Infinity; // not one of ours, which a refusal will say
  }
}

/** @param {unknown} error @param {number} status */
function isStatus(error, status) {
  return error instanceof ApiError && error.status === status;
}

/** @param {...(string | number)} parts */
function path(...parts) {
  return ["/session", ...parts.map(encodeURIComponent)].join("/");
}

/** @returns {string} an idempotency key: made once for one write and all its repeats */
export function newKey(): string;
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
    constructor(status: number, problems: Problem[], retryAfterMs?: number | null);
    status: number;
    problems: Problem[];
    /** @type {string} empty where the answer was not the service's own */
    code: string;
    /** @type {string | null} the field that is wrong */
    attr: string | null;
    retryAfterMs: number | null;
}
/** A turn that ended without a reply. The question is stored; the same key runs the turn again. */
export class TurnFailed extends ApiError {
}
/** There was no answer: the connection failed, broke, or was silent. */
export class Unreachable extends Error {
    /** @param {unknown} cause */
    constructor(cause: unknown);
}
export class ChatSessions {
    /** @param {string} base the service's address @param {Options} options */
    constructor(base: string, options: Options);
    /** The same client for a user of the application whose service key it has. @param {string} endUser @returns {ChatSessions} */
    forEndUser(endUser: string): ChatSessions;
    /**
     * Create a session, or open the one that has this `external_id` already. It is sent under a key,
     * so that sending it again creates no second one.
     * @param {{title?: string, system_prompt?: string, metadata?: Record<string, string>,
     *   ttl_seconds?: number, context_policy?: object, messages?: MessageDraft[],
     *   external_id?: string, tags?: string[], pinned?: boolean, temporary?: boolean}} [draft]
     * @returns {Promise<Session>}
     */
    createSession(draft?: {
        title?: string;
        system_prompt?: string;
        metadata?: Record<string, string>;
        ttl_seconds?: number;
        context_policy?: object;
        messages?: MessageDraft[];
        external_id?: string;
        tags?: string[];
        pinned?: boolean;
        temporary?: boolean;
    }): Promise<Session>;
    /** A session and its newest messages. @param {string} id @param {{limit?: number}} [query] @returns {Promise<SessionWithMessages>} */
    getSession(id: string, query?: {
        limit?: number;
    }): Promise<SessionWithMessages>;
    /** @param {string} id @param {{title?: string, metadata?: Record<string, string>, ttl_seconds?: number | null, context_policy?: object, tags?: string[], pinned?: boolean}} changes @returns {Promise<Session>} */
    updateSession(id: string, changes: {
        title?: string;
        metadata?: Record<string, string>;
        ttl_seconds?: number | null;
        context_policy?: object;
        tags?: string[];
        pinned?: boolean;
    }): Promise<Session>;
    /** @param {string} id @returns {Promise<null>} */
    deleteSession(id: string): Promise<null>;
    /** A session that begins with this one's history; sent under a key, so once. @param {string} id @param {{up_to_seq?: number, title?: string}} [how] @returns {Promise<Session>} */
    forkSession(id: string, how?: {
        up_to_seq?: number;
        title?: string;
    }): Promise<Session>;
    /** @param {string} id @returns {Promise<Session>} */
    archiveSession(id: string): Promise<Session>;
    /** @param {string} id @returns {Promise<Session>} */
    restoreSession(id: string): Promise<Session>;
    /** Append one message, once. @param {string} id @param {MessageDraft} draft @returns {Promise<Message>} */
    appendMessage(id: string, draft: MessageDraft): Promise<Message>;
    /** Append up to 100 messages, all or none, once. @param {string} id @param {MessageDraft[]} messages @param {string} [key] @returns {Promise<Message[]>} */
    appendMessages(id: string, messages: MessageDraft[], key?: string): Promise<Message[]>;
    /** Erase a message's content; its `seq` stays. @param {string} id @param {number} seq @returns {Promise<null>} */
    eraseMessage(id: string, seq: number): Promise<null>;
    /** Keep a picture, a file or a sound for a session; a message's `parts` then name it. @param {string} id @param {Blob} content @param {{name?: string}} [query] @returns {Promise<Attachment>} */
    uploadAttachment(id: string, content: Blob, query?: {
        name?: string;
    }): Promise<Attachment>;
    /** The bytes of an attachment, or its small picture. @param {string} attachmentId @param {{thumbnail?: boolean}} [options] @returns {Promise<Blob>} */
    attachment(attachmentId: string, { thumbnail }?: {
        thumbnail?: boolean;
    }): Promise<Blob>;
    /** What a model would be sent now, and why. @param {string} id @param {{max_tokens?: number, strategy?: string, query?: string}} [query] @returns {Promise<any>} */
    context(id: string, query?: {
        max_tokens?: number;
        strategy?: string;
        query?: string;
    }): Promise<any>;
    /** @param {string} id @returns {Promise<any>} */
    topics(id: string): Promise<any>;
    /** @param {string} text @param {{limit?: number}} [query] @returns {Promise<any>} */
    search(text: string, query?: {
        limit?: number;
    }): Promise<any>;
    /** Stop the turn in progress; null where there is none. @param {string} id @returns {Promise<any>} */
    cancelTurn(id: string): Promise<any>;
    /**
     * All your sessions, newest activity first; those of a filter, newest created first.
     * @param {{status?: "active" | "archived", pageSize?: number, tag?: string, pinned?: boolean,
     *   metadata?: Record<string, string>}} [query]
     * @returns {AsyncGenerator<Session, void, void>}
     */
    sessions({ status, pageSize, tag, pinned, metadata }?: {
        status?: "active" | "archived";
        pageSize?: number;
        tag?: string;
        pinned?: boolean;
        metadata?: Record<string, string>;
    }): AsyncGenerator<Session, void, void>;
    /**
     * All users of the application that have sessions, in the order of their ids.
     * @param {{pageSize?: number}} [query]
     * @returns {AsyncGenerator<EndUser, void, void>}
     */
    users({ pageSize }?: {
        pageSize?: number;
    }): AsyncGenerator<EndUser, void, void>;
    /**
     * All sessions of a user of the application, newest activity first.
     * @param {string} endUser
     * @param {{status?: "active" | "archived", pageSize?: number}} [query]
     * @returns {AsyncGenerator<Session, void, void>}
     */
    userSessions(endUser: string, { status, pageSize }?: {
        status?: "active" | "archived";
        pageSize?: number;
    }): AsyncGenerator<Session, void, void>;
    /** Erase a user of the application; the answer has the receipt and the proof. @param {string} endUser @param {{proof?: boolean}} [query] @returns {Promise<any>} */
    eraseUser(endUser: string, query?: {
        proof?: boolean;
    }): Promise<any>;
    /**
     * A session's messages after a `seq`, oldest first.
     * @param {string} id
     * @param {{after?: number, pageSize?: number}} [query]
     * @returns {AsyncGenerator<Message, void, void>}
     */
    messages(id: string, { after, pageSize }?: {
        after?: number;
        pageSize?: number;
    }): AsyncGenerator<Message, void, void>;
    /** A whole session as a file. @param {string} id @param {"json" | "jsonl" | "markdown"} [format] @returns {Promise<Blob>} */
    export(id: string, format?: "json" | "jsonl" | "markdown"): Promise<Blob>;
    /** The answer of a route that gives bytes. @param {string} route @param {Record<string, string>} [query] @returns {Promise<Blob>} */
    file(route: string, query?: Record<string, string>): Promise<Blob>;
    /**
     * Run a turn; its events as they come, whatever happens to the connection. The same `clientId`
     * shows the same turn, and never asks twice.
     * @param {string} id
     * @param {string} content
     * @param {ChatOptions} [options]
     * @returns {AsyncGenerator<TurnEvent, void, void>}
     */
    streamChat(id: string, content: string, { clientId, model, maxTokens, replaces, messages, parts, parameters, ...following }?: ChatOptions): AsyncGenerator<TurnEvent, void, void>;
    /**
     * Have the model answer the last user message again.
     * @param {string} id
     * @param {Following & {clientId?: string, model?: string, maxTokens?: number}} [options]
     * @returns {AsyncGenerator<TurnEvent, void, void>}
     */
    streamRegenerate(id: string, { clientId, model, maxTokens, ...following }?: Following & {
        clientId?: string;
        model?: string;
        maxTokens?: number;
    }): AsyncGenerator<TurnEvent, void, void>;
    /** The turn in progress from its beginning, whoever asked; nothing where there is none. @param {string} id @param {Following} [following] @returns {AsyncGenerator<TurnEvent, void, void>} */
    streamTurn(id: string, following?: Following): AsyncGenerator<TurnEvent, void, void>;
    /**
     * Run a turn and wait for its end.
     * @param {string} id
     * @param {string} content
     * @param {ChatOptions} [options]
     * @returns {Promise<Message | null>} null where it was cancelled before the first word
     */
    chat(id: string, content: string, options?: ChatOptions): Promise<Message | null>;
    /**
     * Call a route; null for an answer without a body.
     * @param {string} method @param {string} route @param {Request} [request]
     * @returns {Promise<any>}
     */
    call(method: string, route: string, request?: Request): Promise<any>;
    /**
     * Call a route, once, with a request of your own, such as an upload whose progress is shown.
     * @param {(token: string) => Promise<Response>} send
     * @returns {Promise<any>}
     */
    callWith(send: (token: string) => Promise<Response>): Promise<any>;
    #private;
}
export type TokenPair = {
    access: string;
    refresh: string;
};
export type Problem = {
    code: string;
    detail: string;
    attr: string | null;
};
/**
 * a stored message; a tombstone where `deleted`
 */
export type Message = {
    id: string;
    seq: number;
    role: "system" | "user" | "assistant" | "tool";
    content: string;
    timestamp: string;
    token_count: number;
    topic: number | null;
    topic_shift: boolean;
    client_id: string | null;
    name: string | null;
    tool_calls: object[] | null;
    tool_call_id: string | null;
    metadata: Record<string, string>;
    deleted: boolean;
    superseded_by: number | null;
    reasoning?: string | undefined;
    /**
     * where it is more than text
     */
    parts?: Part[] | undefined;
};
/**
 * a text, or a picture, a file or a sound by its id or its address
 */
export type Part = {
    type: "text" | "image" | "file" | "audio";
    text?: string | undefined;
    attachment_id?: string | undefined;
    url?: string | undefined;
    name?: string | undefined;
    alt?: string | undefined;
    detail?: "auto" | "high" | "low" | undefined;
};
/**
 * a picture, a file or a sound that is kept
 */
export type Attachment = {
    attachment_id: string;
    file_id: string;
    media_type: string;
    size: number;
    name: string;
    sha256: string;
    width: number | null;
    height: number | null;
    tokens: number;
    /**
     * whether there is a small picture of it
     */
    thumbnail: boolean;
    /**
     * why no text could be read in it
     */
    note: string;
};
export type Session = {
    session_id: string;
    user_id: string;
    title: string;
    status: "active" | "archived";
    created_at: string;
    updated_at: string;
    expires_at: string | null;
    message_count: number;
    token_count: number;
    metadata: Record<string, string>;
    context_policy: Record<string, unknown>;
    context_start: number;
    turn_in_progress: boolean;
    external_id: string | null;
    tags: string[];
    pinned: boolean;
    temporary: boolean;
};
/**
 * a user of an application
 */
export type EndUser = {
    id: string;
    session_count: number;
    updated_at: string;
};
export type SessionWithMessages = Session & {
    messages: Message[];
    has_more: boolean;
};
export type MessageDraft = {
    content?: string | undefined;
    parts?: Part[] | undefined;
    role?: "user" | "system" | "assistant" | "tool" | undefined;
    client_id?: string | undefined;
    name?: string | undefined;
    tool_calls?: object[] | undefined;
    tool_call_id?: string | undefined;
    metadata?: Record<string, string> | undefined;
};
/**
 * What comes of a turn. `restarted`: the turn runs anew, and what was shown of the reply is void.
 * `turn_id` is that of the reply's `generation`.
 */
export type TurnEvent = {
    turn_id: string;
} & ({
    type: "context";
    context: {
        token_count: number;
        kept: number;
        dropped: number;
        user_message: Message | null;
    };
} | {
    type: "reasoning";
    text: string;
} | {
    type: "delta";
    text: string;
} | {
    type: "tool_calls";
    tool_calls: object[];
} | {
    type: "restarted";
} | {
    type: "message";
    message: Message;
} | {
    type: "done";
    state: "done" | "cancelled";
});
/**
 * How a turn is followed.
 */
export type Following = {
    /**
     * ends the following; the turn goes on
     */
    signal?: AbortSignal | undefined;
    /**
     * called when events can come, also after a break
     */
    onOpen?: (() => void) | undefined;
    /**
     * called when the connection is lost, and for each vain attempt
     */
    onBroken?: (() => void) | undefined;
    /**
     * whether a turn that failed, or
     * was over (null) when its stream could be resumed, is asked for again under its key; always by
     * default: one that has its reply shows it, one that was interrupted is run again
     */
    mayRunAgain?: ((failure: TurnFailed | null) => boolean) | undefined;
};
/**
 * `messages` are results of tools, `parameters` the model's own, such as `tools`.
 */
export type ChatOptions = Following & {
    clientId?: string;
    model?: string;
    maxTokens?: number;
    replaces?: number;
    messages?: MessageDraft[];
    parts?: Part[];
    parameters?: Record<string, unknown>;
};
export type Options = {
    /**
     * an API key, or a service key with
     */
    apiKey?: string | undefined;
    /**
     * the id of the user that it speaks for; or
     */
    endUser?: string | undefined;
    /**
     * a sign-in; or
     */
    tokens?: TokenPair | undefined;
    /**
     * with
     */
    username?: string | undefined;
    password?: string | undefined;
    /**
     * called with each new pair of tokens; or
     */
    onTokens?: ((pair: TokenPair) => void) | undefined;
    /**
     * gives the access token to send,
     * where others keep it; a newer one than `refused`, if that is not empty
     */
    token?: ((refused: string) => string | Promise<string>) | undefined;
    /**
     * sent with every request
     */
    headers?: Record<string, string> | undefined;
    /**
     * failures in a row that end a call
     */
    attempts?: number | undefined;
    /**
     * the same for a turn whose stream has begun
     */
    resumeAttempts?: number | undefined;
    /**
     * doubled with each failure
     */
    firstPauseMs?: number | undefined;
    /**
     * a longer `Retry-After` is raised as the error
     */
    longestPauseMs?: number | undefined;
    /**
     * how long a turn waits for another one in its session
     */
    turnWaitMs?: number | undefined;
    /**
     * a stream that is silent for so long is broken
     */
    silenceMs?: number | undefined;
    /**
     * waits between attempts; it may end early
     */
    pause?: ((ms: number) => Promise<unknown>) | undefined;
    fetch?: typeof fetch | undefined;
};
export type Request = {
    query?: Record<string, string | number | boolean | undefined> | undefined;
    body?: unknown;
    /**
     * a body that is no JSON
     */
    content?: Blob | undefined;
    headers?: Record<string, string> | undefined;
    /**
     * whether it may be sent again when its answer was lost
     */
    repeatable?: boolean | undefined;
    isSigned?: boolean | undefined;
    /**
     * false for routes about all of an application's users
     */
    namesEndUser?: boolean | undefined;
    signal?: AbortSignal | undefined;
};

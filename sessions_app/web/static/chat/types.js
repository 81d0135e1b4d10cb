/**
 * Types that the modules share, for readers and for `tsc --checkJs`. There is no code here.
 *
 * @typedef {object} Part of a message: a text, or a picture, file or sound by its id or address
 * @property {"text"|"image"|"file"|"audio"} type
 * @property {string} [text]
 * @property {string} [attachment_id] of bytes that the service keeps
 * @property {string} [url] of bytes that it does not
 * @property {string} [name]
 * @property {string} [alt] what a picture shows, in words
 * @property {string} [media_type]
 * @property {number} [size] in bytes
 * @property {number} [width] of a picture, in pixels
 * @property {number} [height]
 * @property {string} [key] of this client: under which its bytes are in this browser
 * @property {string} [preview] of this client: a small picture, as a data URL
 *
 * @typedef {object} Message as the service stores it (see API.md), a tombstone when `deleted`
 * @property {string} id
 * @property {number} seq
 * @property {"system"|"user"|"assistant"|"tool"} role
 * @property {string} content
 * @property {string} timestamp
 * @property {number} token_count
 * @property {number|null} [topic]
 * @property {boolean} [topic_shift]
 * @property {string|null} [client_id]
 * @property {string|null} [name]
 * @property {object[]|null} [tool_calls]
 * @property {string|null} [tool_call_id]
 * @property {Record<string, string>} [metadata]
 * @property {Part[]} [parts] of a message that is more than text
 * @property {boolean} [deleted]
 * @property {{rating: "up"|"down", comment: string}} [feedback] what the user thinks of it
 * @property {string} [reasoning] what the model thought before it answered
 * @property {number|null} [superseded_by] the seq of the message that took its place
 * @property {number|null} [replaces] the seq of the message in whose place it was written
 * @property {{turn_id: string, reply_to: number, model: string, finish_reason: string}|null} [generation]
 *   how a model came to write it; `finish_reason` is `cancelled` for a reply that was stopped
 *
 * @typedef {object} Session a session's header; `session_id` begins with `local-` until the
 *   service has created it
 * @property {string} session_id
 * @property {string} title
 * @property {"active"|"archived"} status
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string|null} [expires_at]
 * @property {number} message_count
 * @property {number} [token_count]
 * @property {number} [context_start]
 * @property {{strategy: string, max_tokens: number}} [context_policy]
 * @property {boolean} [turn_in_progress]
 * @property {Record<string, string>} [metadata]
 * @property {string[]} [tags]
 * @property {boolean} [pinned]
 * @property {Record<number, string>} [topics] of this client: labels by the seq they begin at
 * @property {string} [system_prompt] of this client: what to create it with
 * @property {boolean} [create_tried] of this client: a request to create it may have arrived
 *
 * @typedef {object} Entry one write that the service has not confirmed
 * @property {string} key orders the writes of all tabs
 * @property {string} session_id
 * @property {string} kind see `outbox.js`
 * @property {string} [client_id] the idempotency key of a message
 * @property {string} [content]
 * @property {Part[]} [parts] pictures, files and sounds beside the content
 * @property {string} [title]
 * @property {string[]} [tags]
 * @property {boolean} [pinned]
 * @property {number} [seq]
 * @property {number} [replaces] the seq of the message that this one is written in place of
 * @property {string} [model] which model is to answer
 * @property {Record<string, string>} [metadata]
 * @property {string} created_at
 * @property {number} [not_before] milliseconds since 1970: until then it can be undone
 * @property {"queued"|"failed"} state
 * @property {string} [problem] why it failed, in words for people
 * @property {string} [code] the service's error code
 *
 * @typedef {object} Live a reply that is being written
 * @property {string} session_id
 * @property {string} client_id of the message that it answers
 * @property {string} text so far
 * @property {string} [thoughts] what the model has thought so far
 * @property {"waiting"|"streaming"|"reconnecting"} status
 * @property {string} [turn_id] once the service has sent it
 * @property {boolean} [quiet] it does not show yet
 * @property {number} [replaces] the seq of the reply that this one will supersede
 *
 * @typedef {object} Draft
 * @property {string} session_id
 * @property {string} text
 *
 * @typedef {object} Account
 * @property {string} user_id
 * @property {string} username
 * @property {string} refresh the refresh token, which can be used once
 * @property {string} [renewal] the idempotency key of a refresh whose answer has not arrived
 */

export {};

/** Errors of requests, and what each means for the user. */

import { ApiError, TurnFailed, Unreachable } from "./client/chat-sessions.js";

export { ApiError, TurnFailed, Unreachable };

/** Something that a user has given cannot be taken; the message says why. */
export class Refused extends Error {}

/** The refresh token is spent, dead or gone: the user has to sign in. */
export class SignedOut extends Error {
  /** @param {string} [reason] */
  constructor(reason = "You have been signed out. Sign in to continue; nothing is lost.") {
    super(reason);
  }
}

/** Whether the same request may succeed later. @param {unknown} error */
export function isTransient(error) {
  if (!(error instanceof ApiError)) return error instanceof Unreachable;
  const { status, code } = error;
  // Until something is deleted, or somebody asks again.
  if (error instanceof TurnFailed || code === "session_damaged" || code.startsWith("quota_")) return false;
  return [408, 425, 429, 500, 503].includes(status) || (status >= 502 && !code.startsWith("provider"));
}

/**
 * Milliseconds before the next try: exponential back-off with jitter, or what the service asks for.
 * @param {number} attempt from 1
 * @param {unknown} error
 */
export function delay(attempt, error) {
  const requested = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  const doubled = Math.min(30_000, 400 * 2 ** Math.min(attempt, 8));
  return Math.max(requested, doubled * (0.5 + Math.random() / 2));
}

/** @param {unknown} error */
export function inWords(error) {
  if (!(error instanceof Error)) return "Something went wrong.";
  if (error instanceof ApiError && WORDS[error.code]) return WORDS[error.code];
  if (error instanceof ApiError || error instanceof SignedOut || error instanceof Refused) return error.message;
  if (error instanceof Unreachable) return "You appear to be offline.";
  console.error(error);
  return "Something went wrong in this page.";
}

/**
 * Why a message has no answer, as a sentence that says what helps. What a server said of it in its
 * own words is for the console.
 * @param {unknown} error
 */
export function whyNotAnswered(error) {
  if (!(error instanceof ApiError)) return inWords(error);
  if (ANSWER_WORDS[error.code] ?? WORDS[error.code]) return ANSWER_WORDS[error.code] ?? WORDS[error.code];
  console.warn(error.message);
  return error.problems.some((problem) => problem.attr)
    ? "This message was not accepted. Edit it, or discard it."
    : "This message could not be answered. Try again, edit it, or discard it.";
}

/** @type {Record<string, string>} */
const ANSWER_WORDS = {
  too_large: "This message is too long to send. Edit it to shorten it.",
  context_length_exceeded: "This message does not fit into the model's context window. Edit it to shorten it.",
  provider_refused: "The model did not accept this message. Edit it, or try again.",
  provider_busy: "The model is busy. Try again in a moment.",
  idempotency_mismatch: "A different message was already sent under this key. Edit this one to send it again.",
  attachment_not_found: "A file of this message no longer exists. Edit the message to remove it.",
  model_not_allowed: "This model is not available. Choose another one for this chat.",
};

/** @type {Record<string, string>} */
const WORDS = {
  provider_error: "The model could not be reached. Your text is saved.",
  provider_timeout: "The model took too long to answer. Your text is saved.",
  turn_interrupted: "The service restarted during the answer. Your text is saved.",
  session_archived: "This chat is archived. Restore it to continue.",
  session_expired: "This chat has expired.",
  not_found: "This chat no longer exists.",
  too_large: "This text is too long to send.",
  throttled: "Too many requests. Wait a moment and try again.",
  too_many_own_turns: "Too many of your chats are being answered. Wait for one of them, and try again.",
  quota_messages: "Your account has reached its limit of messages. Delete chats to make room.",
  quota_bytes: "Your account has reached its limit of stored text. Delete chats to make room.",
  legal_hold: "This chat is on legal hold and cannot be deleted.",
  nothing_to_answer: "There is no message to answer.",
  session_damaged: "This chat cannot be read. Ask the operator of this service.",
};

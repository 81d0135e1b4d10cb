/** Errors of requests, and what each means for the user. */

/** The service answered with an error. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, detail?: string, attr?: string|null}[]} errors
   * @param {number} retryAfter seconds that the service asks to wait; 0 if it does not
   */
  constructor(status, errors, retryAfter) {
    super(errors[0]?.detail ?? `The service answered ${status}.`);
    this.status = status;
    this.errors = errors;
    this.code = errors[0]?.code ?? "";
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    const temporary = [408, 425, 429, 500, 503];
    return temporary.includes(this.status) || (this.status >= 502 && !this.code.startsWith("provider"));
  }
}

/** No answer came: offline, refused, or disconnected. */
export class Unreachable extends Error {
  constructor(/** @type {unknown} */ cause) {
    super("The service cannot be reached.", { cause });
  }
}

/** The refresh token is spent, dead or gone: the user has to sign in. */
export class SignedOut extends Error {
  /** @param {string} [reason] */
  constructor(reason = "You have been signed out. Sign in to continue; nothing is lost.") {
    super(reason);
  }
}

/** @param {unknown} error */
export function isTransient(error) {
  return error instanceof Unreachable || (error instanceof ApiError && error.passes);
}

/**
 * Milliseconds before the next try: exponential back-off with jitter, or what the service asks for.
 * @param {number} attempt from 1
 * @param {unknown} error
 */
export function delay(attempt, error) {
  const requested = error instanceof ApiError ? error.retryAfter * 1000 : 0;
  const doubled = Math.min(30_000, 400 * 2 ** Math.min(attempt, 8));
  return Math.max(requested, doubled * (0.5 + Math.random() / 2));
}

/** @param {unknown} error */
export function inWords(error) {
  if (!(error instanceof Error)) return "Something went wrong.";
  if (error instanceof ApiError && WORDS[error.code]) return WORDS[error.code];
  if (error instanceof ApiError || error instanceof SignedOut) return error.message;
  if (error instanceof Unreachable) return "You appear to be offline.";
  console.error(error);
  return "Something went wrong in this page.";
}

/** @type {Record<string, string>} */
const WORDS = {
  provider_error: "The model could not be reached. Your text is saved.",
  provider_timeout: "The model took too long to answer. Your text is saved.",
  turn_interrupted: "The service restarted while it answered. Your text is saved.",
  session_archived: "This chat is archived. Restore it to continue.",
  session_expired: "This chat has expired.",
  not_found: "This chat no longer exists.",
  too_large: "This text is too long to send.",
  throttled: "Too many requests. Wait a moment and try again.",
};

/** What can go wrong with a request, as errors that say what to do about it. */

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

  /** Whether the same request may succeed later without anybody doing anything. */
  get passes() {
    const notNow = [408, 425, 429, 500, 503];
    return notNow.includes(this.status) || (this.status >= 502 && !this.code.startsWith("provider"));
  }
}

/** Nothing was answered: offline, refused, or cut off. */
export class Unreachable extends Error {
  constructor(/** @type {unknown} */ cause) {
    super("The service cannot be reached.", { cause });
  }
}

/** The refresh token is spent, dead or gone: somebody has to sign in. */
export class SignedOut extends Error {
  constructor() {
    super("You have been signed out. Sign in to go on; nothing is lost.");
  }
}

/** @param {unknown} error */
export function isTransient(error) {
  return error instanceof Unreachable || (error instanceof ApiError && error.passes);
}

/**
 * Milliseconds to wait before the next try: doubling, spread out, or what the service asks for.
 * @param {number} attempt from 1
 * @param {unknown} error
 */
export function delay(attempt, error) {
  const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0;
  const doubled = Math.min(30_000, 400 * 2 ** Math.min(attempt, 8));
  return Math.max(asked, doubled * (0.5 + Math.random() / 2));
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
  provider_error: "The model could not be reached. Your text is kept.",
  provider_timeout: "The model took too long to answer. Your text is kept.",
  turn_interrupted: "The service was restarted while it answered. Your text is kept.",
  session_archived: "This chat is archived. Restore it to go on.",
  session_expired: "This chat has expired.",
  not_found: "This chat no longer exists.",
  too_large: "This text is too long to send.",
  throttled: "Too many requests. Wait a moment and try again.",
};

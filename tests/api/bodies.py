"""The errors of the session routes, whole, and where the routes are."""

from tests.conftest import error

UNKNOWN = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"
CONTROLS = "Control characters and lone surrogates are not allowed."

NO_SESSION = error("not_found", "No such session.")
NO_MESSAGE = error("not_found", "No such message.")
NO_TOKEN = error("not_authenticated", "Authentication credentials were not provided.")
ARCHIVED = error("session_archived", "The session is archived and read-only; restore it first.")
EXPIRED = error("session_expired", "The session has expired.")
CHANGED = error("precondition_failed", "The session has changed since it was read.")
OTHER_BODY = error(
    "idempotency_mismatch", "This idempotency key was already used with a different body."
)
UNAVAILABLE = error(
    "storage_unavailable",
    "Storage is unavailable at the moment; try again.",
    kind="server_error",
)


def invalid(attr: str, detail: str, code: str = "invalid"):
    """A 400 about one field."""
    return error(code, detail, attr)


def too_large(detail: str, attr: str | None = None):
    """A 413."""
    return error("too_large", detail, attr, kind="client_error")


def not_json(detail: str):
    """A 400 about a body that is not JSON."""
    return error("parse_error", f"JSON parse error - {detail}")


def path(session, *more) -> str:
    """The route of a session, or of something of it."""
    session_id = session if isinstance(session, str) else session["session_id"]
    return "/".join(["/session", session_id, *map(str, more)])

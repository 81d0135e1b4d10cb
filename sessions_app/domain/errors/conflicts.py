"""A session or a message is not in a state for the request."""

from sessions_app.domain.errors.base import SessionError


class Conflict(SessionError):
    """The session's state does not allow this."""

    code = "conflict"


class SessionArchived(Conflict):
    """Archived sessions are read-only until they are restored."""

    code = "session_archived"
    default_detail = "The session is archived and read-only; restore it first."


class LegalHold(Conflict):
    """Staff have placed the session under legal hold, so nothing may destroy it."""

    code = "legal_hold"
    default_detail = "The session is under legal hold and cannot be deleted."


class NothingToAnswer(Conflict):
    """The session has no user message that a reply could be generated to."""

    code = "nothing_to_answer"
    default_detail = "The session has no user message to reply to."


class Overtaken(Conflict):
    """Messages were appended since the session was read; the caller reads it again and retries."""

    code = "overtaken"
    default_detail = "Messages have been appended to the session meanwhile; try again."


class ImportInProgress(Conflict):
    """One import of a user at a time."""

    code = "import_in_progress"
    default_detail = "Another import of yours is running."


class SessionExists(Conflict):
    """Another request has created the session with this id; the caller reads it."""

    code = "session_exists"
    default_detail = "The session exists already."


class TurnInProgress(Conflict):
    """Another turn holds the session; `retry_after` is in seconds."""

    code = "turn_in_progress"
    default_detail = "Another turn is in progress in this session."

    def __init__(self, detail: str = "", *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class SessionTemporary(Conflict):
    """A temporary session is not archived: it ends at its timeout."""

    code = "session_temporary"
    default_detail = "A temporary session is not archived: it is deleted at its timeout."


class SessionExpired(SessionError):
    """The session is the caller's own and has passed its timeout."""

    code = "session_expired"
    default_detail = "The session has expired."


class VersionMismatch(SessionError):
    """`If-Match` names a version that is not the current one."""

    code = "precondition_failed"
    default_detail = "The session has changed since it was read."


class IdempotencyMismatch(SessionError):
    """A key that already stands for one message came with another body."""

    code = "idempotency_mismatch"
    default_detail = "This idempotency key was already used with a different body."

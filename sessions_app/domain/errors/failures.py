"""What failed here: the storage, a worker, a bug, what is stored."""

from sessions_app.domain.errors.base import SessionError


class StorageUnavailable(SessionError):
    """MongoDB did not answer in time or could not write; `retry_after` is in seconds."""

    code = "storage_unavailable"
    default_detail = "Storage is unavailable at the moment; try again."
    retry_after = 2


class TurnInterrupted(SessionError):
    """The worker that ran the turn has stopped; the user's message is kept."""

    code = "turn_interrupted"
    default_detail = "The turn was interrupted; ask again with the same client_id."
    retry_after = 1


class TurnFailed(SessionError):
    """A bug of this service ended the turn; details are in the log, none in the answer."""

    # DRF's code for a 500: the answer says nothing of the cause.
    code = "error"
    default_detail = "A server error occurred."


class DamagedSession(SessionError):
    """What is stored of a session is not what this version can read; `problem` says what is wrong.

    The owner is not told what: the log and `check_integrity` say it, for an operator.
    """

    code = "session_damaged"
    default_detail = (
        "What is stored of this session is damaged and cannot be read. Tell the service's operator "
        "the id of this request."
    )

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem

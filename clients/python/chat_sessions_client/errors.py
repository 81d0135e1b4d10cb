"""The error tree; each class is one kind of refusal, `code` says which exactly.

ChatSessionsError
├── Unreachable             no answer: the connection failed, broke, or was silent
└── ApiError                the service refused or failed
    ├── InvalidRequest          400, 405, 406, 408, 415: a value breaks a rule; `attr` names it
    │   └── ContextLengthExceeded
    ├── NotSignedIn             401: no token, or one that is not valid
    │   ├── SignInEnded         the refresh token was used twice
    │   ├── WrongCredentials    wrong username or password
    │   └── UserErased
    ├── Forbidden               403
    │   ├── RegistrationRefused
    │   └── ApiKeyNotAllowed    the route wants a person's token
    ├── NotFound                404: no such session for this user
    ├── Conflict                409
    │   ├── SessionArchived
    │   ├── TurnInProgress
    │   ├── LegalHold
    │   └── NothingToAnswer
    ├── SessionExpired          410
    ├── VersionChanged          412: `If-Match` names another version
    ├── TooLarge                413
    ├── IdempotencyMismatch     422: the key came before with another body
    ├── Throttled               429: has a `retry_after`
    │   ├── QuotaExceeded       `quota_…`: as much as one user may have; not sent again
    │   └── ProviderBusy
    ├── ProviderError           502: the model's server failed
    │   ├── ProviderTimeout     504
    │   └── ProviderRefused     400 to 422: in its own words
    └── ServerError             500 and above
        └── Unavailable         503: nothing was done; has a `retry_after`
            └── TurnInterrupted the worker of the turn stopped
"""

import email.utils
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class Problem(TypedDict):
    """One entry of an error's body."""

    code: str
    detail: str
    attr: str | None


class ChatSessionsError(Exception):
    """The base of every error that this library raises on purpose."""


class Unreachable(ChatSessionsError):
    """There was no answer. `was_sent` is False where the service cannot have seen the request."""

    def __init__(self, reason: str, *, was_sent: bool = True) -> None:
        self.was_sent = was_sent
        super().__init__(reason)


class ApiError(ChatSessionsError):
    """The service refused or failed; `code` is for programs, `detail` for people."""

    def __init__(
        self,
        *,
        status: int,
        problems: Sequence[Problem],
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.problems = list(problems)
        self.retry_after = retry_after
        self.request_id = request_id
        super().__init__("; ".join(each["detail"] for each in problems) or f"status {status}")

    @property
    def code(self) -> str:
        """The first problem's code; empty where the answer was not the service's own."""
        return self.problems[0]["code"] if self.problems else ""

    @property
    def detail(self) -> str:
        """The first problem, as a sentence."""
        return self.problems[0]["detail"] if self.problems else ""

    @property
    def attr(self) -> str | None:
        """The field that is wrong, if it is one."""
        return self.problems[0]["attr"] if self.problems else None


class InvalidRequest(ApiError):
    """A value breaks a rule."""


class ContextLengthExceeded(InvalidRequest):
    """The token budget leaves no room for what must be sent."""


class NotSignedIn(ApiError):
    """There is no token, or it is not valid."""


class SignInEnded(NotSignedIn):
    """A refresh token was used twice, so the whole sign-in has ended."""


class WrongCredentials(NotSignedIn):
    """Wrong username or password."""


class UserErased(NotSignedIn):
    """The token has outlived its user."""


class Forbidden(ApiError):
    """Signed in, but not allowed."""


class RegistrationRefused(Forbidden):
    """Registration is closed, or the invitation is missing or wrong."""


class ApiKeyNotAllowed(Forbidden):
    """The route wants a person's token, not an API key."""


class NotFound(ApiError):
    """No such session, message or route for this user."""


class Conflict(ApiError):
    """The session is not in a state for this."""


class SessionArchived(Conflict):
    """Archived sessions are read-only."""


class TurnInProgress(Conflict):
    """Another turn holds the session."""


class LegalHold(Conflict):
    """Staff have ordered that the session be kept."""


class NothingToAnswer(Conflict):
    """There is no user message to reply to."""


class SessionExpired(ApiError):
    """Your own session, past its timeout."""


class VersionChanged(ApiError):
    """The session has changed since it was read."""


class TooLarge(ApiError):
    """A message, a file or a body is over its limit."""


class IdempotencyMismatch(ApiError):
    """The idempotency key was used before with another body."""


class Throttled(ApiError):
    """Too many requests for now."""


class QuotaExceeded(Throttled):
    """A quota is used up."""


class ProviderBusy(Throttled):
    """The model's server takes no more requests for now."""


class ProviderError(ApiError):
    """The model's server failed; the user's message is kept."""


class ProviderTimeout(ProviderError):
    """The model's server took too long."""


class ProviderRefused(ProviderError):
    """The model's server refused the request, in its own words."""


class ServerError(ApiError):
    """The service failed."""


class Unavailable(ServerError):
    """The service cannot do it for now; nothing was done."""


class TurnInterrupted(Unavailable):
    """The worker that ran the turn stopped; the same key runs it again."""


BY_CODE: Mapping[str, type[ApiError]] = {
    "api_key_not_allowed": ApiKeyNotAllowed,
    "context_length_exceeded": ContextLengthExceeded,
    "idempotency_mismatch": IdempotencyMismatch,
    "invitation_not_valid": RegistrationRefused,
    "legal_hold": LegalHold,
    "no_active_account": WrongCredentials,
    "nothing_to_answer": NothingToAnswer,
    "provider_busy": ProviderBusy,
    "provider_error": ProviderError,
    "provider_refused": ProviderRefused,
    "provider_timeout": ProviderTimeout,
    "quota_attachments": QuotaExceeded,
    "quota_bytes": QuotaExceeded,
    "quota_exceeded": QuotaExceeded,
    "quota_messages": QuotaExceeded,
    "quota_searches": QuotaExceeded,
    "quota_sessions": QuotaExceeded,
    "registration_closed": RegistrationRefused,
    "session_archived": SessionArchived,
    "session_expired": SessionExpired,
    "token_reused": SignInEnded,
    "turn_in_progress": TurnInProgress,
    "turn_interrupted": TurnInterrupted,
    "user_erased": UserErased,
}
# For codes that are not above, and for answers of a proxy, which have none.
BY_STATUS: Mapping[int, type[ApiError]] = {
    400: InvalidRequest, 401: NotSignedIn, 403: Forbidden, 404: NotFound, 405: InvalidRequest,
    406: InvalidRequest, 408: InvalidRequest, 409: Conflict, 410: SessionExpired,
    412: VersionChanged, 413: TooLarge, 415: InvalidRequest, 422: IdempotencyMismatch,
    429: Throttled, 503: Unavailable,
}  # fmt: skip
# Events of a stream do not always say the status that a response would have had.
_STATUS_OF_EVENT = {
    "context_length_exceeded": 400, "nothing_to_answer": 409, "provider_error": 502,
    "provider_timeout": 504, "storage_unavailable": 503, "too_many_turns": 503,
    "turn_interrupted": 503,
}  # fmt: skip


def class_of(status: int, code: str) -> type[ApiError]:
    """The class of an error."""
    if code in BY_CODE:
        return BY_CODE[code]
    if code.startswith("quota_"):
        return QuotaExceeded
    return BY_STATUS.get(status, ServerError if status >= 500 else ApiError)


def of_answer(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that an answer is."""
    problems = _problems(body)
    code = problems[0]["code"] if problems else ""
    return class_of(status, code)(
        status=status,
        problems=problems,
        retry_after=seconds_of(headers.get("retry-after")),
        request_id=headers.get("x-request-id"),
    )


def of_event(data: Mapping[str, Any]) -> ApiError:
    """The error that an event of a turn's stream is."""
    code = str(data.get("code", ""))
    status = data.get("status") or _STATUS_OF_EVENT.get(code, 500)
    problem = Problem(code=code, detail=str(data.get("detail", "")), attr=data.get("attr"))
    return class_of(status, code)(
        status=status, problems=[problem], retry_after=data.get("retry_after")
    )


def seconds_of(retry_after: str | None) -> float | None:
    """`Retry-After` in seconds; it may be a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _problems(body: bytes) -> list[Problem]:
    """The body's problems, in either of the service's forms; none where it is a proxy's page."""
    try:
        data = json.loads(body)
    except ValueError:
        return []
    if not isinstance(data, dict):
        return []
    if isinstance(error := data.get("error"), dict):
        data = {"errors": [{"code": error.get("code"), "detail": error.get("message"),
                            "attr": error.get("param")}]}  # fmt: skip
    problems = data.get("errors")
    if not isinstance(problems, list):
        return []
    return [
        Problem(
            code=str(each.get("code") or ""),
            detail=str(each.get("detail") or ""),
            attr=each.get("attr"),
        )
        for each in problems
        if isinstance(each, dict)
    ]

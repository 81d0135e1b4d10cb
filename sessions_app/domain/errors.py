"""The error tree.

SessionError
├── InvalidInput            a value breaks a rule; names the field          400
│   ├── DuplicateItem       the conversation has an item with this id       400
│   ├── EndUserInvalid      no id that a user of an application can have    400
│   ├── BadAttachmentName   a file's name has a path, or hides how it ends  400
│   └── AttachmentRefused   bytes that are not kept; its kinds say why      400
├── TooLarge                a message or a body over its limit              413
├── SessionNotFound         no such session for this user                   404
│   ├── ResponseNotFound    no such response of the OpenAI wire             404
│   └── PreviousNotFound    the response to be continued is not there       404
├── MessageNotFound         no such message in the session                  404
├── ItemNotFound            no such item in the conversation                404
├── AttachmentNotFound      no such attachment of this user                 404
├── ImportNotFound          no such import of this user                     404
├── UserErased              the token is valid, its user is erased          401
├── NotAllowed              the caller is known, and may not do this        403
│   ├── ScopeMissing        the service key has not the route's scope       403
│   ├── ServiceKeyRefused   no service key may use the route                403
│   ├── ServiceKeyRequired  only service keys may use the route             403
│   ├── EndUserRequired     the route is an end user's; none is named       403
│   ├── EndUserRefused      a caller that speaks for no end users names one 403
│   └── EndUserErased       the application's user has been erased          403
├── Conflict                the session is not in a state for this
│   ├── SessionArchived     archived sessions are read-only                 409
│   ├── LegalHold           staff ordered that the session be kept          409
│   ├── NothingToAnswer     there is no user message to reply to again      409
│   ├── SessionExists       another request has created this session        409
│   ├── Overtaken           other messages were appended since the read     409
│   ├── ImportInProgress    another import of the user's is running         409
│   ├── SessionTemporary    it is deleted at its timeout, not archived      409
│   └── TurnInProgress      one turn at a time; has a `retry_after`         409
├── SessionExpired          the caller's own, and past its timeout          410
├── SearchInProgress        one search per user; has a `retry_after`        429
├── TooManyOwnTurns         one user has as many turns as they may          429
├── QuotaReached            a user has stored or done as much as they may   429
│   ├── SessionsQuota       sessions                                        429
│   ├── MessagesQuota       messages                                        429
│   ├── BytesQuota          bytes of messages                               429
│   ├── SearchesQuota       searches of a day; has a `retry_after`          429
│   └── DailyQuota          messages or tokens of a day; has `retry_after`  429
├── ProofInProgress         one erasure with its proof at a time            429
├── VersionMismatch         `If-Match` names another version                412
├── IdempotencyMismatch     the same key came with another body             422
├── StorageUnavailable      MongoDB did not answer, or could not write      503
├── Overloaded              this worker cannot begin the request in time    503
├── TooManyTurns            this worker runs as many turns as it can        503
├── TurnInterrupted         the worker that ran the turn is gone            503
├── DamagedSession          what is stored of the session cannot be read    500
├── TurnFailed              a bug of this service ended the turn            500
└── ProviderError           the model's server failed                       502
    ├── ProviderTimeout     it took too long                                504
    ├── ProviderRefused     it refused the request, in its own words        its own, 400 to 422
    └── ProviderBusy        it takes no more requests at the moment         429

The last column is the HTTP status that `http.statuses` assigns; no layer below the views uses it.
"""

import math

from sessions_app.domain.dialect.refusals import Refusal


class SessionError(Exception):
    """The base of every error this project raises on purpose; `code` names it on the wire."""

    code = "error"
    default_detail = "The request could not be carried out."

    def __init__(self, detail: str | None = None, *, attr: str | None = None) -> None:
        self.detail = detail or self.default_detail
        self.attr = attr
        super().__init__(self.detail)


class InvalidInput(SessionError):
    """A value breaks a rule; `attr` names the field."""

    code = "invalid"
    default_detail = "Invalid input."


class DuplicateItem(InvalidInput):
    """The conversation has an item with this id already, or the request has two."""

    code = "duplicate_item"

    def __init__(self, item_id: str, *, attr: str | None = None) -> None:
        self.item_id = item_id
        super().__init__(
            f"Duplicate item found with id {item_id}. Remove it from the request and try again.",
            attr=attr,
        )


class EndUserInvalid(InvalidInput):
    """An id that no user of an application can have, or two of them in one request."""

    code = "end_user_invalid"


class TooLarge(SessionError):
    """A message or a body is over its limit."""

    code = "too_large"
    default_detail = "The request is too large."


class BadAttachmentName(InvalidInput):
    """A file's name has a path, characters that hide how it ends, or too many."""

    code = "attachment_name"


class AttachmentRefused(InvalidInput):
    """Bytes of a kind that is not kept."""

    code = "attachment_unsupported"


class AttachmentEmpty(AttachmentRefused):
    """There are no bytes."""

    code = "attachment_empty"
    default_detail = "There are no bytes."


class AttachmentIncomplete(AttachmentRefused):
    """The upload was cut off."""

    code = "attachment_incomplete"
    default_detail = "The upload was cut off."


class AttachmentTypeMismatch(AttachmentRefused):
    """The bytes are of another kind than their type or their name says."""

    code = "attachment_type_mismatch"


class AttachmentUnreadable(AttachmentRefused):
    """A picture that cannot be read, or that would take too much memory."""

    code = "attachment_unreadable"


class AttachmentUnknown(AttachmentRefused):
    """A message names an attachment that is not there for its user."""

    code = "attachment_not_found"
    default_detail = "No such attachment."


class SlowBody(SessionError):
    """The request's body came too slowly, or took too long; nothing was begun."""

    code = "request_timeout"
    default_detail = "The request's body came too slowly."


class SessionNotFound(SessionError):
    """There is no such session for this user: unknown and somebody else's look the same."""

    # Two codes would tell strangers which ids exist.
    code = "not_found"
    default_detail = "No such session."


class ResponseNotFound(SessionNotFound):
    """There is no such response for this user."""

    default_detail = "No such response."


class PreviousNotFound(SessionNotFound):
    """The response that is to be continued is not there."""

    code = "previous_response_not_found"
    default_detail = "The previous response was not found."


class MessageNotFound(SessionError):
    """The session has no message at that `seq`."""

    code = "not_found"
    default_detail = "No such message."


class ItemNotFound(SessionError):
    """The conversation has no item with this id."""

    code = "not_found"
    default_detail = "No such item in this conversation."


class AttachmentNotFound(SessionError):
    """There is no such attachment for this user: unknown and somebody else's look the same."""

    code = "not_found"
    default_detail = "No such attachment."


class ImportNotFound(SessionError):
    """There is no such import for this user: unknown and somebody else's look the same."""

    code = "not_found"
    default_detail = "No such import."


class UserErased(SessionError):
    """The user's data has been erased; their access token can outlive that by minutes."""

    code = "user_erased"
    default_detail = "This account has been erased."


class NotAllowed(SessionError):
    """The caller is known, and may not do this."""

    code = "not_allowed"
    default_detail = "You may not do this."


class ScopeMissing(NotAllowed):
    """The service key was not made for this route; `scope` is what it would need."""

    code = "scope_missing"
    default_detail = "This service key lacks the scope that the route needs."

    def __init__(self, scope: str = "") -> None:
        self.scope = scope
        super().__init__(f"This service key lacks the scope {scope}." if scope else None)


class ServiceKeyRefused(NotAllowed):
    """The route is not for service keys."""

    code = "service_key_not_allowed"
    default_detail = "A service key cannot be used here."


class ServiceKeyRequired(NotAllowed):
    """The route is about an application's users."""

    code = "service_key_required"
    default_detail = "This route is for service keys."


class EndUserRequired(NotAllowed):
    """A service key says for whom it asks, and this request does not."""

    code = "end_user_required"
    default_detail = "Name the end user in X-End-User (or `user` on /v1): this route is theirs."


class EndUserRefused(NotAllowed):
    """An end user is named where there can be none."""

    code = "end_user_not_allowed"
    default_detail = "X-End-User is for service keys, and not for the routes about all their users."


class EndUserErased(NotAllowed):
    """The application's user has been erased, and stays so."""

    code = "end_user_erased"
    default_detail = "This end user has been erased."


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


class SearchInProgress(SessionError):
    """Another search of the same user is running; `retry_after` is in seconds."""

    code = "search_in_progress"
    default_detail = "Another search of yours is in progress."
    retry_after = 1


class QuotaReached(SessionError):
    """The user has as much as they may have; `limit` is the quota. Nothing has been stored."""

    code = "quota_reached"
    default_detail = "Your quota is used up."

    def __init__(self, limit: int = 0) -> None:
        super().__init__(self.default_detail.format(limit=limit))
        self.limit = limit


class SessionsQuota(QuotaReached):
    """The user has as many sessions as they may have."""

    code = "quota_sessions"
    default_detail = "Your quota of {limit:,} sessions is used up; delete some first."


class MessagesQuota(QuotaReached):
    """The user has as many messages as they may have."""

    code = "quota_messages"
    default_detail = "Your quota of {limit:,} messages is used up; delete sessions first."


class BytesQuota(QuotaReached):
    """The user's messages take as many bytes as they may take."""

    code = "quota_bytes"
    default_detail = "Your quota of {limit:,} bytes of messages is used up; delete some first."


class AttachmentsQuota(QuotaReached):
    """The user's pictures, files and sounds have as many bytes as they may have."""

    code = "quota_attachments"
    default_detail = "Your quota of {limit:,} bytes of attachments is used up; delete some first."


class AttachmentCountQuota(AttachmentsQuota):
    """The user has as many pictures, files and sounds as they may have, however small."""

    default_detail = "Your quota of {limit:,} attachments is used up; delete some first."


class SearchesQuota(QuotaReached):
    """The user has searched as often today as they may; `retry_after` is in seconds."""

    code = "quota_searches"
    default_detail = "Your quota of {limit:,} searches a day is used up."

    def __init__(self, limit: int = 0, *, retry_after: int = 1) -> None:
        super().__init__(limit)
        self.retry_after = retry_after


class DailyQuota(QuotaReached):
    """The user has done as much of something today (UTC) as they may; `retry_after` in seconds."""

    code = "quota_a_day"
    default_detail = "Your quota of today is used up."

    def __init__(self, limit: int = 0, *, retry_after: int = 1) -> None:
        super().__init__(limit)
        self.retry_after = retry_after


class MessagesADayQuota(DailyQuota):
    """The user's messages of today are as many as they may be."""

    code = "quota_messages_a_day"
    default_detail = "Your quota of {limit:,} messages a day is used up."


class TokensADayQuota(DailyQuota):
    """Models have read and written as many tokens for the user today as they may."""

    code = "quota_tokens_a_day"
    default_detail = "Your quota of {limit:,} tokens a day is used up."


class ApplicationSessionsQuota(QuotaReached):
    """The application's users have as many sessions as they may have together."""

    code = "quota_application_sessions"
    default_detail = "The application's quota of {limit:,} sessions is used up."


class ApplicationBytesQuota(QuotaReached):
    """The messages of the application's users take as many bytes as they may together."""

    code = "quota_application_bytes"
    default_detail = "The application's quota of {limit:,} bytes of messages is used up."


class ApplicationMessagesADayQuota(DailyQuota):
    """The messages of the application's users of today are as many as they may be together."""

    code = "quota_application_messages_a_day"
    default_detail = "The application's quota of {limit:,} messages a day is used up."


class ApplicationTokensADayQuota(DailyQuota):
    """Models have read and written as many tokens for the application today as they may."""

    code = "quota_application_tokens_a_day"
    default_detail = "The application's quota of {limit:,} tokens a day is used up."


class ProofInProgress(SessionError):
    """Another erasure of the application is being proven; `retry_after` is in seconds."""

    code = "proof_in_progress"
    default_detail = "Another erasure is in progress; try again."
    retry_after = 5


class VersionMismatch(SessionError):
    """`If-Match` names a version that is not the current one."""

    code = "precondition_failed"
    default_detail = "The session has changed since it was read."


class IdempotencyMismatch(SessionError):
    """A key that already stands for one message came with another body."""

    code = "idempotency_mismatch"
    default_detail = "This idempotency key was already used with a different body."


class StorageUnavailable(SessionError):
    """MongoDB did not answer in time or could not write; `retry_after` is in seconds."""

    code = "storage_unavailable"
    default_detail = "Storage is unavailable at the moment; try again."
    retry_after = 2


class Overloaded(SessionError):
    """This worker cannot begin the request in time; nothing was begun. `retry_after` in seconds."""

    code = "overloaded"
    default_detail = "The service has more requests than it can answer in time; try again."

    def __init__(self, detail: str | None = None, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class TooManyTurns(SessionError):
    """This worker runs as many turns as it can; nothing has been stored."""

    code = "too_many_turns"
    default_detail = "Too many turns are in progress; try again."
    retry_after = 2


class TooManyOwnTurns(SessionError):
    """The user has as many turns in progress as one may have now; nothing has been stored."""

    code = "too_many_own_turns"
    default_detail = "You have too many turns in progress; wait for one to end."
    retry_after = 2


class ModelNotAllowed(InvalidInput):
    """The model is not among those that callers may name."""

    code = "model_not_allowed"
    default_detail = "This model is not offered here."


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


class ProviderError(SessionError):
    """The model's server failed, or sent an answer that cannot be read.

    `repeated` is whether this service has asked again already.
    """

    code = "provider_error"
    default_detail = "The model's server failed."
    repeated = False


class ProviderTimeout(ProviderError):
    """The model's server took longer than LLM_TIMEOUT_SECONDS."""

    code = "provider_timeout"
    default_detail = "The model's server took too long."


REFUSALS = frozenset({400, 404, 409, 413, 415, 422})
"""What a server answers to a request that it will not take, however often it is asked."""


class ProviderRefused(ProviderError):
    """The model's server refused the request; `refusal` holds its status and its own words."""

    code = "provider_refused"
    refusal = Refusal(400)

    def __init__(self, refusal: Refusal) -> None:
        detail = refusal.message or f"The model's server answered {refusal.status}."
        super().__init__(detail, attr=refusal.param)
        self.refusal = refusal


class ProviderBusy(ProviderError):
    """The model's server takes no more requests for now; `retry_after` is in seconds, if it said.

    `refusal` holds its own words.
    """

    code = "provider_busy"

    def __init__(self, refusal: Refusal, *, retry_after: float | None) -> None:
        super().__init__(refusal.message or "The model's server is busy; try again.")
        self.refusal = refusal
        self.retry_after = None if retry_after is None else math.ceil(retry_after)

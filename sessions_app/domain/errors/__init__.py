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

from sessions_app.domain.errors.base import (
    SessionError,
)
from sessions_app.domain.errors.conflicts import (
    Conflict,
    IdempotencyMismatch,
    ImportInProgress,
    LegalHold,
    NothingToAnswer,
    Overtaken,
    SessionArchived,
    SessionExists,
    SessionExpired,
    SessionTemporary,
    TurnInProgress,
    VersionMismatch,
)
from sessions_app.domain.errors.failures import (
    DamagedSession,
    StorageUnavailable,
    TurnFailed,
    TurnInterrupted,
)
from sessions_app.domain.errors.input import (
    AttachmentEmpty,
    AttachmentIncomplete,
    AttachmentRefused,
    AttachmentTypeMismatch,
    AttachmentUnknown,
    AttachmentUnreadable,
    BadAttachmentName,
    DuplicateItem,
    EndUserInvalid,
    InvalidInput,
    ModelNotAllowed,
    SlowBody,
    TooLarge,
)
from sessions_app.domain.errors.limits import (
    ApplicationBytesQuota,
    ApplicationMessagesADayQuota,
    ApplicationSessionsQuota,
    ApplicationTokensADayQuota,
    AttachmentCountQuota,
    AttachmentsQuota,
    BytesQuota,
    DailyQuota,
    MessagesADayQuota,
    MessagesQuota,
    Overloaded,
    ProofInProgress,
    QuotaReached,
    SearchesQuota,
    SearchInProgress,
    SessionsQuota,
    TokensADayQuota,
    TooManyOwnTurns,
    TooManyTurns,
)
from sessions_app.domain.errors.missing import (
    AttachmentNotFound,
    ImportNotFound,
    ItemNotFound,
    MessageNotFound,
    PreviousNotFound,
    ResponseNotFound,
    SessionNotFound,
    UserErased,
)
from sessions_app.domain.errors.model_server import (
    REFUSALS,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
)
from sessions_app.domain.errors.permissions import (
    EndUserErased,
    EndUserRefused,
    EndUserRequired,
    NotAllowed,
    ScopeMissing,
    ServiceKeyRefused,
    ServiceKeyRequired,
)

__all__ = [
    "REFUSALS",
    "ApplicationBytesQuota",
    "ApplicationMessagesADayQuota",
    "ApplicationSessionsQuota",
    "ApplicationTokensADayQuota",
    "AttachmentCountQuota",
    "AttachmentEmpty",
    "AttachmentIncomplete",
    "AttachmentNotFound",
    "AttachmentRefused",
    "AttachmentTypeMismatch",
    "AttachmentUnknown",
    "AttachmentUnreadable",
    "AttachmentsQuota",
    "BadAttachmentName",
    "BytesQuota",
    "Conflict",
    "DailyQuota",
    "DamagedSession",
    "DuplicateItem",
    "EndUserErased",
    "EndUserInvalid",
    "EndUserRefused",
    "EndUserRequired",
    "IdempotencyMismatch",
    "ImportInProgress",
    "ImportNotFound",
    "InvalidInput",
    "ItemNotFound",
    "LegalHold",
    "MessageNotFound",
    "MessagesADayQuota",
    "MessagesQuota",
    "ModelNotAllowed",
    "NotAllowed",
    "NothingToAnswer",
    "Overloaded",
    "Overtaken",
    "PreviousNotFound",
    "ProofInProgress",
    "ProviderBusy",
    "ProviderError",
    "ProviderRefused",
    "ProviderTimeout",
    "QuotaReached",
    "ResponseNotFound",
    "ScopeMissing",
    "SearchInProgress",
    "SearchesQuota",
    "ServiceKeyRefused",
    "ServiceKeyRequired",
    "SessionArchived",
    "SessionError",
    "SessionExists",
    "SessionExpired",
    "SessionNotFound",
    "SessionTemporary",
    "SessionsQuota",
    "SlowBody",
    "StorageUnavailable",
    "TokensADayQuota",
    "TooLarge",
    "TooManyOwnTurns",
    "TooManyTurns",
    "TurnFailed",
    "TurnInProgress",
    "TurnInterrupted",
    "UserErased",
    "VersionMismatch",
]

"""Too much at once, or more than a user may store or do."""

from sessions_app.domain.errors.base import SessionError


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

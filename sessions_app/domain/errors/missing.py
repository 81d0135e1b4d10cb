"""What the caller has not, or has no more."""

from sessions_app.domain.errors.base import SessionError


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

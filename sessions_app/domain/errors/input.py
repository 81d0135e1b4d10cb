"""A value, a body or a file that breaks a rule."""

from sessions_app.domain.errors.base import SessionError


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


class ModelNotAllowed(InvalidInput):
    """The model is not among those that callers may name."""

    code = "model_not_allowed"
    default_detail = "This model is not offered here."

"""Pictures and files for staff: blurred on the page of a conversation, until they are asked for."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain import parts
from sessions_app.domain.attachments import PICTURES, Attachment
from sessions_app.domain.data import Message
from sessions_app.domain.errors import AttachmentNotFound, SessionError
from sessions_app.domain.review import Act, Staff
from sessions_app.domain.texts.text import inert
from sessions_app.media import BadPicture, blurred
from sessions_app.repository import attachments as attachment_store
from sessions_app.repository import review
from sessions_app.services import attachments
from sessions_app.services.attachments import Content
from sessions_app.services.review import masking, read_log
from sessions_app.services.review.read_log import About


class FileMasked(SessionError):
    """A file's text cannot be masked, so the file is hidden as long as text is."""

    code = "file_masked"
    default_detail = (
        "Files are hidden as long as addresses and numbers are: their text cannot be masked."
    )


@dataclass(frozen=True, slots=True)
class ShownAttachment:
    """What a message has beside its text; without an id it is only an address."""

    attachment_id: str
    is_picture: bool
    label: str


def shown(message: Message, *, masked: bool) -> Sequence[ShownAttachment]:
    """The pictures, files and sounds of a message, in words."""
    text = masking.hidden if masked else inert
    return [
        ShownAttachment(
            part.get("attachment_id", ""),
            part.get("media_type") in PICTURES,
            text(parts.in_words(part).strip("[]")),
        )
        for part in message.parts or ()
        if part["type"] != parts.TEXT
    ]


@tracing.step
def attachment_read(
    *, session_id: str, attachment_id: str, staff: Staff, may_unmask: bool, now: datetime
) -> Content:
    """The bytes of an attachment, once the log says that this reader has asked for them.

    Raises SessionNotFound, AttachmentNotFound, ReasonNeeded, and FileMasked.
    """
    why = read_log.reason_given(session_id=session_id, staff=staff, now=now)
    attachment = _attachment(session_id, attachment_id)
    masked = read_log.masked_for(session_id=session_id, staff=staff, may_unmask=may_unmask, now=now)
    if masked and attachment.media_type not in PICTURES:
        raise FileMasked
    part = {"attachment": attachment.attachment_id, "masked": masked}
    read_log.log_write(
        staff=staff,
        act=Act.ATTACHMENT,
        now=now,
        why=why,
        about=[About(session_id, attachment.user_id, part)],
    )
    return attachments.attachment_content(
        attachment_id=attachment.attachment_id, user_id=attachment.user_id
    )


@tracing.step
def attachment_blurred(
    *, session_id: str, attachment_id: str, staff: Staff, now: datetime
) -> bytes:
    """A picture of which only its colours can be made out, as WebP.

    Raises SessionNotFound, ReasonNeeded, and AttachmentNotFound, also until its small picture is
    made.
    """
    read_log.reason_given(session_id=session_id, staff=staff, now=now)
    attachment = _attachment(session_id, attachment_id)
    content = attachments.attachment_content(
        attachment_id=attachment.attachment_id, user_id=attachment.user_id, thumbnail=True
    )
    try:
        return blurred(io.BytesIO(b"".join(content.pieces())))
    except BadPicture as error:
        raise AttachmentNotFound from error


def _attachment(session_id: str, attachment_id: str) -> Attachment:
    """An attachment that a message of this conversation refers to."""
    session = review.conversations.read_one(session_id).session
    attachment = attachments.attachment_get(attachment_id=attachment_id, user_id=session.user_id)
    if not attachment_store.references.is_referred_to(session_id, attachment.attachment_id):
        raise AttachmentNotFound
    return attachment

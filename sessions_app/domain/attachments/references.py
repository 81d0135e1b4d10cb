"""The part of a message that refers to an attachment: ids, types, sizes and names, never bytes."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.attachments.data import Attachment
from sessions_app.domain.parts import counting


def part_of(attachment: Attachment, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The part that refers to an attachment; `sent` is what the client said of it.

    Its `sha256` is that of the bytes as they were sent: a client that sends them again is known
    by that.
    """
    part: dict[str, Any] = {
        "type": attachment.kind,
        "attachment_id": attachment.attachment_id,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "tokens": tokens_of(attachment, sent.get("detail") or "auto"),
    }
    if attachment.width:
        part |= {"width": attachment.width, "height": attachment.height}
    name = sent.get("name") or attachment.name
    described = {"name": name, "alt": sent.get("alt"), "detail": sent.get("detail")}
    return part | {member: value for member, value in described.items() if value}


def tokens_of(attachment: Attachment, detail: str = "auto") -> int:
    """What an attachment is counted as."""
    if attachment.kind == "image":
        return counting.picture_tokens(attachment.width, attachment.height, detail)
    return attachment.text_tokens or counting.FILE_TOKENS

"""Puts the bytes into a request to a model, in place of the addresses that stand for them.

Last of all, so that neither a plan nor what is shown of it ever holds them.
"""

import base64
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sessions_app import tokenizer
from sessions_app.domain import dialect, parts
from sessions_app.domain.attachments import Attachment, Kind
from sessions_app.domain.errors import AttachmentNotFound
from sessions_app.repository import attachments as store
from sessions_app.services.attachments.preparing import UNREADABLE, text_of

logger = logging.getLogger(__name__)

GONE = "[{kind}: no longer here]"


def filled(
    messages: Sequence[Mapping[str, Any]], *, user_id: str, files_in_words: bool = False
) -> list[dict[str, Any]]:
    """The messages of a request as they go over the wire; PDF files as their text where asked."""
    files = () if files_in_words else (Kind.PDF,)
    return [
        {**message, "content": [_part(part, user_id, files) for part in message["content"]]}
        if isinstance(message["content"], list)
        else dict(message)
        for message in messages
    ]


def _part(part: Mapping[str, Any], user_id: str, files: Collection[str]) -> dict[str, Any]:
    """A part with its bytes, or, of a file that is not among `files`, with its text."""
    inner = part.get(part["type"])
    member = _address_in(inner) if isinstance(inner, Mapping) else None
    if member is None or not isinstance(inner, Mapping):
        return dict(part)
    attachment_id, tokens = parts.read_address(inner[member])
    try:
        attachment = store.facts.read(attachment_id, user_id=user_id)
        if part["type"] == "file" and attachment.media_type not in files:
            return _as_text(attachment, str(inner.get("filename", "")), tokens)
        value = _bytes(attachment, user_id, bare=part["type"] == "input_audio")
    except AttachmentNotFound:
        # Erased since the window was planned.
        return {"type": "text", "text": GONE.format(kind=part["type"].removesuffix("_url"))}
    return {"type": part["type"], part["type"]: {**inner, member: value}}


def _address_in(inner: Mapping[str, Any]) -> str | None:
    return next((name for name, value in inner.items() if parts.is_address(value)), None)


def _bytes(attachment: Attachment, user_id: str, *, bare: bool) -> str:
    blob = store.facts.blob_of(attachment.attachment_id, user_id=user_id)
    content = b"".join(store.blobs.read(blob))
    if bare:
        return base64.b64encode(content).decode()
    return parts.data_url(attachment.media_type, content)


def _as_text(attachment: Attachment, name: str, tokens: int) -> dict[str, Any]:
    """A file that is text, or whose text is known, within what it was counted as."""
    named = name or attachment.name or attachment.media_type
    text = attachment.text or ("" if attachment.note else text_of(attachment))
    if not text:
        return {"type": "text", "text": f"[file: {named}; {attachment.note or UNREADABLE}]"}
    text = dialect.cut_middle(text, tokens, tokenizer.count_tokens)
    return {"type": "text", "text": f"[file: {named}]\n{text}"}

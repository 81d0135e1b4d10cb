"""The parts of a request of which nothing is stored: as they are sent on.

Bytes are looked at as if they were to be kept, and so refused for the same reasons; what is kept
already is sent by its id.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sessions_app.domain import parts
from sessions_app.domain.attachments import OFFICE, Kind, family_of
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import AttachmentNotFound, AttachmentUnknown
from sessions_app.media import Unreadable
from sessions_app.repository import attachments as store
from sessions_app.services.attachments import checking
from sessions_app.services.attachments.checking import Checked
from sessions_app.services.attachments.preparing import UNREADABLE, text_in
from sessions_app.services.attachments.referring import named, referring, unsettled, uploaded


def passed_on(drafts: Sequence[MessageDraft], *, user_id: str) -> Sequence[MessageDraft]:
    """The drafts with parts that can be sent; raises InvalidInput or TooLarge."""
    return [
        _draft(draft, user_id, f"input.{at}.") if draft.parts else draft
        for at, draft in enumerate(drafts)
    ]


def _draft(draft: MessageDraft, user_id: str, path: str) -> MessageDraft:
    sent = list(draft.parts or ())
    for at in unsettled(sent, path):
        sent[at] = _part(sent[at], user_id, f"{path}parts.{at}")
    return replace(draft, parts=sent, content=parts.text_of(sent))


def _part(part: parts.Part, user_id: str, path: str) -> dict[str, Any]:
    if parts.BYTES in part:
        with uploaded(part, path) as upload:
            return _checked(checking.check(upload), part)
    try:
        attachment = store.facts.read(named(part) or "", user_id=user_id)
    except AttachmentNotFound as error:
        member = "attachment_id" if "attachment_id" in part else "file_id"
        raise AttachmentUnknown(attr=f"{path}.{member}") from error
    return referring(attachment, part)


def _checked(checked: Checked, part: parts.Part) -> dict[str, Any]:
    """Bytes under the type that they are; a text, or an office file, as its text."""
    if checked.kind is Kind.TEXT or checked.kind in OFFICE:
        label = checked.name or checked.kind.value
        return {"type": parts.TEXT, "text": f"[file: {label}]\n{_text(checked)}"}
    kind = {"type": family_of(checked.kind), "media_type": checked.kind.value}
    return {**part, **kind}


def _text(checked: Checked) -> str:
    if checked.kind is Kind.TEXT:
        return checking.text_of(checked)[0]
    try:
        return text_in(checked.content) or UNREADABLE
    except Unreadable:
        return UNREADABLE

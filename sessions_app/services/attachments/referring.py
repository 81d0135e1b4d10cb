"""Makes the parts of drafts refer to what is kept.

A draft's part has bytes, or names an attachment of the same user. Afterwards it has the id, type,
size and tokens of what is kept, and the session has that, so that an append stores references
alone.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from sessions_app.domain import parts
from sessions_app.domain.attachments import Attachment, Upload, own_id, part_of
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import AttachmentNotFound, AttachmentUnknown, TooLarge
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import attachments as store
from sessions_app.repository import log
from sessions_app.services.attachments.known import known
from sessions_app.services.attachments.preparing import read_now
from sessions_app.services.attachments.uploading import attachment_store

_MARGIN = timedelta(hours=1)


def settled(
    drafts: Sequence[MessageDraft],
    *,
    session_id: str,
    user_id: str,
    now: datetime,
    is_new: bool = False,
) -> Sequence[MessageDraft]:
    """The drafts with parts that refer to what is kept; the same where none has such parts.

    Nothing is stored but for a session that takes messages; `is_new` for one that is about to be.
    Raises SessionNotFound, SessionExpired, SessionArchived, InvalidInput or TooLarge.
    """
    settling = _Settling(session_id, user_id, lifecycle.to_milliseconds(now), is_writable=is_new)
    is_batch = len(drafts) > 1
    made = [
        settling.draft(draft, f"messages.{position}." if is_batch else "") if draft.parts else draft
        for position, draft in enumerate(drafts)
    ]
    return made if settling.has_settled else drafts


def recognised(drafts: Sequence[MessageDraft], *, user_id: str) -> Sequence[MessageDraft]:
    """The drafts with the digests of what they name by the ids of files.

    So that a message that came with bytes is known again by the id that its item came back with.
    """
    ids = {
        name
        for draft in drafts
        for part in draft.parts or ()
        if (name := _unread(part)) is not None
    }
    if not ids:
        return drafts
    kept = store.facts.read_many(ids, user_id=user_id)
    return [
        replace(draft, parts=[_with_digest(part, kept) for part in draft.parts])
        if draft.parts
        else draft
        for draft in drafts
    ]


def _unread(part: parts.Part) -> str | None:
    """The attachment that a part names without its digest."""
    return None if "sha256" in part else named(part)


def _with_digest(part: parts.Part, kept: Mapping[str, Attachment]) -> parts.Part:
    attachment = kept.get(_unread(part) or "")
    return {**part, "sha256": attachment.sha256} if attachment else part


@contextmanager
def uploaded(part: parts.Part, path: str) -> Iterator[Upload]:
    """A part's bytes, as long as the block."""
    with io.BytesIO(part[parts.BYTES]) as content:
        media_type = part["media_type"].removesuffix("/*")
        yield Upload(content, name=part.get("name", ""), media_type=media_type, path=path)


def named(part: parts.Part) -> str | None:
    """The attachment of this service that a part names."""
    name = part.get("attachment_id") or part.get("file_id")
    return own_id(name) if isinstance(name, str) else None


def referring(attachment: Attachment, part: parts.Part) -> dict[str, Any]:
    """The part that refers to an attachment, under the name that its client knows."""
    own = {"file_id": part["file_id"]} if "file_id" in part else {}
    return part_of(attachment, part) | own


def unsettled(message_parts: parts.Parts, path: str) -> list[int]:
    """Where the attachments of a message are; raises TooLarge for more than it may have."""
    positions = [at for at, part in enumerate(message_parts) if is_unsettled(part)]
    most = settings.ATTACHMENTS_PER_MESSAGE
    if len(positions) > most:
        raise TooLarge(f"A message has at most {most} attachments.", attr=f"{path}parts")
    return positions


def is_unsettled(part: parts.Part) -> bool:
    """Whether a part has bytes, or names an attachment of which nothing is known yet."""
    if part["type"] == parts.TEXT:
        return False
    return parts.BYTES in part or ("tokens" not in part and named(part) is not None)


class _Settling:
    """The drafts of one request."""

    def __init__(self, session_id: str, user_id: str, now: datetime, *, is_writable: bool) -> None:
        self._session_id, self._user_id, self._now = session_id, user_id, now
        self._is_writable = is_writable
        self.has_settled = False

    def _require_writable(self) -> None:
        """Before anything is written, of which an append that is refused would leave a trace."""
        if not self._is_writable:
            session = log.read_header(session_id=self._session_id, user_id=self._user_id)
            lifecycle.require_writable(session, now=self._now)
            self._is_writable = True

    def draft(self, draft: MessageDraft, path: str) -> MessageDraft:
        """The draft with parts that refer to what is kept; the same where all parts do."""
        given_parts = draft.parts or ()
        if len(given_parts) > settings.ATTACHMENTS_PER_MESSAGE:
            # Before any of them is stored.
            unsettled(given_parts, path)
        settled_parts: list[parts.Part] | None = None
        for at, part in enumerate(given_parts):
            if part["type"] != parts.TEXT and (referred := self._part(part, path, at)) is not part:
                settled_parts = settled_parts or list(given_parts)
                settled_parts[at] = referred
        if settled_parts is None:
            return draft
        self.has_settled = True
        return replace(draft, parts=settled_parts, content=parts.text_of(settled_parts))

    def _part(self, part: parts.Part, path: str, at: int) -> parts.Part:
        """The part that refers to what is kept; the same where it does, or has an address."""
        if parts.BYTES in part:
            return part_of(self._kept(part, f"{path}parts.{at}"), part)
        name = None if "tokens" in part else named(part)
        if name is None:
            return part
        try:
            attachment = self._verified(name)
        except AttachmentNotFound as error:
            member = "attachment_id" if "attachment_id" in part else "file_id"
            raise AttachmentUnknown(attr=f"{path}parts.{at}.{member}") from error
        return referring(attachment, part)

    def _kept(self, part: parts.Part, path: str) -> Attachment:
        """What is kept of a part's bytes, after they have been stored."""
        self._require_writable()
        with uploaded(part, path) as upload:
            stored = attachment_store(
                user_id=self._user_id, upload=upload, session_id=self._session_id, now=self._now
            )
        attachment = read_now(stored)
        known.remember(self._session_id, attachment)
        return attachment

    def _verified(self, attachment_id: str) -> Attachment:
        """An attachment of this user that the session has, from now on at the latest."""
        remembered = known.recall(self._session_id, attachment_id)
        if remembered is not None and remembered.user_id == self._user_id:
            return remembered
        attachment = store.facts.read(attachment_id, user_id=self._user_id)
        if not self._has(attachment_id):
            self._link(attachment_id)
        known.remember(self._session_id, attachment)
        return attachment

    def _has(self, attachment_id: str) -> bool:
        """Whether the session has it, and goes on to have it."""
        since = store.references.age_of(self._session_id, attachment_id)
        if since is None:
            return False
        kept = timedelta(hours=settings.ATTACHMENT_UNUSED_HOURS) - _MARGIN
        # A sweep is about to take back what no message has come to refer to.
        return since > self._now - kept or store.references.confirm(self._session_id, attachment_id)

    def _link(self, attachment_id: str) -> None:
        self._require_writable()
        store.references.add(self._session_id, [attachment_id], since=self._now)
        check_at = self._now + timedelta(hours=settings.ATTACHMENT_UNUSED_HOURS)
        if not store.facts.renew(attachment_id, check_at=check_at):
            raise AttachmentNotFound

"""Keeps bytes, once for each user and content."""

import os
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from django.conf import settings

from sessions_app import clock
from sessions_app.domain.attachments import PICTURES, Attachment, Upload, attachment_id
from sessions_app.domain.errors import (
    AttachmentCountQuota,
    AttachmentsQuota,
    AttachmentUnreadable,
    StorageUnavailable,
)
from sessions_app.domain.sessions import lifecycle
from sessions_app.media import BadPicture, Limits, Unreadable, has_position, read
from sessions_app.repository import attachments as store
from sessions_app.repository import log
from sessions_app.services import receipts
from sessions_app.services.attachments import checking
from sessions_app.services.attachments.checking import Checked
from sessions_app.services.attachments.known import known
from sessions_app.services.attachments.preparing import prepare_ahead

# An attempt fails only because the same content is being removed, or stored by another upload.
_ATTEMPTS = 20


def upload_require(*, session_id: str, user_id: str, now: datetime) -> None:
    """Require a session that takes messages, before any byte of a file is looked at.

    Raises SessionNotFound, SessionExpired, SessionArchived.
    """
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_writable(session, now=now)


def attachment_upload(
    *, session_id: str, user_id: str, upload: Upload, now: datetime
) -> Attachment:
    """Keep bytes for a session that takes messages.

    Raises SessionNotFound, SessionExpired, SessionArchived, InvalidInput, TooLarge, QuotaReached.
    """
    upload_require(session_id=session_id, user_id=user_id, now=now)
    stored = attachment_store(user_id=user_id, upload=upload, session_id=session_id, now=now)
    known.remember(session_id, stored)
    return stored


def attachment_store(
    *,
    user_id: str,
    upload: Upload,
    now: datetime,
    session_id: str | None = None,
    purpose: str | None = None,
) -> Attachment:
    """Keep bytes; what is there already is not written again.

    With `session_id`, that session has it from then on; with `purpose`, it is a file of the OpenAI
    wire. Raises InvalidInput, TooLarge, QuotaReached, UserErased.
    """
    now = lifecycle.to_milliseconds(now)
    checked = checking.check(upload)
    identifier = attachment_id(user_id, checked.sha256)
    check_at = now + timedelta(hours=settings.ATTACHMENT_UNUSED_HOURS)
    if identifier not in store.facts.read_many([identifier], user_id=user_id):
        require_room(user_id, checked)
    for _ in range(_ATTEMPTS):
        if session_id is not None:
            # First: who removes what nothing refers to looks for this last.
            store.references.add(session_id, [identifier], since=now)
        if store.facts.renew(identifier, check_at=check_at, purpose=purpose):
            return store.facts.read(identifier, user_id=user_id)
        stored = _store(user_id, checked, check_at=check_at, purpose=purpose, now=now)
        if stored is not None:
            _refuse_erased(user_id)
            prepare_ahead.later(identifier)
            return stored
    raise StorageUnavailable


def attachment_preview(*, user_id: str, upload: Upload, now: datetime) -> Attachment:
    """What `attachment_store` would keep; nothing is stored. Raises InvalidInput, TooLarge."""
    checked = checking.check(upload)
    return _facts(user_id, checked, checked.content, lifecycle.to_milliseconds(now), None)


def require_room(user_id: str, checked: Checked) -> None:
    """Require room for these bytes among the user's; raises AttachmentsQuota."""
    # Of uploads at the same moment each may be let in by what there was before.
    most, most_bytes = settings.ATTACHMENTS_PER_USER, settings.ATTACHMENTS_PER_USER_BYTES
    if not (most or most_bytes):
        return
    count, size = store.facts.usage(user_id)
    if most_bytes and size + checked.size > most_bytes:
        raise AttachmentsQuota(most_bytes)
    # What is known of a file takes more than a small file.
    if most and count >= most:
        raise AttachmentCountQuota(most)


def _refuse_erased(user_id: str) -> None:
    """Take back what was stored for a user who has been erased; see `sessions.session_create`."""
    if receipts.is_erased(user_id):
        store.removing.remove_all_of(user_id)
        raise receipts.erased_error(user_id)


def keep(
    checked: Checked, *, user_id: str, sha256: str, created_at: datetime, purpose: str | None
) -> bool:
    """Keep bytes of an export as they are; `sha256` is that of what was sent once.

    False where they are there already.
    """
    attachment = replace(
        _facts(user_id, checked, checked.content, created_at, purpose),
        attachment_id=attachment_id(user_id, sha256),
        sha256=sha256,
    )
    check_at = clock.now() + timedelta(hours=settings.ATTACHMENT_UNUSED_HOURS)
    return _write(attachment, checked, checked.content, check_at)


def _store(
    user_id: str, checked: Checked, *, check_at: datetime, purpose: str | None, now: datetime
) -> Attachment | None:
    """Write bytes that are not there; None where another upload was first."""
    content = _as_kept(checked)
    attachment = _facts(user_id, checked, content, now, purpose)
    try:
        return attachment if _write(attachment, checked, content, check_at) else None
    finally:
        if content is not checked.content:
            content.close()


def _facts(
    user_id: str, checked: Checked, content: BinaryIO, now: datetime, purpose: str | None
) -> Attachment:
    is_as_sent = content is checked.content
    text, text_tokens = checking.text_of(checked)
    return Attachment(
        attachment_id=attachment_id(user_id, checked.sha256),
        user_id=user_id,
        sha256=checked.sha256,
        content_sha256=checked.sha256 if is_as_sent else checking.digest(content),
        media_type=checked.kind.value,
        size=content.seek(0, os.SEEK_END),
        name=checked.name,
        created_at=now,
        width=checked.width,
        height=checked.height,
        text=text,
        text_tokens=text_tokens,
        purpose=purpose,
    )


def _write(attachment: Attachment, checked: Checked, content: BinaryIO, check_at: datetime) -> bool:
    """Write the bytes, then what is known of them; what goes wrong in between leaves nothing."""
    blob, user_id = str(uuid.uuid4()), attachment.user_id
    store.blobs.begin(blob, user_id=user_id, now=clock.now())
    is_stored = False
    try:
        store.blobs.write(blob, content, user_id=user_id, attachment_id=attachment.attachment_id)
        is_stored = store.facts.insert(
            attachment, blob=blob, check_at=check_at, to_prepare=_has_more_inside(checked)
        )
    finally:
        # Where storage is away, a sweep does it.
        with suppress(StorageUnavailable):
            if not is_stored:
                store.blobs.delete(blob)
            store.blobs.end(blob)
    return is_stored


def _has_more_inside(checked: Checked) -> bool:
    return not checked.kind.value.startswith(("audio/", "text/"))


def _as_kept(checked: Checked) -> BinaryIO:
    """The bytes to keep: as they were sent, or a picture without where it was taken."""
    if checked.kind not in PICTURES or settings.ATTACHMENT_KEEP_POSITION:
        return checked.content
    limits = Limits(
        settings.ATTACHMENT_READER_BYTES,
        settings.ATTACHMENT_READER_SECONDS,
        settings.ATTACHMENT_MAX_PIXELS,
    )
    try:
        if not has_position(checked.content):
            return checked.content
        return cast(BinaryIO, read("without_position", checked.content, limits))
    except (BadPicture, Unreadable) as error:
        raise AttachmentUnreadable("The picture cannot be read.", attr="file") from error

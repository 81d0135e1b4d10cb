"""Attachments in exports, and back again from imports, each as it was.

A record has an attachment's facts and its bytes: in base64, or beside, under their digest. What is
made of the bytes (small pictures, the text of files) is made again.
"""

import base64
import binascii
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import BinaryIO

from django.conf import settings

from sessions_app import clock
from sessions_app.domain.attachments import (
    Attachment,
    Kind,
    Upload,
    attachment_id,
    file_id_of,
    own_id,
)
from sessions_app.domain.errors import AttachmentNotFound, InvalidInput, TooLarge
from sessions_app.domain.records.writing import Record, timestamp
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import attachments as store
from sessions_app.services.attachments import checking
from sessions_app.services.attachments.uploading import keep, require_room

ATTACHMENT = "attachment"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PAGE = 100

Beside = Callable[[str, Iterator[bytes]], None]
"""Writes bytes to where an export has its files, under this name."""
Found = Callable[[str], BinaryIO]
"""The bytes that an export has under this name; raises InvalidInput where there are none."""


def records_of_sessions(
    session_ids: Sequence[str], *, user_id: str, seen: set[str], beside: Beside | None = None
) -> Iterator[Record]:
    """The attachments of these sessions that have not been `seen`."""
    ids = [each for each in store.references.attachments_of(session_ids) if each not in seen]
    seen.update(ids)
    yield from _records(ids, user_id, beside)


def records_of_user(user_id: str) -> Iterator[Record]:
    """All attachments of a user, with their bytes."""
    after = ""
    while ids := store.facts.ids_of(user_id, after=after, limit=_PAGE):
        yield from _records(ids, user_id, None)
        after = ids[-1]


def _records(ids: Sequence[str], user_id: str, beside: Beside | None) -> Iterator[Record]:
    for identifier in ids:
        try:
            attachment = store.facts.read(identifier, user_id=user_id)
            pieces = store.blobs.read(store.facts.blob_of(identifier, user_id=user_id))
        except AttachmentNotFound:
            # Swept since, as nothing refers to it.
            continue
        yield _facts(attachment) | _bytes(attachment, pieces, beside)


def _bytes(
    attachment: Attachment, pieces: Iterator[bytes], beside: Beside | None
) -> dict[str, str]:
    if beside is None:
        return {"data": base64.b64encode(b"".join(pieces)).decode()}
    beside(attachment.content_sha256, pieces)
    return {"file": attachment.content_sha256}


def _facts(attachment: Attachment) -> dict[str, object]:
    facts = {
        "type": ATTACHMENT,
        "attachment_id": attachment.attachment_id,
        "user_id": attachment.user_id,
        "sha256": attachment.sha256,
        "content_sha256": attachment.content_sha256,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "name": attachment.name,
        "created_at": timestamp(attachment.created_at),
        "purpose": attachment.purpose,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def restore(
    record: Record,
    *,
    user_id: str | None,
    found: Found | None,
    dry_run: bool,
    metered: bool = False,
) -> bool:
    """Keep what a record holds, for its owner or for `user_id`; False where it is there already.

    Raises InvalidInput for a record whose bytes are not those that it speaks of and, with
    `metered`, AttachmentsQuota where the owner has no room for them.
    """
    owner = user_id or record.get("user_id")
    sent, kept = record.get("sha256"), record.get("content_sha256")
    if not (isinstance(owner, str) and owner) or not all(
        isinstance(each, str) and _DIGEST.fullmatch(each) for each in (sent, kept)
    ):
        raise InvalidInput("an attachment without owner or digests")
    identifier = attachment_id(owner, str(sent))
    with _content(record, found) as content:
        if checking.digest(content) != kept:
            raise InvalidInput(f"the bytes of attachment {record.get('attachment_id')} are others")
        if dry_run or identifier in store.facts.read_many([identifier], user_id=owner):
            return False
        upload = Upload(content, name=str(record.get("name", "")), path="attachment")
        try:
            checked = checking.check(upload)
        except TooLarge as error:
            raise InvalidInput(error.detail) from error
        if checked.kind != Kind(str(record.get("media_type"))):
            raise InvalidInput(f"the attachment is {checked.kind}")
        if metered:
            require_room(owner, checked)
        return keep(
            checked,
            user_id=owner,
            sha256=str(sent),
            created_at=_moment(record.get("created_at")),
            purpose=str(record["purpose"])[:64] if record.get("purpose") else None,
        )


def _content(record: Record, found: Found | None) -> BinaryIO:
    name, data = record.get("file"), record.get("data")
    if isinstance(name, str):
        if found is None or not _DIGEST.fullmatch(name):
            raise InvalidInput("the bytes of an attachment lie beside the export; say where")
        return found(name)
    try:
        return io.BytesIO(base64.b64decode(str(data), validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("data is no base64") from error


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput("created_at is no time") from error


def of_owner(record: Record, user_id: str) -> tuple[Record, list[str]]:
    """A message whose parts name the attachments of this owner, and which these are."""
    parts = record.get("parts")
    if not isinstance(parts, list):
        return record, []
    ids, changed = list[str](), list[object]()
    for part in parts:
        is_kept = isinstance(part, dict) and isinstance(part.get("attachment_id"), str)
        if not is_kept or not isinstance(part.get("sha256"), str):
            changed.append(part)
            continue
        if own_id(part["attachment_id"]) is None:
            raise InvalidInput("attachment_id is not one")
        identifier = attachment_id(user_id, part["sha256"])
        ids.append(identifier)
        # A file's name on the wire goes with its owner, too.
        named = {"file_id": file_id_of(identifier)} if "file_id" in part else {}
        changed.append({**part, "attachment_id": identifier, **named})
    return {**record, "parts": changed}, ids


def link(session_id: str, ids: Sequence[str]) -> None:
    """A session that is about to be imported has these."""
    now = lifecycle.to_milliseconds(clock.now())
    store.references.add(session_id, dict.fromkeys(ids), since=now)
    for identifier in ids:
        store.facts.renew(
            identifier, check_at=now + timedelta(hours=settings.ATTACHMENT_UNUSED_HOURS)
        )

"""Keeps the pictures and files of other programs' messages as attachments of their new owner."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO

from django.conf import settings

from sessions_app.domain.attachments import Upload, own_id, part_of
from sessions_app.domain.errors import (
    AttachmentNotFound,
    AttachmentTypeMismatch,
    InvalidInput,
    QuotaReached,
    TooLarge,
)
from sessions_app.domain.foreign.files import ForeignFile, Unattached
from sessions_app.domain.parts import Part
from sessions_app.services import attachments
from sessions_app.sources.archives import Archive


class Attaching:
    """Attaches files for one owner; with `dry_run` it only looks at them."""

    def __init__(
        self, archive: Archive | None, *, user_id: str, now: datetime, dry_run: bool
    ) -> None:
        self._archive, self._user_id = archive, user_id
        self._now, self._dry_run = now, dry_run

    def __call__(self, file: ForeignFile) -> Part:
        """Keep a file, and give the part that refers to it; raises Unattached."""
        if file.url:
            named = {"name": file.name} if file.name else {}
            return {"type": file.kind, "url": file.url, **named}
        if own_id(file.reference) is not None:
            return self._of_owner(file)
        try:
            with self._content(file) as content:
                return self._kept(content, file.name)
        except TooLarge as error:
            raise Unattached("is larger than ATTACHMENT_MAX_BYTES") from error
        except QuotaReached as error:
            raise Unattached("has no room: the quota of attachments is reached") from error
        except InvalidInput as error:
            raise Unattached(f"cannot be kept here ({error.code})") from error

    def _of_owner(self, file: ForeignFile) -> Part:
        """What is here already, where it is the owner's."""
        try:
            stored = attachments.attachment_get(
                attachment_id=own_id(file.reference) or "", user_id=self._user_id
            )
        except AttachmentNotFound as error:
            raise Unattached("is not in the file") from error
        return part_of(stored, {"name": file.name})

    def _kept(self, content: BinaryIO, name: str) -> Part:
        keep = attachments.attachment_preview if self._dry_run else attachments.attachment_store
        try:
            upload = Upload(content, name=name)
            stored = keep(user_id=self._user_id, upload=upload, now=self._now)
        except AttachmentTypeMismatch:
            # Programs name a picture by what it was before they converted it.
            stored = keep(user_id=self._user_id, upload=Upload(content), now=self._now)
        return part_of(stored, {"name": name})

    @contextmanager
    def _content(self, file: ForeignFile) -> Iterator[BinaryIO]:
        if file.content is not None:
            yield io.BytesIO(file.content)
            return
        member = self._archive.find(file) if self._archive else None
        if member is None or self._archive is None:
            raise Unattached("is not in the file")
        with self._archive.bytes_of(member, settings.ATTACHMENT_MAX_BYTES) as content:
            yield content

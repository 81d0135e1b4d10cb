"""Small pictures and the text of files, in the background: a process reads each, within limits."""

import logging
import tempfile
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO, cast

from django.conf import settings

from sessions_app import clock, tokenizer
from sessions_app.domain.attachments import OFFICE, PICTURES, Attachment
from sessions_app.domain.errors import AttachmentNotFound, SessionError, StorageUnavailable
from sessions_app.domain.limits import PREPARE_ATTEMPTS, THUMBNAIL_SIDE
from sessions_app.domain.texts.text import storable
from sessions_app.media import Limits, Unreadable, read
from sessions_app.repository import attachments as store

logger = logging.getLogger(__name__)

UNREADABLE = "It could not be read."
NO_TEXT = "There is no text in it."
_LOOK_SECONDS = 60.0

TextRead = Callable[[str], None]
"""Called with the attachment whose text has been read."""


def attachments_prepare(*, text_read: TextRead, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Make what is still missing of attachments; how many were prepared.

    `text_read` has what is derived from messages derived anew, as a file's text is known only now.
    """
    prepared = 0
    while waiting := store.facts.next_to_prepare():
        for attachment in waiting:
            if not goes_on():
                return prepared
            prepared += _prepare(attachment, text_read)
    return prepared


def _prepare(attachment: Attachment, text_read: TextRead) -> bool:
    # Counted first: a file that ends this process as well is not tried for ever.
    if not store.facts.count_attempt(attachment.attachment_id, most=PREPARE_ATTEMPTS):
        return False
    try:
        with _content(attachment) as content:
            if attachment.media_type in PICTURES:
                return _thumbnail(attachment, content)
            return _text(attachment, content, text_read)
    except AttachmentNotFound:
        # Its bytes are missing, which `check_integrity` says; or it has been removed.
        return store.facts.prepared(attachment.attachment_id, note=UNREADABLE)


def _content(attachment: Attachment) -> BinaryIO:
    blob = store.facts.blob_of(attachment.attachment_id, user_id=attachment.user_id)
    content = tempfile.TemporaryFile()  # noqa: SIM115 - it is the caller's
    for piece in store.blobs.read(blob):
        content.write(piece)
    return cast(BinaryIO, content)


def _limits(most: int, side: int = 0) -> Limits:
    return Limits(settings.ATTACHMENT_READER_BYTES, settings.ATTACHMENT_READER_SECONDS, most, side)


def _thumbnail(attachment: Attachment, content: BinaryIO) -> bool:
    try:
        made = read("thumbnail", content, _limits(settings.ATTACHMENT_MAX_PIXELS, THUMBNAIL_SIDE))
    except Unreadable:
        return store.facts.prepared(attachment.attachment_id, note=UNREADABLE)
    blob = str(uuid.uuid4())
    store.blobs.begin(blob, user_id=attachment.user_id, now=clock.now())
    is_stored = False
    try:
        with made:
            store.blobs.write(
                blob,
                cast(BinaryIO, made),
                user_id=attachment.user_id,
                attachment_id=attachment.attachment_id,
            )
        is_stored = store.facts.prepared(attachment.attachment_id, thumbnail=blob)
    finally:
        with suppress(StorageUnavailable):
            if not is_stored:
                store.blobs.delete(blob)
            store.blobs.end(blob)
    return is_stored


def text_in(content: BinaryIO) -> str:
    """The text of a PDF or an office file, read by a process; raises Unreadable."""
    with read("text", content, _limits(settings.ATTACHMENT_TEXT_CHARS)) as made:
        return storable(made.read().decode(errors="ignore"))[: settings.ATTACHMENT_TEXT_CHARS]


def text_of(attachment: Attachment) -> str:
    """The text of a file that is wanted before it has been prepared; "" where there is none."""
    try:
        with _content(attachment) as content:
            return text_in(content)
    except (Unreadable, AttachmentNotFound):
        return ""


def read_now(attachment: Attachment) -> Attachment:
    """An office file with its text, which is not waited for otherwise: it is about to be sent."""
    if attachment.media_type not in OFFICE or attachment.text or attachment.note:
        return attachment
    text = text_of(attachment)
    if not text:
        return attachment
    tokens = tokenizer.count_tokens(text)
    store.facts.note_text(attachment.attachment_id, text=text, text_tokens=tokens)
    return replace(attachment, text=text, text_tokens=tokens)


def _text(attachment: Attachment, content: BinaryIO, text_read: TextRead) -> bool:
    try:
        text = text_in(content)
    except Unreadable:
        return store.facts.prepared(attachment.attachment_id, note=UNREADABLE)
    if text:
        tokens = tokenizer.count_tokens(text)
        store.facts.note_text(attachment.attachment_id, text=text, text_tokens=tokens)
        # Before it is done: a process that ends here leaves it to be done again.
        text_read(attachment.attachment_id)
    return store.facts.prepared(attachment.attachment_id, note="" if text else NO_TEXT)


class PrepareAhead:
    """The thread that prepares what has been uploaded here, from `start` to `stop`."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def start(self, text_read: TextRead) -> None:
        """Start the thread; once in each process that serves."""
        if self._thread is None:
            self._stopped = False
            self._thread = threading.Thread(
                target=self._loop, args=[text_read], name="attachments", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Let it end after what it is at; nobody waits for that."""
        self._stopped, self._thread = True, None
        self._wanted.set()

    def later(self, _: str) -> None:
        """There is something to prepare; a process without the thread leaves it to the job."""
        self._wanted.set()

    def _loop(self, text_read: TextRead) -> None:
        while not self._stopped:
            self._wanted.wait(_LOOK_SECONDS)
            if not self._wanted.is_set():
                continue
            self._wanted.clear()
            try:
                attachments_prepare(text_read=text_read, goes_on=lambda: not self._stopped)
            except SessionError as error:
                logger.warning("attachments cannot be prepared at the moment: %s", error.detail)
            # The thread must survive: without it, every picture would wait for the job.
            except Exception:
                logger.exception("an attachment could not be prepared")


prepare_ahead = PrepareAhead()

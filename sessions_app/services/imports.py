"""Imports that users ask for: a thread of this process reads the file, and says how far it is.

The file lies on this process's disk for as long. How far it is stands in MongoDB, under a lease
that the thread renews, so that every process can tell. Where the process dies or stops, the import
is interrupted, and goes on when the same file is sent again: sessions that are there are left
alone.
"""

import logging
import re
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from sessions_app import clock
from sessions_app.domain.attachments import Upload
from sessions_app.domain.errors import (
    ImportInProgress,
    InvalidInput,
    Overloaded,
    SessionError,
    UserErased,
)
from sessions_app.domain.imports import BEAT_SECONDS, ImportJob, ImportStatus, import_id_of
from sessions_app.domain.records.writing import Record
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import imports as store
from sessions_app.services import receipts
from sessions_app.services.attachments import checking
from sessions_app.services.transfer import (
    ImportReport,
    Source,
    SourceReading,
    nothing_imported,
    sessions_import,
    source_read,
)
from sessions_app.services.transfer.making import COPY
from sessions_app.services.transfer.owned import owned
from sessions_app.sources.json_text import Bounds

logger = logging.getLogger(__name__)

# Of a file's name: no system takes more than 255 bytes.
_NAME_CHARS = 60
_MISFITS = re.compile(r"[^\w. ()+-]")
# A conversation of a user, and how many times as large a file may be once it is unpacked.
_VALUE_CHARS, _UNPACKED = 64 * 1024 * 1024, 10
# Each takes a core while it runs, which requests want as well.
THREADS_MAX = 2
_room = threading.BoundedSemaphore(THREADS_MAX)
_stopping = threading.Event()
_threads: set[threading.Thread] = set()


def import_start(
    *, user_id: str, upload: Upload, format_name: str, forks: bool, now: datetime
) -> ImportJob:
    """Begin to import a file; the same file again goes on where it was, and doubles nothing.

    Raises ImportInProgress where another of the user's is running, Overloaded where this process
    has as many as it can, and UserErased.
    """
    now = lifecycle.to_milliseconds(now)
    options = {"format": format_name, "forks": forks}
    import_id = import_id_of(user_id, checking.digest(upload.content), options)
    for job in store.of_user(user_id):
        if job.standing(now) is ImportStatus.RUNNING:
            if job.import_id == import_id:
                return job
            raise ImportInProgress
    if not _room.acquire(blocking=False):
        raise Overloaded(retry_after=10)
    running = _Running(user_id, import_id, format_name, forks)
    try:
        running.keep(upload)
        if not store.begin(import_id=import_id, user_id=user_id, attempt=running.attempt, now=now):
            raise ImportInProgress
        # Looked at after the write, as an erasure may have begun before it.
        if receipts.is_erased(user_id):
            store.remove_all_of(user_id)
            raise UserErased
        thread = threading.Thread(target=running.run, name=import_id, daemon=True)
        thread.start()
    except BaseException:
        running.forget()
        raise
    return store.read(import_id, user_id=user_id)


def import_get(*, import_id: str, user_id: str) -> ImportJob:
    """How an import stands; raises ImportNotFound."""
    return store.read(import_id, user_id=user_id)


def imports_stop(*, seconds: float) -> None:
    """Interrupt the imports of this process, which is about to end, and wait so long for them."""
    _stopping.set()
    deadline = time.monotonic() + seconds
    for thread in list(_threads):
        thread.join(max(0.0, deadline - time.monotonic()))


class _Running:
    """One import on its thread."""

    def __init__(self, user_id: str, import_id: str, format_name: str, forks: bool) -> None:
        self.attempt = str(uuid.uuid4())
        self._user_id, self._import_id = user_id, import_id
        self._directory = Path(tempfile.mkdtemp(prefix="import-"))
        self._format, self._forks = format_name, forks
        self._report = ImportReport()
        self._started_at = lifecycle.to_milliseconds(clock.now())
        self._beaten = time.monotonic()

    def keep(self, upload: Upload) -> None:
        """Copy the bytes, which go with their request."""
        # A list of items is a session that is named after its file.
        name = _MISFITS.sub("_", upload.name[-_NAME_CHARS:]).strip(". ")
        self._path = self._directory / (name or "import")
        upload.content.seek(0)
        with self._path.open("wb") as file:
            shutil.copyfileobj(upload.content, file)

    def forget(self) -> None:
        """Remove the bytes, and leave the place to another import."""
        shutil.rmtree(self._directory, ignore_errors=True)
        _room.release()

    def run(self) -> None:
        """Import the file, and say what came of it."""
        _threads.add(threading.current_thread())
        try:
            self._run()
        finally:
            _threads.discard(threading.current_thread())

    def _run(self) -> None:
        reading: SourceReading | None = None
        status, problem = ImportStatus.DONE, ""
        try:
            source = Source(str(self._path), self._format, forks=self._forks, bounds=_bounds())
            reading = source_read(source=source, user_id=self._user_id, now=clock.now())
            with closing(reading):
                self._import(reading)
            problem = nothing_imported(reading, self._report) or ""
            status = ImportStatus.FAILED if problem else ImportStatus.DONE
        except _Overtaken:
            return
        except _Stopped:
            status = ImportStatus.INTERRUPTED
        except SessionError as error:
            status, problem = ImportStatus.FAILED, error.detail
        # The thread is nobody's: what goes wrong is said to the user and in the log.
        except Exception:
            logger.exception("import %s failed", self._import_id)
            status, problem = ImportStatus.FAILED, "The file could not be imported."
        finally:
            self.forget()
        self._say(reading, status, problem)

    def _import(self, reading: SourceReading) -> None:
        is_native = reading.format == "native"
        sessions_import(
            numbered=self._beating(reading),
            user_id=self._user_id,
            dry_run=False,
            progress=lambda _: None,
            refuse=None if is_native else reading.refuse,
            metered=True,
            report=self._report,
        )

    def _beating(self, reading: SourceReading) -> Iterator[tuple[int, Record]]:
        """The records, and now and then how far they are."""
        records = reading.records
        for numbered in owned(records, self._user_id) if reading.format == "native" else records:
            if _stopping.is_set():
                raise _Stopped
            if time.monotonic() - self._beaten > BEAT_SECONDS:
                self._beaten = time.monotonic()
                if not self._say(reading, ImportStatus.RUNNING, ""):
                    raise _Overtaken
            yield numbered

    def _say(self, reading: SourceReading | None, status: ImportStatus, problem: str) -> bool:
        job = self._job(reading, status, problem)
        try:
            return store.save(job, attempt=self.attempt)
        except InvalidInput:
            logger.exception("import %s: its progress cannot be stored", self._import_id)
            return store.save(replace(job, refused=(), left={}, changed={}), attempt=self.attempt)

    def _job(self, reading: SourceReading | None, status: ImportStatus, problem: str) -> ImportJob:
        now = lifecycle.to_milliseconds(clock.now())
        is_over = status is not ImportStatus.RUNNING
        counts = {
            name: value for name, value in asdict(self._report).items() if isinstance(value, int)
        }
        counts["attachments"] += counts.pop("attached")
        if reading is not None:
            counts |= {
                "branches": reading.branches,
                "copies": reading.changed[COPY],
                "refused": reading.refused_count,
            }
        return ImportJob(
            import_id=self._import_id,
            user_id=self._user_id,
            status=status,
            started_at=self._started_at,
            updated_at=now,
            finished_at=now if is_over else None,
            format=reading.format if reading else "",
            fraction=_fraction(reading, status),
            counts=counts,
            changed=dict(reading.changed) if reading else {},
            left={**self._report.left, **(reading.left if reading else {})},
            refused=tuple(reading.refused) if reading else (),
            session_ids=tuple(self._report.session_ids),
            problem=problem,
        )


def _bounds() -> Bounds:
    """What a user's file may become: a small one may be packed so that it fills the memory."""
    most: int = settings.IMPORT_MAX_BYTES
    return Bounds(value_chars=min(most, _VALUE_CHARS), unpacked_bytes=_UNPACKED * most)


def _fraction(reading: SourceReading | None, status: ImportStatus) -> float | None:
    if status is ImportStatus.DONE:
        return 1.0
    return reading.fraction() if reading else None


class _Stopped(Exception):
    """This process is about to end."""


class _Overtaken(Exception):
    """Another attempt has begun, or the user was erased."""

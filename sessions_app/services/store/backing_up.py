"""Writes a backup of everything in MongoDB into an archive, as it is at one moment."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sessions_app import clock
from sessions_app.repository import store
from sessions_app.services.progress import Progress
from sessions_app.services.store.archive import Archive

# Documents that were written meanwhile: in one query, and how many may be left to the snapshot.
_BATCH = 200
_FEW = 2_000
# Each round copies what was written during the one before it, which is less each time, unless more
# is written than can be read.
_ROUNDS = 10
CHANGED = "changed"
"""Ends the names of parts with documents that were read again, and `IDS` those with their ids."""
IDS = "changed-ids"
ACCOUNTS = "accounts"
"""The part with the accounts, which are not in MongoDB."""


def backup_open(*, directory: Path, secret: bytes | None) -> Archive:
    """The archive in `directory`: one that was begun, or a new one."""
    if Archive.is_begun(directory):
        return Archive.open(directory, secret=secret)
    return Archive.create(directory, started=store.copying.moment(), secret=secret)


def backup_write(*, archive: Archive, progress: Progress) -> datetime:
    """Copy every collection, then what was written meanwhile; of which moment the copy is.

    What an earlier run has copied stays. `progress` is called with documents.
    """
    # What an earlier run has read again is told again, and the accounts belong to the end.
    names = store.copying.COLLECTIONS
    archive.drop([ACCOUNTS, *(f"{name}.{kind}" for name in names for kind in (IDS, CHANGED))])
    with closing(store.copying.Changes(archive.manifest.started)) as changes:
        for name in names:
            if name not in archive.manifest.finished:
                _copy(archive, name, changes, progress)
        for _ in range(_ROUNDS):
            if changes.listen() <= _FEW:
                break
            _amend(archive, changes, None, progress)
        with store.copying.snapshot(changes) as session:
            taken_at = clock.now()
            _amend(archive, changes, session, progress)
    return taken_at


def backup_complete(*, archive: Archive, taken_at: datetime) -> None:
    """All is written: the backup may be restored."""
    archive.complete(taken_at.isoformat(timespec="milliseconds"))


def _copy(archive: Archive, name: str, changes: store.copying.Changes, progress: Progress) -> None:
    written = archive.of(name)
    after = store.copying.last_id(archive.read(written[-1])) if written else None
    progress(sum(chunk.records for chunk in written))
    while copied := store.copying.chunk(name, after=after):
        archive.add(name, copied.content, records=copied.number)
        after = store.copying.last_id(copied.content)
        changes.listen()
        progress(copied.number)
    archive.finish(name)


def _amend(
    archive: Archive, changes: store.copying.Changes, session: Any, progress: Progress
) -> None:
    """Read again what was written; ids without a document stand for what was deleted."""
    for name, ids in changes.taken().items():
        for batch in _batches(ids):
            copied = store.copying.read_again(name, batch, session)
            archive.add(f"{name}.{IDS}", store.copying.encoded_ids(batch), records=len(batch))
            archive.add(f"{name}.{CHANGED}", copied.content, records=copied.number)
            progress(copied.number)


def _batches(ids: Iterable[Any]) -> Iterator[Sequence[Any]]:
    iterator = iter(ids)
    while batch := list(islice(iterator, _BATCH)):
        yield batch

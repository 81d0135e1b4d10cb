"""Puts a backup into an installation that was never used."""

from pathlib import Path

from sessions_app import clock
from sessions_app.domain.errors import InvalidInput
from sessions_app.repository import audits, indexes, store
from sessions_app.services.progress import Progress
from sessions_app.services.store.archive import Archive
from sessions_app.services.store.backing_up import CHANGED, IDS


def archive_open(*, directory: Path, secret: bytes | None) -> Archive:
    """The backup in a directory; raises InvalidInput."""
    return Archive.open(directory, secret=secret)


def restore_is_begun(*, archive: Archive) -> bool:
    """Whether a restore of this backup was stopped on its way; raises InvalidInput for a damaged
    backup."""
    archive.verify()
    return audits.integrity.progress(_key(archive)) is not None


def restore_begin(*, archive: Archive) -> None:
    """Take an installation that was never used, or go on; raises InvalidInput for one in use."""
    if not restore_is_begun(archive=archive):
        if not store.copying.is_unused():
            raise InvalidInput("The store is not empty: restore into a new installation.")
        store.copying.clear()
        _note(archive, "")
    indexes.ensure()


def restore_write(*, archive: Archive, progress: Progress) -> None:
    """Store all documents; `progress` is called with them."""
    done = _done(archive)
    for name in store.copying.COLLECTIONS:
        for chunk in archive.of(name):
            if chunk.file > done.get(name, ""):
                store.copying.insert(name, archive.read(chunk))
                _note(archive, chunk.file)
            progress(chunk.records)
        # Again from the first of these, whatever was done: the last one counts.
        pairs = zip(archive.of(f"{name}.{IDS}"), archive.of(f"{name}.{CHANGED}"), strict=True)
        for ids, changed in pairs:
            store.copying.replace(name, archive.read(ids), archive.read(changed))
            progress(changed.records)


def restore_finish(*, archive: Archive) -> None:
    """From now on the installation is like any other, and not empty."""
    audits.integrity.forget_progress(_key(archive))


def _key(archive: Archive) -> str:
    return f"restore {archive.manifest.backup_id}"


def _note(archive: Archive, file: str) -> None:
    reached = audits.integrity.Progress(file, 0, 0)
    audits.integrity.save_progress(_key(archive), reached, now=clock.now())


def _done(archive: Archive) -> dict[str, str]:
    """The last file of each collection that an interrupted run has stored."""
    reached = audits.integrity.progress(_key(archive))
    if reached is None or not reached.after:
        return {}
    names = store.copying.COLLECTIONS
    position = names.index(reached.after.partition(".")[0])
    # Those before the one at hand are done to their end.
    done = {name: archive.of(name)[-1].file for name in names[:position] if archive.of(name)}
    return done | {names[position]: reached.after}

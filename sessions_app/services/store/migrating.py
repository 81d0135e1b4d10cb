"""Takes all that is stored to the current version of its form."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sessions_app.repository import store
from sessions_app.repository.log import Stored
from sessions_app.services.progress import Progress
from sessions_app.services.store.pacing import Pace

# Each attempt at a version fails only because another writer has just changed the document.
_ATTEMPTS = 3


def document_count() -> int:
    """About how many documents there are in all collections."""
    return store.migrating.count()


@dataclass
class StoreMigration:
    """One run over all collections; on a `dry_run` it only counts.

    Safe to stop anywhere, to run again and beside live services of this release and the one before.
    `left` are documents that other writers kept changing, or whose version cannot be read.
    """

    dry_run: bool
    per_second: int | None
    looked_at: int = 0
    left: int = 0
    migrated: Counter[str] = field(default_factory=Counter)

    def run(self, progress: Progress) -> None:
        """Go through all collections."""
        for name in store.migrating.COLLECTIONS:
            self._migrate(name, progress)

    @property
    def version(self) -> int:
        """To which version."""
        return store.migrating.VERSION

    @property
    def counts(self) -> Mapping[str, int]:
        """How many were taken along, or would be, by collection."""
        return {name: number for name, number in self.migrated.items() if number}

    def _migrate(self, name: str, progress: Progress) -> None:
        pace = Pace(self.per_second)
        after = ""
        while page := store.migrating.page(name, after=after):
            left = 0 if self.dry_run else _advance(name, page.outdated)
            self.migrated[name] += len(page.outdated) - left
            self.left += left + page.unreadable
            self.looked_at += page.looked_at
            progress(page.looked_at)
            after = page.last
            pace.rest(page.looked_at)


def _advance(name: str, outdated: Sequence[Stored]) -> int:
    """Take these to the current version; how many other writers have kept from it."""
    for _ in range(_ATTEMPTS * store.migrating.CHANGES):
        if not outdated:
            break
        store.migrating.advance(name, outdated)
        outdated = store.migrating.outdated(name, outdated)
    return len(outdated)

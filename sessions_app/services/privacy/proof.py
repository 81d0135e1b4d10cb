"""Proving that nothing of a person is stored."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sessions_app.domain.audit.integrity import Damage
from sessions_app.domain.traces import Trace
from sessions_app.repository import audits, erasure
from sessions_app.repository.belongings import OF_SESSIONS

# Called with how many documents have been looked at since the last call.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found. `left`: collection → documents that are data of the person.

    `mentions`: how many documents name them in words that others wrote. `orphans`: collection →
    documents whose session is gone, of which nobody can say whose they were.
    """

    left: Mapping[str, int]
    mentions: int
    orphans: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether nothing is left."""
        return not any(self.left.values()) and not any(self.orphans.values())


def document_count() -> int:
    """About how many documents a proof goes through."""
    return sum(erasure.traces.collection_sizes().values())


def erasure_prove(*, user_id: str, progress: Progress = lambda _: None) -> Proof:
    """Look through every document of every collection for `user_id`.

    May run beside a live service: what seems to be left without its session is looked at twice.
    """
    left: dict[str, int] = {}
    mentions = 0
    for collection in erasure.traces.collection_sizes():
        found = erasure.traces.count_traces(
            collection=collection, user_id=user_id, progress=progress
        )
        left[collection] = found[Trace.LEFT]
        mentions += found[Trace.MENTION]
    return Proof(left, mentions, _orphans())


def _orphans() -> dict[str, int]:
    found: Counter[str] = Counter()
    for damage, document in OF_SESSIONS.items():
        found[document.COLLECTION] = _lasting(damage)
    return dict(found)


def _lasting(damage: Damage) -> int:
    """Orphans at two readings: a session may be going at this moment."""
    first = set(audits.integrity.orphans(damage))
    return len(first & set(audits.integrity.orphans(damage))) if first else 0

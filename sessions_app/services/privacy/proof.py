"""Proves that nothing of a user is stored."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sessions_app.domain.audit.integrity import Damage
from sessions_app.domain.traces import Trace
from sessions_app.repository import attachments, audits, erasure
from sessions_app.repository.belongings import WITH_SESSIONS
from sessions_app.services.progress import Progress


@dataclass(frozen=True, slots=True)
class Proof:
    """The traces of a user. `left` counts documents of the user, by collection.

    `mentions` counts documents in which others wrote about the user. `orphans` counts documents, by
    collection, whose session is gone, so that their owner is unknown.
    """

    left: Mapping[str, int]
    mentions: int
    orphans: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether no data of the user and no orphan is left."""
        return not any(self.left.values()) and not any(self.orphans.values())


def document_count() -> int:
    """An estimate of the documents that a proof reads."""
    return sum(erasure.traces.collection_sizes().values())


def erasure_prove(*, user_id: str, progress: Progress = lambda _: None) -> Proof:
    """Search every document of every collection for `user_id`.

    Safe beside a live service: an orphan counts only when a second reading shows it again.
    """
    left: dict[str, int] = {}
    mentions = 0
    for collection in erasure.traces.collection_sizes():
        traces = erasure.traces.count_traces(
            collection=collection, user_id=user_id, progress=progress
        )
        left[collection] = traces[Trace.LEFT]
        mentions += traces[Trace.MENTION]
    return Proof(left, mentions, _orphans())


def _orphans() -> dict[str, int]:
    counts: Counter[str] = Counter()
    for damage, document in WITH_SESSIONS.items():
        counts[document.COLLECTION] = _lasting(damage)
    # Bytes that no attachment has are nobody's that is known.
    first = set(attachments.auditing.nobodys_bytes())
    left = first & set(attachments.auditing.nobodys_bytes()) if first else set()
    counts["attachments.chunks"] = len(left)
    return dict(counts)


def _lasting(damage: Damage) -> int:
    """The number of orphans in two readings: a session may be being deleted at this moment."""
    first = set(audits.integrity.orphans(damage))
    return len(first & set(audits.integrity.orphans(damage))) if first else 0

"""A dialogue as a client watched it, and how its topic shifts compare with where they should be."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sessions_app.simulation.dialogues import Dialogue

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """A dialogue with what the service said of it.

    `topics` are those of the wire contract. There is a window for each user message, as it was
    right after it: `{seq, kept, dropped, token_count, max_tokens, strategy, summary?}`, or
    `{seq, problem}`.
    """

    dialogue: Dialogue
    session_id: str
    windows: Sequence[Body]
    topics: Sequence[Body]

    @property
    def shifts(self) -> dict[int, Body]:
        """The topics that were shifted to, by the `seq` of their first message."""
        return {int(topic["start_seq"]): topic for topic in self.topics[1:]}

    def as_json(self) -> Body:
        """All but the messages as JSON values."""
        starts = self.dialogue.topic_starts
        return {
            "id": self.dialogue.id,
            "session_id": self.session_id,
            **({} if starts is None else {"topic_starts": sorted(starts)}),
            "topics": list(self.topics),
            "windows": list(self.windows),
        }


@dataclass(frozen=True, slots=True)
class ShiftCount:
    """Shifts found at the very message that opens a topic, at another one, and not at all."""

    dialogues: int
    hits: int
    extra: int
    missed: int

    def as_json(self) -> dict[str, int]:
        """The same as JSON values."""
        return asdict(self)


def count_shifts(watched: Iterable[Watched]) -> ShiftCount | None:
    """The count over the dialogues that say where their topics start; None if none does."""
    pairs = [
        (set(each.shifts), each.dialogue.topic_starts)
        for each in watched
        if each.dialogue.topic_starts is not None
    ]
    if not pairs:
        return None
    return ShiftCount(
        dialogues=len(pairs),
        hits=sum(len(found & wanted) for found, wanted in pairs),
        extra=sum(len(found - wanted) for found, wanted in pairs),
        missed=sum(len(wanted - found) for found, wanted in pairs),
    )

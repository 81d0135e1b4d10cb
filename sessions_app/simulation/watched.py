"""A dialogue as a client watched it, and its topic shifts against those that the file marks."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sessions_app.simulation.dialogues import Dialogue

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """A dialogue with the service's windows and topics.

    `topics` have the shape of the wire contract. `windows` has one for each user message, requested
    right after it: `{seq, kept, dropped, token_count, max_tokens, strategy, summary?}`, or
    `{seq, problem}`.
    """

    dialogue: Dialogue
    session_id: str
    windows: Sequence[Body]
    topics: Sequence[Body]

    @property
    def shifts(self) -> dict[int, Body]:
        """The topics that a shift opened, by the `seq` of their first message."""
        return {int(topic["start_seq"]): topic for topic in self.topics[1:]}

    def as_json(self) -> Body:
        """Everything but the messages, as JSON values."""
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
    """Shifts detected at the right message (hits), at another one (extra), and not (missed)."""

    dialogues: int
    hits: int
    extra: int
    missed: int

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def count_shifts(watched: Iterable[Watched]) -> ShiftCount | None:
    """Count over the dialogues that mark their topics; None where none does."""
    pairs = [
        (set(each.shifts), each.dialogue.topic_starts)
        for each in watched
        # A dialogue without marks says nothing about right or wrong shifts.
        if each.dialogue.topic_starts is not None
    ]
    if not pairs:
        return None
    return ShiftCount(
        dialogues=len(pairs),
        hits=sum(len(detected & marked) for detected, marked in pairs),
        extra=sum(len(detected - marked) for detected, marked in pairs),
        missed=sum(len(marked - detected) for detected, marked in pairs),
    )

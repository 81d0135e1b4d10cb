"""One answer of a model, gathered from the items that it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.items.data import Kind
from sessions_app.domain.limits import TOOL_CALLS_MAX


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """An item of an answer: its text, or its call, and what it has beyond them.

    `extra` is what the model's server wants back: as in `Message.extra`, of a call its members.
    `attached` are the text's parts where it has pictures, files or sounds.
    """

    kind: Kind
    text: str = ""
    call: Mapping[str, Any] | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    attached: Sequence[Mapping[str, Any]] | None = None

    @property
    def call_id(self) -> str:
        """The id of the call that this is."""
        return str((self.call or {}).get("id"))


class Answer:
    """The parts of one answer in the order in which they are written again."""

    def __init__(self) -> None:
        self._thought: AnswerPart | None = None
        self._said: AnswerPart | None = None
        self._calls: dict[str, AnswerPart] = {}

    @property
    def is_empty(self) -> bool:
        """Whether it has no part yet."""
        return self._thought is None and self._said is None and not self._calls

    def takes(self, part: AnswerPart) -> bool:
        """Whether `part` can follow: thoughts come first, then the text, then the calls."""
        if part.kind is Kind.REASONING:
            return self.is_empty
        if part.kind is Kind.MESSAGE:
            return self._said is None and not self._calls
        return part.call_id not in self._calls and len(self._calls) < TOOL_CALLS_MAX

    def take(self, part: AnswerPart) -> None:
        """Add a part."""
        if part.kind is Kind.REASONING:
            self._thought = part
        elif part.kind is Kind.MESSAGE:
            self._said = part
        else:
            self._calls[part.call_id] = part

    def finish(self) -> MessageDraft:
        """The answer as a draft; a new answer begins."""
        thought, said, calls = self._thought, self._said, self._calls
        self._thought, self._said, self._calls = None, None, {}
        records = {call_id: part.record for call_id, part in calls.items() if part.record}
        items: dict[str, Any] = {"calls": records} if records else {}
        # Without a text or a thought, its record alone tells that there is an item.
        if thought is not None and (thought.record or not (thought.text or thought.extra)):
            items["reasoning"] = thought.record
        if said is not None and (said.record or not said.text):
            items["message"] = said.record
        extra = dict(thought.extra) if thought else {}
        if further := {call_id: dict(part.extra) for call_id, part in calls.items() if part.extra}:
            extra["calls"] = further
        return MessageDraft(
            role=Role.ASSISTANT,
            content=said.text if said else "",
            tool_calls=[dict(part.call or {}) for part in calls.values()] or None,
            reasoning=(thought.text or None) if thought else None,
            extra=extra or None,
            items=items or None,
            parts=said.attached if said else None,
        )

"""A turn's events as those of a response, numbered from 0."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from sessions_app.domain.data import Message
from sessions_app.domain.errors import SessionError
from sessions_app.domain.items import item_id, items_of
from sessions_app.domain.items.data import Kind
from sessions_app.domain.responses import ResponseTerms
from sessions_app.domain.turns import TurnState, reply_id
from sessions_app.openai_api.responses import wire
from sessions_app.openai_api.responses.pieces import Pieces
from sessions_app.services import turns
from sessions_app.services.responses import response_state
from sessions_app.services.turns import Event, Feed, Place

Line = tuple[str, dict[str, Any]]
"""An event without its number: the type and the other members."""

_TEXT = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
_REFUSAL = {"type": "refusal", "refusal": ""}
_BROKEN_OFF = {
    "code": "turn_interrupted",
    "message": "The response is told no further here; go on with starting_after.",
    "param": None,
}


class Events:
    """Writes the events of one response in order, without those up to number `after`."""

    def __init__(self, feed: Feed, terms: ResponseTerms, *, after: int = -1) -> None:
        self._feed, self._terms, self._after = feed, terms, after
        self._number = 0
        self._begun = self._ended = False
        self._items = 0
        self._stored: Message | None = None
        message_id = reply_id(feed.turn_id)
        self._thoughts = _Thoughts(item_id(message_id, Kind.REASONING))
        self._reply = _Reply(item_id(message_id, Kind.MESSAGE))

    def __call__(self, events: Sequence[tuple[Place, Event]]) -> bytes:
        """The lines of these events."""
        return b"".join(self._line(*line) for _, event in events for line in self._event(event))

    def last(self) -> bytes:
        """What closes a stream that has not come to its end here."""
        return b"" if self._ended else self._line("error", _BROKEN_OFF)

    def _line(self, kind: str, members: Mapping[str, Any]) -> bytes:
        number, self._number = self._number, self._number + 1
        if number <= self._after:
            return b""
        data = {"type": kind, "sequence_number": number, **members}
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(data))

    def _event(self, event: Event) -> Iterator[Line]:
        yield from self._beginning()
        match event:
            case turns.Thinking():
                yield from self._thinking(event.text)
            case turns.Delta():
                yield from self._saying(event.text)
            case turns.Stored():
                self._stored = event.message
                yield from self._closing(event.message)
            case turns.Failed() | turns.Done():
                yield self._end(event)

    def _beginning(self) -> Iterator[Line]:
        if self._begun:
            return
        self._begun = True
        state = replace(
            response_state(self._feed, self._terms),
            state=TurnState.RUNNING, message=None, error=None,
        )  # fmt: skip
        for kind in ("response.created", "response.in_progress"):
            # The same for whoever reads it, however far the turn was then.
            written = wire.response(state) | {"status": "in_progress"}
            yield kind, {"response": written}

    def _thinking(self, text: str) -> Iterator[Line]:
        # What is thought once the reply has begun is told in the item's end alone: it may have been
        # told to others before or behind any word.
        early = self._feed.early_thoughts
        if early is not None:
            text = text[: max(0, early - self._thoughts.length)]
        if text and not self._reply.is_open:
            if not self._thoughts.is_open:
                yield from self._thoughts.begin(self._next_item())
            yield from self._thoughts.add(text)

    def _saying(self, text: str) -> Iterator[Line]:
        yield from self._thoughts.rest()
        if not self._reply.is_open:
            yield from self._reply.begin(self._next_item(), refuses=self._feed.refuses)
        yield from self._reply.add(text)

    def _closing(self, message: Message) -> Iterator[Line]:
        yield from self._thoughts.rest()
        for item in items_of(message):
            if item["type"] == Kind.REASONING:
                yield from self._close_thoughts(item)
            elif item["type"] == Kind.MESSAGE:
                if not self._reply.is_open:
                    yield from self._reply.begin(self._next_item(), refuses=False)
                yield from self._reply.end(item)
            else:
                yield from _call(self._next_item(), item)

    def _close_thoughts(self, item: Mapping[str, Any]) -> Iterator[Line]:
        if not self._thoughts.is_open:
            yield from self._thoughts.begin(self._next_item())
            yield from self._thoughts.add("".join(part["text"] for part in item["summary"]))
            yield from self._thoughts.rest()
        yield from self._thoughts.end(item)

    def _next_item(self) -> int:
        self._items += 1
        return self._items - 1

    def _end(self, event: turns.Failed | turns.Done) -> Line:
        self._ended = True
        error: SessionError | None = None
        ended = TurnState.FAILED
        if isinstance(event, turns.Done):
            ended = TurnState(event.state)
        else:
            error = event.error
        state = replace(
            response_state(self._feed, self._terms),
            state=ended, message=self._stored, error=error,
        )  # fmt: skip
        written = wire.response(state)
        # There is no event for a response that was cancelled; its status says so.
        status = {"cancelled": "incomplete"}.get(written["status"], written["status"])
        return f"response.{status}", {"response": written}


class _Thoughts:
    """The item of what the model thinks, with one summary part."""

    def __init__(self, item_id: str) -> None:
        self._id, self._at = item_id, 0
        self.is_open = self._is_told = False
        self._pieces = Pieces()
        self._text = ""

    @property
    def length(self) -> int:
        """Characters taken."""
        return len(self._text)

    def begin(self, output_index: int) -> Iterator[Line]:
        self.is_open, self._at = True, output_index
        item = {"id": self._id, "type": "reasoning", "summary": [], "status": "in_progress"}
        yield "response.output_item.added", {"output_index": output_index, "item": item}
        yield "response.reasoning_summary_part.added", self._placed(part=_summary(""))

    def add(self, text: str) -> Iterator[Line]:
        self._text += text
        for piece in self._pieces.take(text):
            yield "response.reasoning_summary_text.delta", self._placed(delta=piece)

    def rest(self) -> Iterator[Line]:
        """The end of the text, once."""
        if not self.is_open or self._is_told:
            return
        self._is_told = True
        for piece in self._pieces.finish():
            yield "response.reasoning_summary_text.delta", self._placed(delta=piece)
        yield "response.reasoning_summary_text.done", self._placed(text=self._text)
        yield "response.reasoning_summary_part.done", self._placed(part=_summary(self._text))

    def end(self, item: Mapping[str, Any]) -> Iterator[Line]:
        yield "response.output_item.done", {"output_index": self._at, "item": item}

    def _placed(self, **members: Any) -> dict[str, Any]:
        return {"item_id": self._id, "output_index": self._at, "summary_index": 0, **members}


def _summary(text: str) -> dict[str, str]:
    return {"type": "summary_text", "text": text}


class _Reply:
    """The item of what the model says, with one part: a text or a refusal."""

    def __init__(self, item_id: str) -> None:
        self._id, self._at = item_id, 0
        self.is_open = self._refuses = False
        self._pieces = Pieces()

    def begin(self, output_index: int, *, refuses: bool) -> Iterator[Line]:
        self.is_open, self._at, self._refuses = True, output_index, refuses
        item = {"id": self._id, "type": "message", "role": "assistant", "content": []}
        placed = {"output_index": output_index, "item": item | {"status": "in_progress"}}
        yield "response.output_item.added", placed
        yield "response.content_part.added", self._placed(part=_REFUSAL if refuses else _TEXT)

    def add(self, text: str) -> Iterator[Line]:
        yield from map(self._delta, self._pieces.take(text))

    def end(self, item: Mapping[str, Any]) -> Iterator[Line]:
        yield from map(self._delta, self._pieces.finish())
        [part] = item["content"]
        if self._refuses:
            yield "response.refusal.done", self._placed(refusal=part["refusal"])
        else:
            part = {**_TEXT, **part}
            yield "response.output_text.done", self._placed(text=part["text"], logprobs=[])
        yield "response.content_part.done", self._placed(part=part)
        yield "response.output_item.done", {"output_index": self._at, "item": item}

    def _delta(self, piece: str) -> Line:
        if self._refuses:
            return "response.refusal.delta", self._placed(delta=piece)
        return "response.output_text.delta", self._placed(delta=piece, logprobs=[])

    def _placed(self, **members: Any) -> dict[str, Any]:
        return {"item_id": self._id, "output_index": self._at, "content_index": 0, **members}


# The member that a call's input is in, and what its events are called.
_CALLS = {
    "function_call": ("arguments", "response.function_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
}


def _call(output_index: int, item: Mapping[str, Any]) -> Iterator[Line]:
    """A call, which is known when it is whole."""
    member, event = _CALLS.get(item["type"], ("", ""))
    begun = {**item, "status": "in_progress", **({member: ""} if member else {})}
    yield "response.output_item.added", {"output_index": output_index, "item": begun}
    if member:
        of_item = {"item_id": item["id"], "output_index": output_index}
        yield f"{event}.delta", {**of_item, "delta": item[member]}
        # OpenAI's event of a function has the name, that of a custom tool has not.
        named = {"name": item["name"]} if member == "arguments" else {}
        yield f"{event}.done", {**of_item, member: item[member], **named}
    yield "response.output_item.done", {"output_index": output_index, "item": item}

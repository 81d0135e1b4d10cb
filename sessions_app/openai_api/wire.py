"""Completions as OpenAI writes them: whole, and as the chunks of a stream."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from sessions_app.domain.data import Message
from sessions_app.domain.turns import CANCELLED, Seen
from sessions_app.openai_api import errors
from sessions_app.services import turns
from sessions_app.services.turns import Event, Feed, Place, TurnResult

_DONE = b"data: [DONE]\n\n"
_BROKEN_OFF = errors.body(503, "The turn is told no further here; ask again.", "turn_interrupted")


def completion_id(turn_id: str) -> str:
    """The completion's id: its turn's, under another prefix."""
    return f"chatcmpl-{turn_id.removeprefix('turn_')}"


def completion(feed: Feed, result: TurnResult, model: str) -> dict[str, Any]:
    """A whole completion. `model` is what was asked for; the reply names the one that answered."""
    message = result.message
    answered: dict[str, Any] = {
        "role": "assistant",
        "content": (message.content or None) if message else "",
        "refusal": None,
    }
    answered |= _beside(message)
    if message and message.tool_calls:
        answered["tool_calls"] = _calls(message)
    choice = {
        "index": 0,
        "message": answered,
        "logprobs": None,
        "finish_reason": _finish_reason(message),
    }
    return {
        **_head(feed, "chat.completion", _model(message) or model),
        "choices": [choice],
        "usage": usage(message, result.seen),
    }


def _beside(message: Message | None, known: int = 0) -> dict[str, Any]:
    """What a model's server has said beside the text, under the names that it used.

    Of the thoughts, what comes after the `known` first characters.
    """
    if message is None:
        return {}
    extra = message.extra or {}
    rest = (message.reasoning or "")[known:]
    thoughts = {extra.get("thought_member") or "reasoning_content": rest}
    return {**(thoughts if rest else {}), **(extra.get("message") or {})}


def _calls(message: Message) -> list[dict[str, Any]]:
    """The calls with the members that their server wants back."""
    beside = (message.extra or {}).get("calls") or {}
    return [{**call, **beside.get(call.get("id"), {})} for call in message.tool_calls or ()]


def usage(message: Message | None, seen: Seen | None) -> dict[str, Any]:
    """The model server's counts as they came, and where it gave none, this service's own."""
    made = message.generation if message else None
    details = dict(made.usage or {}) if made else {}
    prompt, said = (made.prompt_tokens, made.completion_tokens) if made else (None, None)
    if prompt is None:
        prompt = seen.token_count if seen else 0
    if said is None:
        said = message.token_count if message else 0
    counts = {"prompt_tokens": prompt, "completion_tokens": said}
    return {"total_tokens": prompt + said, **details, **counts}


class Chunks:
    """Writes the events of one turn as `chat.completion.chunk`s, the first of them first."""

    def __init__(self, feed: Feed, model: str, *, with_usage: bool) -> None:
        self._feed, self._model, self._with_usage = feed, model, with_usage
        self._begun = self._ended = False
        self._message: Message | None = None
        # Characters of the thoughts that have been told as they came.
        self._thoughts = 0

    def __call__(self, events: Sequence[tuple[Place, Event]]) -> bytes:
        """The lines of these events."""
        return b"".join(self._event(event) for _, event in events)

    def last(self) -> bytes:
        """What closes a stream that has not come to its end here."""
        return b"" if self._ended else _line(_BROKEN_OFF)

    def _event(self, event: Event) -> bytes:
        match event:
            case turns.Context():
                return self._beginning()
            case turns.Delta():
                return self._beginning() + self._chunk({"content": event.text})
            case turns.Thinking():
                self._thoughts += len(event.text)
                return self._beginning() + self._chunk({event.member: event.text})
            case turns.Stored():
                return self._stored(event.message)
            case turns.Failed():
                self._ended = True
                return _line(errors.body_of(event.error))
            case turns.Done():
                return self._done()

    def _beginning(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _stored(self, message: Message) -> bytes:
        self._message, self._model = message, _model(message) or self._model
        written = self._beginning()
        if beside := _beside(message, self._thoughts):
            written += self._chunk(beside)
        calls = [{"index": at, **call} for at, call in enumerate(_calls(message))]
        return written + (self._chunk({"tool_calls": calls}) if calls else b"")

    def heartbeat(self) -> bytes:
        """An empty chunk: a comment would be read as JSON by some clients."""
        return self._beginning() or self._chunk({})

    def _done(self) -> bytes:
        self._ended = True
        written = self._beginning() + self._chunk({}, _finish_reason(self._message))
        if self._with_usage:
            counts = usage(self._message, self._feed.seen)
            written += _line(self._head() | {"choices": [], "usage": counts})
        return written + _DONE

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        counts = {"usage": None} if self._with_usage else {}
        return _line(self._head() | {"choices": [choice], **counts})

    def _head(self) -> dict[str, Any]:
        return _head(self._feed, "chat.completion.chunk", self._model)


def error_line(error: Any) -> bytes:
    """An error in the middle of a stream."""
    return _line(errors.body_of(error))


def _line(data: Any) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(data)


def _head(feed: Feed, kind: str, model: str) -> dict[str, Any]:
    return {
        "id": completion_id(feed.turn_id),
        "object": kind,
        "created": seconds(feed.begun_at),
        "model": model,
    }


HEARTBEAT = _line(
    {
        "id": "chatcmpl-waiting",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "",
        "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}],
    }
)
"""An empty chunk, for a stream that is passed on and whose own head is not known yet."""


def seconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp())


def _model(message: Message | None) -> str:
    return message.generation.model if message and message.generation else ""


def _finish_reason(message: Message | None) -> str:
    """The server's word. What somebody stopped has ended, for a client that knows no such word."""
    made = message.generation if message else None
    return "stop" if made is None or made.finish_reason == CANCELLED else made.finish_reason

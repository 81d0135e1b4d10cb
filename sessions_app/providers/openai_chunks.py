"""A streamed chat completion, put together from its chunks by `dialect.ReplyReader`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import orjson

from sessions_app.domain.dialect import Piece, Refusal, ReplyReader, refusal_of
from sessions_app.domain.errors import REFUSALS, ProviderBusy, ProviderError, ProviderRefused
from sessions_app.providers import THOUGHT_MEMBER, Ending, Thought
from sessions_app.providers import Refusal as Refused

EVENT_MAX_BYTES = 1024 * 1024
# A whole answer that comes as plain JSON where a stream was asked for.
PLAIN_MAX_BYTES = 8 * 1024 * 1024
# What may pass without a word of the answer: a model that thinks aloud is given this much.
WORDLESS_MAX_BYTES = 16 * 1024 * 1024

_RUBBISH = "The model's server did not answer with a completion."
_ENDLESS = "The model's server gave an endless answer."
_DONE = b"[DONE]"


class Events:
    """Server-sent events (HTML Living Standard, 9.2.6), put together from a body's chunks.

    A body of plain JSON is one event: some servers answer a request for a stream so.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        # The lines of a body that may be plain JSON; None once it is a stream.
        self._plain: list[bytes] | None = []

    def take(self, chunk: bytes) -> Iterator[bytes]:
        """The data of each event that this chunk completes.

        Raises ProviderError for an event over EVENT_MAX_BYTES.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for raw in lines:
            line = raw.removesuffix(b"\r")
            if self._plain is not None and _is_json([*self._plain, line]):
                self._plain.append(line)
                continue
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
            self._plain = None if line.strip() else self._plain
        most = PLAIN_MAX_BYTES if self._is_plain() else EVENT_MAX_BYTES
        if len(self._rest) + sum(map(len, self._data or self._plain or ())) > most:
            raise ProviderError(_ENDLESS)

    def finish(self) -> Iterator[bytes]:
        """What the end of the body completes."""
        if self._is_plain():
            yield b"\n".join([*(self._plain or ()), self._rest])
        # A stream that ends without the empty line behind its last event.
        elif self._data:
            yield b"\n".join(self._data)

    def _is_plain(self) -> bool:
        return self._plain is not None and _is_json([*self._plain, self._rest])


def _is_json(lines: Sequence[bytes]) -> bool:
    """Whether a body that begins with these lines is an object or a list."""
    first = next(filter(None, map(bytes.lstrip, lines)), b"")
    return first[:1] in {b"{", b"["}


class Answer:
    """What has come of an answer so far; `done` when nothing more is wanted.

    `has_begun` when some of its text or thoughts have come.
    """

    def __init__(self, *, model: str, max_chars: int, secrets: Sequence[str] = ()) -> None:
        self._asked_model = model
        self._max_chars = self._room = max_chars
        self._secrets = secrets
        self._reader = ReplyReader(new_id=new_call_id)
        self._wordless_bytes = 0
        self.has_begun = False
        self.done = False

    def take(self, data: bytes) -> Iterator[str | Thought]:
        """What an event adds: a thought, text, both or nothing; what follows the last, nothing.

        Raises ProviderError for rubbish, for no end, and for an error in the server's own words.
        """
        self.done = self.done or data.strip() == _DONE
        if self.done:
            return
        chunk = _json(data)
        if isinstance(chunk, dict) and chunk.get("error"):
            raise self._failure(chunk)
        try:
            piece = self._reader.feed(chunk)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ProviderError(_RUBBISH) from error
        if isinstance(chunk, dict) and chunk.get("object") == "chat.completion":
            self.done = True
        self._wordless_bytes = 0 if piece.text else self._wordless_bytes + len(data)
        if self._wordless_bytes > WORDLESS_MAX_BYTES:
            raise ProviderError(_ENDLESS)
        yield from self._pieces(piece)

    def rest(self) -> Iterator[str | Thought]:
        """What waited for more; `ending` comes after it."""
        piece, self._reply = self._reader.finish()
        yield from self._pieces(piece)

    def ending(self) -> Ending:
        """What is known now that nothing more comes; raises ProviderError for half an answer."""
        reply = self._reply
        if not (self.done or reply.finish_reason):
            raise ProviderError("The model's server broke off its answer.")
        usage = reply.usage or {}
        return Ending(
            finish_reason=reply.finish_reason or "stop",
            prompt_tokens=count(usage.get("prompt_tokens")),
            completion_tokens=count(usage.get("completion_tokens")),
            model=reply.model or self._asked_model,
            tool_calls=tuple(reply.tool_calls),
            usage=reply.usage,
            reasoning=reply.reasoning,
            extra=reply.extra,
        )

    def _pieces(self, piece: Piece) -> Iterator[str | Thought]:
        self._room -= len(piece.text)
        if self._room < 0:
            raise ProviderError(f"The model's answer went on past {self._max_chars:,} characters.")
        self.has_begun = self.has_begun or bool(piece.text or piece.thought)
        if piece.thought:
            yield Thought(piece.thought, self._reader.thought_member or THOUGHT_MEMBER)
        if piece.text:
            yield Refused(piece.text) if self._reader.refused else piece.text

    def _failure(self, chunk: Mapping[str, Any]) -> ProviderError:
        """Of an error that comes instead of an answer the code may be an HTTP status."""
        error = chunk["error"]
        status = error.get("code", error.get("status")) if isinstance(error, dict) else None
        known = status if isinstance(status, int) and not self.has_begun else 0
        if failure := refused(refusal_of(known, chunk, self._secrets), retry_after=None):
            return failure
        return ProviderError("The model's server reported an error in its answer.")


def refused(refusal: Refusal, *, retry_after: float | None) -> ProviderError | None:
    """The error of ours for a server's 4xx about the request; None for any other status.

    A 401 or 403 is about this service's key: to the caller, it would be about their own.
    """
    if refusal.status == 429:
        return ProviderBusy(refusal, retry_after=retry_after)
    return ProviderRefused(refusal) if refusal.status in REFUSALS else None


def _json(data: bytes) -> Any:
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(data)
    try:
        # Halves of an emoji and NaN are no JSON to the other, which is the faster.
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProviderError(_RUBBISH) from error


def new_call_id() -> str:
    """An id for a call that a server gave none, as OpenAI's look."""
    return f"call_{uuid4().hex[:24]}"


def count(value: Any) -> int | None:
    """A number of tokens that a server told, if it is one."""
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if usable else None

"""A streamed chat completion, put together from its chunks; any other shape is an error."""

import json
from collections.abc import Iterator
from typing import Any

from sessions_app.domain.errors import ProviderError
from sessions_app.providers import Ending

EVENT_MAX_BYTES = 1024 * 1024
# What may pass without a word of the answer: a model that thinks aloud is given this much.
WORDLESS_MAX_BYTES = 16 * 1024 * 1024

_RUBBISH = "The model's server did not answer with a completion."
_ENDLESS = "The model's server gave an endless answer."
_DONE = b"[DONE]"


class Events:
    """Server-sent events (HTML Living Standard, 9.2.6), put together from a body's chunks."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def take(self, chunk: bytes) -> Iterator[bytes]:
        """The data of each event that this chunk completes.

        Raises ProviderError for an event over EVENT_MAX_BYTES.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            line = line.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
        if len(self._rest) + sum(map(len, self._data)) > EVENT_MAX_BYTES:
            raise ProviderError(_ENDLESS)


class Answer:
    """What has come of an answer so far; `done` when nothing more is wanted."""

    def __init__(self, *, model: str, max_chars: int) -> None:
        self._model = model
        self._max_chars = self._room = max_chars
        self._finish_reason = ""
        self._usage: dict[str, Any] = {}
        self._calls: dict[int, dict[str, Any]] = {}
        self._wordless_bytes = 0
        self._half = ""
        self._blank = True
        self.done = False

    def take(self, data: bytes) -> str:
        """The text that an event adds, perhaps none; raises ProviderError for rubbish or no end."""
        if data.strip() == _DONE:
            self.done = True
            return ""
        try:
            text = self._take(json.loads(data))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ProviderError(_RUBBISH) from error
        self._wordless_bytes = 0 if text else self._wordless_bytes + len(data)
        if self._wordless_bytes > WORDLESS_MAX_BYTES:
            raise ProviderError(_ENDLESS)
        return self._fitting(self._whole(text)) if text else ""

    def ending(self) -> Ending:
        """What is known now that nothing more comes; raises ProviderError for half an answer."""
        if not (self.done or self._finish_reason):
            raise ProviderError("The model's server broke off its answer.")
        if self._blank and not self._calls:
            raise ProviderError("The model's server gave an empty answer.")
        return Ending(
            finish_reason=self._finish_reason or "stop",
            prompt_tokens=count(self._usage.get("prompt_tokens")),
            completion_tokens=count(self._usage.get("completion_tokens")),
            model=self._model,
            tool_calls=tuple(self._calls[index] for index in sorted(self._calls)),
        )

    def _take(self, chunk: Any) -> str:
        if chunk.get("error"):
            raise ProviderError("The model's server reported an error in its answer.")
        named = chunk.get("model")
        self._model = named if isinstance(named, str) and named else self._model
        usage = chunk.get("usage")
        self._usage = usage if isinstance(usage, dict) else self._usage
        # The last chunk, with the counts, has no choice; of several only the first was asked for.
        choices = [choice for choice in chunk.get("choices") or () if not choice.get("index")]
        if not choices:
            return ""
        delta = choices[0].get("delta") or {}
        for call in delta.get("tool_calls") or ():
            self._take_call(call)
        reason = choices[0].get("finish_reason")
        self._finish_reason = reason if isinstance(reason, str) and reason else self._finish_reason
        text = delta.get("content") or ""
        if not isinstance(text, str):
            raise TypeError
        return text

    def _take_call(self, piece: dict[str, Any]) -> None:
        index = piece.get("index", 0)
        if not isinstance(index, int):
            raise TypeError
        whole = self._calls.setdefault(
            index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        whole["id"] = str(piece.get("id") or whole["id"])
        function = piece.get("function") or {}
        whole["function"]["name"] += function.get("name") or ""
        whole["function"]["arguments"] += function.get("arguments") or ""

    def _whole(self, text: str) -> str:
        """The text with half a character kept back for its other half, as some servers cut them."""
        text, self._half = self._half + text, ""
        if text.isascii():
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _fitting(self, text: str) -> str:
        """A text that there is room for; an answer begins with a word, so what is before goes."""
        text = text.lstrip() if self._blank else text
        self._blank = not text and self._blank
        self._room -= len(text)
        if self._room < 0:
            raise ProviderError(f"The model's answer went on past {self._max_chars:,} characters.")
        return text


def count(value: Any) -> int | None:
    """A number of tokens that a server told, if it is one."""
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if usable else None

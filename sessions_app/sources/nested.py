"""Parses JSON that is nested more deeply than Python's own parser goes, without recursion."""

import json
import re
from typing import Any

from sessions_app.domain.errors import InvalidInput

# LibreChat's recursive export is two levels deeper with every reply.
DEPTH_MAX = 50_000
TOO_DEEP = "nested too deeply"
_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<sign>[{}\[\],:])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[^\s{}\[\],:"]+))',
    re.DOTALL,
)
_OPENING, _CLOSING = {"{": dict, "[": list}, {"}": dict, "]": list}


def decoded(text: str) -> Any:
    """The one value of a text; raises InvalidInput."""
    parser = _Parser()
    at = 0
    while (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        parser.take(match)
    if text[at:].strip() or not parser.is_complete:
        raise InvalidInput("not JSON")
    return parser.result


class _Parser:
    """Takes a text's tokens one by one."""

    def __init__(self) -> None:
        self.result: Any = None
        self.is_complete = False
        self._open: list[Any] = []
        self._names: list[str | None] = []
        # What may come: a value, a name, what separates a name from its value, or what follows.
        self._expects = "value"
        self._may_close = False

    def take(self, match: re.Match[str]) -> None:
        if self.is_complete:
            raise InvalidInput("not JSON: something follows the value")
        sign = match["sign"]
        if sign in _OPENING:
            self._begin(_OPENING[sign]())
        elif sign in _CLOSING:
            self._end(_CLOSING[sign])
        elif sign == ":":
            self._require("colon")
            self._expects, self._may_close = "value", False
        elif sign == ",":
            self._require("follows")
            self._expects, self._may_close = self._next_item(), False
        elif self._expects == "name" and match["text"]:
            self._names[-1] = json.loads(match["text"])
            self._expects, self._may_close = "colon", False
        else:
            self._require("value")
            self._add(_scalar(match["text"] or match["word"]))

    def _require(self, expected: str) -> None:
        if self._expects != expected:
            raise InvalidInput(f"not JSON: a {self._expects} is expected")

    def _next_item(self) -> str:
        return "name" if isinstance(self._open[-1], dict) else "value"

    def _begin(self, container: Any) -> None:
        self._require("value")
        if len(self._open) >= DEPTH_MAX:
            raise InvalidInput(TOO_DEEP)
        self._open.append(container)
        self._names.append(None)
        self._expects, self._may_close = self._next_item(), True

    def _end(self, kind: type) -> None:
        is_open = bool(self._open) and isinstance(self._open[-1], kind)
        if not is_open or not (self._expects == "follows" or self._may_close):
            raise InvalidInput("not JSON: a bracket closes nothing")
        self._names.pop()
        self._add(self._open.pop())

    def _add(self, value: Any) -> None:
        if not self._open:
            self.result, self.is_complete = value, True
            return
        container = self._open[-1]
        if isinstance(container, dict):
            container[self._names[-1]] = value
        else:
            container.append(value)
        self._expects, self._may_close = "follows", False


def _scalar(token: str) -> Any:
    try:
        return json.loads(token, parse_constant=_refused)
    except ValueError as error:
        raise InvalidInput(f"not JSON: {token[:40]}") from error


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")

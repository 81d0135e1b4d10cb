"""Parses server-sent events from bytes (HTML Living Standard, 9.2.6)."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_END_OF_EVENT = re.compile(r"\r\n\r\n|\n\n|\r\r")
_END_OF_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event, with its data parsed."""

    name: str
    id: str
    data: Any


class EventParser:
    """Takes bytes as they come, cut anywhere; gives the events that are whole."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._rest = ""
        self._id = ""

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """The events that end in these bytes; comments, such as heartbeats, are none."""
        *blocks, self._rest = _END_OF_EVENT.split(self._rest + self._decode(piece))
        for block in blocks:
            if event := self._event(block):
                yield event

    def _event(self, block: str) -> ServerEvent | None:
        name, data = "message", []
        for line in _END_OF_LINE.split(block):
            field, _, text = line.partition(":")
            text = text.removeprefix(" ")
            if field == "event":
                name = text
            elif field == "id":
                self._id = text
            elif field == "data":
                data.append(text)
        return ServerEvent(name, self._id, json.loads("\n".join(data))) if data else None

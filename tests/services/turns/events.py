"""Server-sent events, read back."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.waiting import in_time


class Event(NamedTuple):
    id: str
    name: str
    data: Any


def parse(body: bytes) -> list[Event]:
    """The events of a whole stream, without its comments."""
    found = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if fields:
            found.append(Event(fields["id"], fields["event"], json.loads(fields["data"])))
    return found


def until(response: Any, name: str) -> list[Event]:
    """The events up to the first of this name; then the client hangs up.

    Closed here and not by the garbage collector, which would run Django's end of a request in the
    middle of anything, and CPython 3.11 does not survive a context variable set within its setting.
    """
    received = b""
    for piece in in_time(response.streaming_content, what=name):
        received += piece
        if f"event: {name}\n".encode() in received:
            break
    response._iterator.close()
    return parse(received)


def read(response: Any) -> list[Event]:
    """All events of a streaming answer."""
    assert response.status_code == 200, getattr(response, "content", response)
    assert response.headers["Content-Type"] == "text/event-stream"
    return parse(b"".join(in_time(response.streaming_content)))


def text(events: Iterable[Event]) -> str:
    """What the deltas say together."""
    return "".join(event.data["text"] for event in events if event.name == "delta")


def names(events: Iterable[Event]) -> list[str]:
    """The events' names, several deltas in a row as one."""
    found: list[str] = []
    for event in events:
        if not (event.name == "delta" and found[-1:] == ["delta"]):
            found.append(event.name)
    return found

"""Counts the tokens of imported messages that have no count.

That is half of an import's work, so it waits until it is known that the session is new: an import
that goes on behind an earlier one meets many that are there.
"""

from collections.abc import Mapping
from typing import Any

from sessions_app import tokenizer
from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.parts import are_parts
from sessions_app.domain.records.writing import Record
from sessions_app.repository import records
from sessions_app.repository.log import Stored
from sessions_app.repository.records.importing import Gathered


def added(gathered: Gathered, record: Record) -> Stored | None:
    """Put the next message to a session; a bucket that is full, or None. Raises InvalidInput."""
    # Our own exports have counts.
    if "token_count" in record:
        return records.importing.add(gathered, record)
    run = records.importing.add(gathered, {**record, "token_count": 0})
    # A bucket may have taken all of the tail.
    newest = gathered.messages or (run or {})["messages"]
    gathered.uncounted.append((newest[-1], record))
    return run


def count(gathered: Gathered) -> None:
    """Count what has not been counted of a session."""
    for stored, record in gathered.uncounted:
        records.importing.set_tokens(gathered, stored, _tokens(record))
    gathered.uncounted.clear()


def count_bucket(gathered: Gathered, run: Stored) -> None:
    """Count a session up to here, for a bucket of it that is to be stored."""
    count(gathered)
    # Several may have been cut off before the first of them is counted.
    run["token_count"] = sum(message["token_count"] for message in run["messages"])


def _tokens(record: Mapping[str, Any]) -> int:
    content, name, calls, attached = (
        record.get(key) for key in ("content", "name", "tool_calls", "parts")
    )
    return message_tokens(
        tokenizer.count_tokens,
        # A value of another type is refused when the message is decoded.
        content if isinstance(content, str) else "",
        name=name if isinstance(name, str) else None,
        tool_calls=calls if isinstance(calls, list) else (),
        attached=attached if are_parts(attached) else None,
    )

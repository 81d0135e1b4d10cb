"""Exports as records, one JSON object a line: a first that says what it is, a last that counts.

A stream that was cut has no last line, so whoever reads one knows whether they have all of it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sessions_app.domain.text import escaped

Record = Mapping[str, Any]

BEGIN, END = "export", "end"
BLOCK_BYTES = 64 * 1024


def enclosed(first: Mapping[str, Any], records: Iterable[Record]) -> Iterator[Record]:
    """`records` between the record that says what they are and the one that says how many."""
    yield {"type": BEGIN, **first}
    counts: Counter[str] = Counter()
    for record in records:
        counts[record["type"]] += 1
        yield record
    yield {"type": END, "complete": True, "counts": dict(counts)}


def line(record: Record) -> bytes:
    """A record as compact JSON and a line break, in UTF-8."""
    text = json.dumps(
        record, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_moment
    )
    return escaped(f"{text}\n".encode())


def blocks(records: Iterable[Record]) -> Iterator[bytes]:
    """The records' lines, together in pieces worth a write each."""
    held: list[bytes] = []
    size = 0
    for record in records:
        held.append(line(record))
        size += len(held[-1])
        if size >= BLOCK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def spelt(record: Record) -> Record:
    """A record whose times are text, as it would be read back."""
    return {
        name: timestamp(value) if isinstance(value, datetime) else value
        for name, value in record.items()
    }


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return timestamp(value)
    raise TypeError(f"not a value of a record: {type(value).__name__}")

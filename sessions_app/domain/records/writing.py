"""Writes records, one JSON object per line, between a first line and a last one that counts.

A stream that was cut off has no last line, so a reader knows whether it has everything.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sessions_app.domain.texts.text import escaped

Record = Mapping[str, Any]

BEGIN, END = "export", "end"
# A write per record would cost a system call each, and over HTTP a chunk.
BLOCK_BYTES = 64 * 1024


def enclosed(first: Mapping[str, Any], records: Iterable[Record]) -> Iterator[Record]:
    """`records` between a first record that describes them and a last one with their counts."""
    yield {"type": BEGIN, **first}
    counts: Counter[str] = Counter()
    for record in records:
        counts[record["type"]] += 1
        yield record
    yield {"type": END, "complete": True, "counts": dict(counts)}


def line(record: Record) -> bytes:
    """A record as compact JSON and a line break, in UTF-8."""
    # NaN is refused: a reader could not parse it.
    text = json.dumps(
        record, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_moment
    )
    return escaped(f"{text}\n".encode())


def blocks(records: Iterable[Record]) -> Iterator[bytes]:
    """The records' lines in blocks of about BLOCK_BYTES, each worth a write."""
    lines: list[bytes] = []
    size = 0
    for record in records:
        lines.append(line(record))
        size += len(lines[-1])
        if size >= BLOCK_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    # Milliseconds are what MongoDB stores.
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def spelt(record: Record) -> Record:
    """A record with its times as text, as a reader would get it."""
    return {
        name: timestamp(value) if isinstance(value, datetime) else value
        for name, value in record.items()
    }


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return timestamp(value)
    raise TypeError(f"not a value of a record: {type(value).__name__}")

"""Reads an export line by line and reports the number of a line that does not fit."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.writing import BEGIN, END, Record

SESSIONS_FORMAT = "chat-sessions/sessions"
PERSONAL_FORMAT = "chat-sessions/personal-data"
# By name, with the version that is written and read.
FORMATS = {SESSIONS_FORMAT: 1, PERSONAL_FORMAT: 1}


class LineRefused(InvalidInput):
    """A line of a file does not fit; `number` counts from 1."""

    code = "line_refused"

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"line {number}: {reason}")
        self.number, self.reason = number, reason


def parsed(text: bytes) -> Any:
    """Parse JSON strictly: no NaN, no infinities, no repeated names; raises InvalidInput."""
    try:
        # Python accepts NaN and repeated names; other parsers refuse them, or read them
        # differently.
        return json.loads(text, parse_constant=no_json, object_pairs_hook=_without_repeats)
    except UnicodeDecodeError as error:
        raise InvalidInput("not UTF-8") from error
    except RecursionError as error:
        raise InvalidInput("nested too deeply") from error
    except ValueError as error:
        raise InvalidInput(f"not JSON: {error}") from error


def no_json(name: str) -> NoReturn:
    """The `parse_constant` of a JSON parser that refuses NaN and the infinities."""
    raise ValueError(f"{name} is no JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return members


def numbered_records(values: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Record]]:
    """The records between the first and the last line of an export, with their line numbers.

    Raises LineRefused for a line that is not a record, and for a file that is not an export or has
    no end. It raises at that line: the records before it have been yielded.
    """
    counts: Counter[str] = Counter()
    begun = False
    ended = number = 0
    for number, value in values:
        record = _record(number, value)
        if ended:
            raise LineRefused(number, f"something follows the last record, in line {ended}")
        if not begun:
            _check_first(record)
            begun = True
        elif record["type"] == END:
            _check_last(number, record, counts)
            ended = number
        else:
            counts[record["type"]] += 1
            yield number, record
    if not number:
        raise LineRefused(1, "the file is empty")
    # Nothing else tells a file that was cut off from a whole one.
    if not ended:
        raise LineRefused(number + 1, "the file ends before its last record: it was cut off")


def _record(number: int, value: Any) -> Record:
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        raise LineRefused(number, "not an object with a type")
    return value


def _check_first(record: Record) -> None:
    if record["type"] != BEGIN or record.get("format") not in FORMATS:
        raise LineRefused(1, "this is not an export of sessions: it does not begin as one")
    if record.get("version") != FORMATS[record["format"]]:
        raise LineRefused(1, f"version {record.get('version')!r} of the format is not known here")


def _check_last(number: int, record: Record, counts: Counter[str]) -> None:
    # The last line counts the lines before it, so that a loss in the middle shows as well.
    if record.get("complete") is not True or record.get("counts") != dict(counts):
        raise LineRefused(
            number, f"says {record.get('counts')!r}, but the lines before it are {dict(counts)}"
        )

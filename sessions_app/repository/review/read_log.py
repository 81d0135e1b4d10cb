"""The read log: lines are inserted and read. Nothing here deletes one.

An erasure alone changes lines: it takes the person out of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sessions_app.documents.review import ReviewLog
from sessions_app.domain.identifiers import uuid7_floor
from sessions_app.domain.review import Act, LogFilter, LogLine, LogPage, Staff, Why
from sessions_app.repository import failures
from sessions_app.repository.log import Stored

_STREAMED = 1_000


@failures.translated
def insert(lines: Sequence[LogLine]) -> None:
    """Write lines; when this returns, a majority has them in its journal."""
    stored = [_stored(line) for line in lines]
    for one in stored:
        ReviewLog._from_son(one).validate()
    if stored:
        ReviewLog._get_collection().insert_many(stored)


@failures.translated
def newest_grant(*, session_id: str, staff_id: str, act: Act, since: datetime) -> LogLine | None:
    """The newest line by which this reader said why, `since` then."""
    found = ReviewLog._get_collection().find_one(
        {"session_id": session_id, "staff_id": staff_id, "act": act.value, "at": {"$gte": since}},
        sort=[("_id", -1)],
        hint="session_order",
    )
    return _line(found) if found else None


@failures.translated
def granted(
    *, session_ids: Sequence[str], staff_id: str, act: Act, since: datetime
) -> frozenset[str]:
    """Those of the sessions for which this reader has said why, `since` then."""
    found = ReviewLog._get_collection().find(
        {
            "session_id": {"$in": list(session_ids)},
            "staff_id": staff_id,
            "act": act.value,
            "at": {"$gte": since},
        },
        {"session_id": 1},
        hint="session_order",
    )
    return frozenset(stored["session_id"] for stored in found)


@failures.translated
def page(*, sought: LogFilter, older_than: str, newer_than: str, limit: int) -> LogPage:
    """Lines in the order of the log, newest first: those older than a line, or newer than one."""
    query = _query(sought)
    if newer_than:
        query["$and"] = [{"_id": {"$gt": newer_than}}]
    elif older_than:
        query["$and"] = [{"_id": {"$lt": older_than}}]
    by = 1 if newer_than else -1
    lines_found = ReviewLog._get_collection().find(query).hint(_index(sought))
    found = list(lines_found.sort("_id", by).limit(limit + 1))
    more = len(found) > limit
    lines = [_line(stored) for stored in found[:limit]]
    if newer_than:
        return LogPage(lines[::-1], has_newer=more, has_older=True)
    return LogPage(lines, has_newer=bool(older_than), has_older=more)


def stream(sought: LogFilter) -> Iterator[LogLine]:
    """All lines, newest first, a batch at a time."""
    last = ""
    while lines := page(sought=sought, older_than=last, newer_than="", limit=_STREAMED).lines:
        yield from lines
        last = lines[-1].id


@failures.translated
def forget_user(user_id: str) -> int:
    """Take an erased person out of the lines about them; how many there were.

    Who of the staff did what and when stays. What they wrote may name the person, so it goes.
    """
    changed = ReviewLog._get_collection().update_many(
        {"user_id": user_id},
        {"$set": {"erased": True}, "$unset": {"user_id": 1, "detail": 1, "about": 1}},
    )
    return int(changed.modified_count)


@failures.translated
def forget_staff(*, staff_id: str, pseudonym: str) -> int:
    """Put a pseudonym in place of an erased reader's id; how many lines there were.

    Their name stays: those whose conversations were read have a right to know by whom.
    """
    changed = ReviewLog._get_collection().update_many(
        {"staff_id": staff_id}, {"$set": {"staff_id": pseudonym}}
    )
    return int(changed.modified_count)


def _query(sought: LogFilter) -> Stored:
    query: Stored = {
        name: value
        for name, value in (
            ("session_id", sought.session_id),
            ("user_id", sought.user_id),
            ("staff_id", sought.staff_id),
            ("act", sought.act.value if sought.act else ""),
            ("reason", sought.reason),
        )
        if value
    }
    bounds = {"$gte": sought.since, "$lt": sought.before}
    if times := {name: uuid7_floor(at) for name, at in bounds.items() if at is not None}:
        query["_id"] = times
    return query


def _index(sought: LogFilter) -> str:
    for name, value in (
        ("session_order", sought.session_id),
        ("user_order", sought.user_id),
        ("staff_order", sought.staff_id),
        ("act_order", sought.act),
    ):
        if value:
            return name
    return "_id_"


def _stored(line: LogLine) -> Stored:
    optional = {
        "session_id": line.session_id,
        "user_id": line.user_id,
        "reason": line.why.reason,
        "detail": line.why.detail,
        "about": dict(line.about),
    }
    return {
        "_id": line.id,
        "at": line.at,
        "staff_id": line.staff.id,
        "staff_name": line.staff.name,
        "act": line.act.value,
        **{name: value for name, value in optional.items() if value},
    }


def _line(stored: Mapping[str, Any]) -> LogLine:
    return LogLine(
        id=stored["_id"],
        at=stored["at"],
        staff=Staff(stored["staff_id"], stored["staff_name"]),
        act=Act(stored["act"]),
        session_id=stored.get("session_id", ""),
        user_id=stored.get("user_id", ""),
        why=Why(stored.get("reason", ""), stored.get("detail", "")),
        about=stored.get("about", {}),
        erased=stored.get("erased", False),
    )

"""The read log: lines are inserted and read. Nothing here deletes one.

An erasure alone changes lines: it takes the person out of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sessions_app.documents.querysets import ReviewLogQuerySet
from sessions_app.documents.review import ReviewLog
from sessions_app.domain.review import Act, LogFilter, LogLine, LogPage, Staff, Why
from sessions_app.domain.sessions.identifiers import uuid7_floor
from sessions_app.repository import failures
from sessions_app.repository.review import chain

_STREAMED = 1_000


@failures.translated
def insert(lines: Sequence[LogLine], *, key: bytes) -> None:
    """Write lines at the end of the chain; when this returns, a majority has them journaled."""
    if documents := [_document(line) for line in lines]:
        chain.insert(documents, key=key)


@failures.translated
def newest_grant(*, session_id: str, staff_id: str, act: Act, since: datetime) -> LogLine | None:
    """The newest line by which this reader said why, `since` then."""
    grants = ReviewLog.objects.grants(staff_id=staff_id, act=act, since=since)
    stored_line = grants.filter(session_id=session_id).order_by("-pk").as_pymongo().first()
    return _line(stored_line) if stored_line else None


@failures.translated
def granted(
    *, session_ids: Sequence[str], staff_id: str, act: Act, since: datetime
) -> frozenset[str]:
    """Those of the sessions for which this reader has said why, `since` then."""
    grants = ReviewLog.objects.grants(staff_id=staff_id, act=act, since=since)
    return frozenset(grants.filter(session_id__in=list(session_ids)).scalar("session_id"))


@failures.translated
def page(*, sought: LogFilter, older_than: str, newer_than: str, limit: int) -> LogPage:
    """Lines in the order of the log, newest first: those older than a line, or newer than one."""
    log_lines = _sought(sought).hint(_index(sought))
    # In an `$and`, because `sought` may have bounds on the id already: those of its times.
    if newer_than:
        log_lines = log_lines.filter(__raw__={"$and": [{"_id": {"$gt": newer_than}}]})
    elif older_than:
        log_lines = log_lines.filter(__raw__={"$and": [{"_id": {"$lt": older_than}}]})
    log_lines = log_lines.order_by("pk" if newer_than else "-pk")
    # As dictionaries: an export streams the log a thousand lines a page.
    stored_lines = list(log_lines.limit(limit + 1).as_pymongo())
    more = len(stored_lines) > limit
    lines = [_line(stored_line) for stored_line in stored_lines[:limit]]
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
    about_them = ReviewLog.objects(user_id=user_id)
    return int(
        about_them.update(
            set__erased=True,
            unset__user_id=1,
            unset__detail=1,
            unset__about=1,
            unset__person_salt=1,
        )
    )


@failures.translated
def forget_staff(*, staff_id: str, pseudonym: str) -> int:
    """Put a pseudonym in place of an erased reader's id; how many lines there were.

    Their name stays: those whose conversations were read have a right to know by whom.
    """
    return int(
        ReviewLog.objects(staff_id=staff_id).update(set__staff_id=pseudonym, unset__staff_salt=1)
    )


def _sought(sought: LogFilter) -> ReviewLogQuerySet:
    conditions = {
        "session_id": sought.session_id,
        "user_id": sought.user_id,
        "staff_id": sought.staff_id,
        "act": sought.act.value if sought.act else "",
        "reason": sought.reason,
        # An id begins with its time, so that bounds on time are bounds on the id.
        "pk__gte": uuid7_floor(sought.since) if sought.since else "",
        "pk__lt": uuid7_floor(sought.before) if sought.before else "",
    }
    return ReviewLog.objects.filter(**{name: each for name, each in conditions.items() if each})


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


def _document(line: LogLine) -> ReviewLog:
    return ReviewLog(
        line_id=line.id,
        at=line.at,
        staff_id=line.staff.id,
        staff_name=line.staff.name,
        act=line.act.value,
        # None rather than empty: it is left out, and the log is long.
        session_id=line.session_id or None,
        user_id=line.user_id or None,
        reason=line.why.reason or None,
        detail=line.why.detail or None,
        about=dict(line.about) or None,
    )


def _line(stored_line: Mapping[str, Any]) -> LogLine:
    get = stored_line.get
    return LogLine(
        id=stored_line["_id"],
        at=stored_line["at"],
        staff=Staff(stored_line["staff_id"], stored_line["staff_name"]),
        act=Act(stored_line["act"]),
        session_id=get("session_id", ""),
        user_id=get("user_id", ""),
        why=Why(get("reason", ""), get("detail", "")),
        about=get("about", {}),
        erased=get("erased", False),
    )

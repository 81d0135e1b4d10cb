"""Figures by day, and how things stand: kept by the workers, read by the staff's first page."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from sessions_app.documents import DailyFigures, Session, StandingFigures
from sessions_app.documents.review_indexes import EXPIRING, FLAGGED
from sessions_app.domain import figures
from sessions_app.domain.figures.daily import Day, DayTally, Figure, Standing, first_id, start_of
from sessions_app.repository import failures
from sessions_app.repository.log import Stored

_NAME = "now"
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@failures.translated
def add(day: date, tally: DayTally) -> None:
    """Add what one worker has counted."""
    change: Stored = {}
    if counts := {f"counts.{name}": number for name, number in tally.counts.items() if number}:
        change["$inc"] = counts
    if tally.people:
        change["$max"] = {f"people.{index}": rank for index, rank in tally.people.items()}
    if not change:
        return
    days = DailyFigures._get_collection()
    try:
        days.update_one({"_id": day.isoformat()}, change, upsert=True)
    except DuplicateKeyError:  # another worker has begun the day in the same moment
        days.update_one({"_id": day.isoformat()}, change)


@failures.translated
def read(first: date, last: date) -> list[Day]:
    """The days that have figures, in order."""
    found = DailyFigures._get_collection().find(
        {"_id": {"$gte": first.isoformat(), "$lte": last.isoformat()}}, {"people": 0}
    )
    return [_day(stored) for stored in found.sort("_id", 1)]


def _day(stored: Stored) -> Day:
    names = set(Figure)
    return Day(
        day=date.fromisoformat(stored["_id"]),
        counts={
            Figure(name): number
            for name, number in stored.get("counts", {}).items()
            if name in names
        },
        sessions=stored.get("sessions"),
        users=stored.get("users"),
        storage_bytes=stored.get("storage_bytes"),
    )


@failures.translated
def set_found(day: date, *, sessions: int | None, storage_bytes: int | None) -> None:
    """Note what was found out about a day."""
    found = {"sessions": sessions, "storage_bytes": storage_bytes}
    known = {name: number for name, number in found.items() if number is not None}
    if known:
        DailyFigures._get_collection().update_one(
            {"_id": day.isoformat()}, {"$set": known}, upsert=True
        )


@failures.translated
def count_users(day: date, *, over: bool) -> None:
    """Estimate how many people a day has seen; when it is `over`, keep the number alone."""
    days = DailyFigures._get_collection()
    stored = days.find_one({"_id": day.isoformat()}, {"people": 1})
    if stored is None or not stored.get("people"):
        return
    people = {int(index): rank for index, rank in stored["people"].items()}
    change: Stored = {"$set": {"users": figures.distinct.estimate(people)}}
    if over:
        change["$unset"] = {"people": 1}
    days.update_one({"_id": day.isoformat()}, change)


@failures.translated
def count_created(day: date) -> int:
    """How many sessions there are that were created on a day, by the time in their ids."""
    start = start_of(day)
    span = {"$gte": first_id(start), "$lt": first_id(start + _DAY)}
    return int(Session._get_collection().count_documents({"_id": span}, hint=[("_id", 1)]))


@failures.translated
def oldest_id() -> str | None:
    """The id of the oldest session."""
    found = Session._get_collection().find({"_id": {"$gte": ""}}, {"_id": 1}).sort("_id", 1)
    return next((str(stored["_id"]) for stored in found.limit(1)), None)


@failures.translated
def count_expiring(day: date, *, now: datetime) -> int:
    """How many sessions expire on a day, from `now` on, unless something happens in them."""
    start = start_of(day)
    return int(
        Session._get_collection().count_documents(
            {"expires_at": {"$gte": max(start, now), "$lt": start + _DAY}}, hint=EXPIRING
        )
    )


@failures.translated
def count_flagged(now: datetime) -> tuple[int, int, int]:
    """The flagged conversations by how long they have waited: less than a day, a week, longer."""
    found = Session._get_collection().find({"flagged": True}, {"flagged_at": 1}).hint(FLAGGED)
    waits = [now - stored.get("flagged_at", now) for stored in found]
    return (
        sum(1 for wait in waits if wait < _DAY),
        sum(1 for wait in waits if _DAY <= wait < _WEEK),
        sum(1 for wait in waits if wait >= _WEEK),
    )


@failures.translated
def sizes() -> tuple[int, int, int]:
    """About how many sessions there are, and the bytes on disk of all data and all indexes."""
    sessions = Session._get_collection()
    stats = sessions.database.command("dbStats")
    return sessions.estimated_document_count(), int(stats["storageSize"]), int(stats["indexSize"])


@failures.translated
def standing() -> tuple[Standing | None, datetime | None, date | None]:
    """How things stood last; when that is due anew; the last day that is counted to its end."""
    stored = StandingFigures._get_collection().find_one({"_id": _NAME})
    if stored is None:
        return None, None, None
    counted_to = date.fromisoformat(stored["counted_to"]) if "counted_to" in stored else None
    if "at" not in stored:
        return None, stored["due_at"], counted_to
    young, middling, old = stored["flagged"]
    found = Standing(
        at=stored["at"],
        sessions=stored["sessions"],
        data_bytes=stored["data_bytes"],
        index_bytes=stored["index_bytes"],
        expiring=stored["expiring"],
        flagged=(young, middling, old),
    )
    return found, stored["due_at"], counted_to


@failures.translated
def claim(*, due_at: datetime | None, until: datetime) -> bool:
    """Whether it is for this worker to find out how things stand; the others use what there is."""
    kept = StandingFigures._get_collection()
    if due_at is None:
        try:
            kept.insert_one({"_id": _NAME, "due_at": until})
        except DuplicateKeyError:
            return False
        return True
    changed = kept.update_one({"_id": _NAME, "due_at": due_at}, {"$set": {"due_at": until}})
    return bool(changed.matched_count)


@failures.translated
def keep(found: Standing, *, due_at: datetime, counted_to: date) -> None:
    """Leave how things stand for everybody."""
    values: dict[str, Any] = {
        "at": found.at,
        "due_at": due_at,
        "sessions": found.sessions,
        "data_bytes": found.data_bytes,
        "index_bytes": found.index_bytes,
        "expiring": _numbers(found.expiring),
        "flagged": _numbers(found.flagged),
        "counted_to": counted_to.isoformat(),
    }
    StandingFigures._get_collection().update_one({"_id": _NAME}, {"$set": values}, upsert=True)


def _numbers(values: Sequence[int]) -> list[int]:
    return list(values)

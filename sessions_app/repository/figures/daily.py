"""Figures by day, and how things stand: kept by the workers, read by the staff's first page."""

from datetime import date, datetime, timedelta
from typing import Any

from mongoengine import NotUniqueError, get_db

from sessions_app.documents import DailyFigures, Session, StandingFigures, collection
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
    figures_of_day = DailyFigures.objects(pk=day.isoformat())
    # `__raw__`: a sketch has hundreds of fields, each of which keyword arguments would look up.
    try:
        figures_of_day.update_one(upsert=True, __raw__=change)
    except NotUniqueError:  # another worker has begun the day in the same moment
        figures_of_day.update_one(__raw__=change)


@failures.translated
def read(first: date, last: date) -> list[Day]:
    """The days that have figures, in order."""
    days = DailyFigures.objects(pk__gte=first.isoformat(), pk__lte=last.isoformat())
    return [_day(stored) for stored in days.exclude("people").order_by("pk").as_pymongo()]


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
    figures_found = {"set__sessions": sessions, "set__storage_bytes": storage_bytes}
    known = {name: number for name, number in figures_found.items() if number is not None}
    if known:
        DailyFigures.objects(pk=day.isoformat()).update_one(upsert=True, **known)


@failures.translated
def count_users(day: date, *, over: bool) -> None:
    """Estimate how many people a day has seen; when it is `over`, keep the number alone."""
    figures_of_day = DailyFigures.objects(pk=day.isoformat())
    stored = figures_of_day.only("people").as_pymongo().first()
    if stored is None or not stored.get("people"):
        return
    people = {int(index): rank for index, rank in stored["people"].items()}
    forgotten = {"unset__people": 1} if over else {}
    figures_of_day.update_one(set__users=figures.distinct.estimate(people), **forgotten)


@failures.translated
def count_created(day: date) -> int:
    """How many sessions there are that were created on a day, by the time in their ids."""
    start = start_of(day)
    # By the time in the ids: no index has `created_at`.
    return _count("_id", first_id(start), first_id(start + _DAY), index=[("_id", 1)])


@failures.translated
def oldest_id() -> str | None:
    """The id of the oldest session."""
    oldest = Session.objects.walk(after="").only("pk").as_pymongo().first()
    return str(oldest["_id"]) if oldest else None


@failures.translated
def count_expiring(day: date, *, now: datetime) -> int:
    """How many sessions expire on a day, from `now` on, unless something happens in them."""
    start = start_of(day)
    return _count("expires_at", max(start, now), start + _DAY, index=EXPIRING)


def _count(field: str, low: Any, high: Any, *, index: Any) -> int:
    """How many sessions have a `field` from `low` on and before `high`, from an index alone."""
    # By the driver: a worker counts nine of these ranges every ten seconds, and a queryset takes a
    # third more of its CPU for each (docs/decisions/0024).
    span = {field: {"$gte": low, "$lt": high}}
    return int(collection(Session).count_documents(span, hint=index))


@failures.translated
def count_flagged(now: datetime) -> tuple[int, int, int]:
    """The flagged conversations by how long they have waited: less than a day, a week, longer."""
    flagged = Session.objects.flagged().only("flagged_at").hint(FLAGGED)
    waits = [now - stored.get("flagged_at", now) for stored in flagged.as_pymongo()]
    return (
        sum(1 for wait in waits if wait < _DAY),
        sum(1 for wait in waits if _DAY <= wait < _WEEK),
        sum(1 for wait in waits if wait >= _WEEK),
    )


@failures.translated
def sizes() -> tuple[int, int, int]:
    """About how many sessions there are, and the bytes on disk of all data and all indexes."""
    stats = get_db().command("dbStats")
    # Without a filter `count` reads the collection's metadata.
    return int(Session.objects.count()), int(stats["storageSize"]), int(stats["indexSize"])


@failures.translated
def standing() -> tuple[Standing | None, datetime | None, date | None]:
    """How things stood last; when that is due anew; the last day that is counted to its end."""
    document = StandingFigures.objects(pk=_NAME).first()
    if document is None:
        return None, None, None
    counted_to = date.fromisoformat(document.counted_to) if document.counted_to else None
    if document.at is None:
        return None, document.due_at, counted_to
    young, middling, old = document.flagged
    last = Standing(
        at=document.at,
        sessions=document.sessions,
        data_bytes=document.data_bytes,
        index_bytes=document.index_bytes,
        expiring=list(document.expiring),
        flagged=(young, middling, old),
    )
    return last, document.due_at, counted_to


@failures.translated
def claim(*, due_at: datetime | None, until: datetime) -> bool:
    """Whether it is for this worker to find out how things stand; the others use what there is."""
    if due_at is None:
        try:
            StandingFigures(name=_NAME, due_at=until).save(force_insert=True)
        except NotUniqueError:  # another worker was first
            return False
        return True
    # The moment that was read is the guard: of all workers that saw it, one moves it.
    return bool(StandingFigures.objects(pk=_NAME, due_at=due_at).update_one(set__due_at=until))


@failures.translated
def keep(standing: Standing, *, due_at: datetime, counted_to: date) -> None:
    """Leave how things stand for everybody."""
    StandingFigures.objects(pk=_NAME).update_one(
        upsert=True,
        set__at=standing.at,
        set__due_at=due_at,
        set__sessions=standing.sessions,
        set__data_bytes=standing.data_bytes,
        set__index_bytes=standing.index_bytes,
        set__expiring=list(standing.expiring),
        set__flagged=list(standing.flagged),
        set__counted_to=counted_to.isoformat(),
    )

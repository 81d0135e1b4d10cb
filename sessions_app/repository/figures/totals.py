"""Figures over all sessions, counted from indexes alone and kept for all workers."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from mongoengine import NotUniqueError

from sessions_app.documents import Figures, Session, Sweep, Turn
from sessions_app.domain.figures.totals import Counted
from sessions_app.domain.turns import TurnState
from sessions_app.repository import expiry, failures

_NAME = "sessions"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a fail-over forgets is counted again, so nobody waits for a majority to write or to read.
_QUICK = {"w": 1, "j": False}
_LOCAL = {"level": "local"}


@failures.translated
def kept() -> tuple[Counted | None, datetime | None]:
    """The figures that were counted last, and when they are due to be counted again."""
    document = Figures.objects(pk=_NAME).read_concern(_LOCAL).first()
    if document is None:
        return None, None
    counted = document.counted_at and Counted(document.counted_at, dict(document.values))
    return counted, document.due_at


@failures.translated
def claim(*, due_at: datetime | None, until: datetime) -> bool:
    """Whether it is for this worker to count: one does it, the others go on with what there is."""
    if due_at is None:
        try:
            Figures(name=_NAME, due_at=until).save(force_insert=True, write_concern=_QUICK)
        except NotUniqueError:  # another worker was first
            return False
        return True
    # The moment that was read is the guard: of all workers that saw it, one moves it.
    due = Figures.objects(pk=_NAME, due_at=due_at)
    return bool(due.update_one(write_concern=_QUICK, set__due_at=until))


@failures.translated
def keep(counted: Counted, *, due_at: datetime) -> None:
    """Leave what was counted for everybody."""
    Figures.objects(pk=_NAME).update_one(
        write_concern=_QUICK,
        set__counted_at=counted.counted_at,
        set__due_at=due_at,
        set__values=dict(counted.values),
    )


def count(*, now: datetime, retention_cutoff: datetime | None) -> Mapping[str, int]:
    """Each of `COUNTS` at `now`."""
    return {name: number(now, retention_cutoff) for name, number in COUNTS.items()}


@failures.translated
def _in_all() -> int:
    # Without a filter `count` reads the collection's metadata, however many there are.
    return int(Session.objects.count())


@failures.translated
def _expiring(now: datetime) -> int:
    until = now + timedelta(days=1)
    return int(Session.objects(expires_at__gt=now, expires_at__lte=until).hint("expiry").count())


@failures.translated
def _archived() -> int:
    return int(Session.objects(archived_at__gte=_EPOCH).hint("retention").count())


@failures.translated
def _running() -> int:
    running = Turn.objects(state=TurnState.RUNNING.value, deadline__gte=_EPOCH)
    return int(running.hint("running_deadline").count())


@failures.translated
def _last_sweep() -> int:
    sweep = Sweep.objects(complete=True).order_by("-started_at").only("finished_at").first()
    return int(sweep.finished_at.timestamp()) if sweep else 0


# Name → what counts it, of now and the moment up to which archives are past their retention. A
# collection that is to be watched adds its own.
COUNTS: dict[str, Callable[[datetime, datetime | None], int]] = {
    "sessions": lambda _now, _until: _in_all(),
    "archived": lambda _now, _until: _archived(),
    "expired": lambda now, _until: expiry.sweeps.count_expired(now),
    "expiring": lambda now, _until: _expiring(now),
    "past_retention": lambda _now, until: expiry.sweeps.count_archived(until) if until else 0,
    "turns_running": lambda _now, _until: _running(),
    "last_sweep": lambda _now, _until: _last_sweep(),
}

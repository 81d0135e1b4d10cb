"""How far a command has come that walks all sessions, so that another run can go on from there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sessions_app.documents import AuditProgress, checking
from sessions_app.repository import failures


class Reached(NamedTuple):
    """The last session that was done, how many it were, since when, and what was counted."""

    began_at: datetime
    after: str = ""
    done: int = 0
    counted: Mapping[str, Any] = {}


@failures.translated
def read(walk: str) -> Reached | None:
    """How far an earlier run came that was stopped; None without one, or if it is damaged."""
    stored = AuditProgress.objects(pk=walk).as_pymongo().first()
    if stored is None or checking.readable(AuditProgress).first_problem(stored):
        return None
    began_at = stored.get("began_at", stored["saved_at"])
    return Reached(began_at, stored["after"], stored["checked"], stored.get("counted", {}))


@failures.translated
def save(walk: str, reached: Reached, *, now: datetime) -> None:
    """Keep how far a run has come."""
    AuditProgress(
        selection=walk,
        after=reached.after,
        checked=reached.done,
        unrepaired=0,
        counted=dict(reached.counted),
        began_at=reached.began_at,
        saved_at=now,
    ).save()


@failures.translated
def forget(walk: str) -> None:
    """The next run begins at the first session."""
    AuditProgress.objects(pk=walk).delete()

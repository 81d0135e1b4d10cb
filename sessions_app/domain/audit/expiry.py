"""Checks whether sessions ended when they should, and no earlier, from their stored times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sessions_app.domain.data import Status
from sessions_app.domain.sessions.expiry import retention_cutoff


class Wrong(StrEnum):
    """The faults in how sessions end."""

    NOT_EXPIRED = "not_expired"
    NOT_PURGED = "not_purged"
    ARCHIVED_WITHOUT_TIME = "archived_without_time"
    ARCHIVED_WITH_TIMEOUT = "archived_with_timeout"
    ACTIVE_WITH_ARCHIVAL = "active_with_archival"
    TIMEOUT_MISSING = "timeout_missing"
    TIMEOUT_UNASKED = "timeout_unasked"
    TIMEOUT_MISPLACED = "timeout_misplaced"
    FROM_THE_FUTURE = "from_the_future"
    OUT_OF_ORDER = "out_of_order"
    TIME_MISSING = "time_missing"
    UNKNOWN_STATUS = "unknown_status"
    ORPHAN = "orphan"
    ENDED_TOO_EARLY = "ended_too_early"
    SWEPT_BY_A_FAST_CLOCK = "swept_by_a_fast_clock"
    CLOCKS_DISAGREE = "clocks_disagree"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `subject` is the session's id, else the id of the sweep or server at fault."""

    wrong: Wrong
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class StoredTimes:
    """The times of a session as they are stored."""

    session_id: str
    status: str | None
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    archived_at: datetime | None
    ttl_seconds: int | None
    legal_hold: bool
    turn_until: datetime | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The record of a sweep; see `documents.Sweep`."""

    sweep_id: str
    mode: str
    started_at: datetime
    cutoff: datetime
    retention_cutoff: datetime | None
    archived: int
    deleted: int
    purged: int
    latest_expiry: datetime | None
    latest_archival: datetime | None
    finished_at: datetime | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of an audit. Every session due by `expired_by` should have been swept.

    `archived_by` is the same for archives, None where they are kept for ever. Times that differ by
    at most `tolerance` count as equal, since the clocks of workers differ.
    """

    now: datetime
    expired_by: datetime
    archived_by: datetime | None
    default_ttl_seconds: int
    tolerance: timedelta


# A sweep passes over a session in a turn, which may be this long.
_TURN_ALLOWANCE = timedelta(minutes=15)


def rules(
    *,
    now: datetime,
    grace: timedelta,
    last: Receipt | None,
    retention_days: int,
    default_ttl_seconds: int,
    tolerance: timedelta,
) -> Rules:
    """The rules at `now`.

    A session should have been swept if it was due when the last complete sweep began, or has been
    due for longer than `grace`, whether or not there was a sweep.
    """
    # Without any sweep, only what is long overdue counts.
    expired_by = now - grace
    archived_by = retention_cutoff(cutoff=expired_by, retention_days=retention_days)
    if last is not None:
        expired_by = max(expired_by, last.cutoff - _TURN_ALLOWANCE)
        # By the retention of that sweep; the setting may have changed since.
        if archived_by is not None and last.retention_cutoff is not None:
            archived_by = max(archived_by, last.retention_cutoff)
    return Rules(now, expired_by, archived_by, default_ttl_seconds, tolerance)


def check(times: StoredTimes, rules: Rules) -> Iterator[Finding]:
    """Yield the faults of one session."""
    for wrong, detail in _wrongs(times, rules):
        yield Finding(wrong, times.session_id, detail)


def _wrongs(times: StoredTimes, rules: Rules) -> Iterator[tuple[Wrong, str]]:
    # The other checks need these times.
    if times.created_at is None or times.updated_at is None:
        yield Wrong.TIME_MISSING, "it has no created_at or no updated_at"
        return
    yield from _order(times, rules)
    if times.status == Status.ACTIVE.value:
        yield from _active(times, times.updated_at, rules)
    elif times.status == Status.ARCHIVED.value:
        yield from _archived(times, rules)
    else:
        yield Wrong.UNKNOWN_STATUS, f"its status is {times.status!r}"


def _order(times: StoredTimes, rules: Rules) -> Iterator[tuple[Wrong, str]]:
    named = {
        "created_at": times.created_at,
        "updated_at": times.updated_at,
        "archived_at": times.archived_at,
    }
    for name, moment in named.items():
        if moment is not None and moment > rules.now + rules.tolerance:
            yield Wrong.FROM_THE_FUTURE, f"{name} {_text(moment)} is {moment - rules.now} ahead"
        if moment is not None and times.created_at and moment < times.created_at - rules.tolerance:
            yield Wrong.OUT_OF_ORDER, f"{name} {_text(moment)} is before its creation"


def _active(times: StoredTimes, updated_at: datetime, rules: Rules) -> Iterator[tuple[Wrong, str]]:
    if times.archived_at is not None:
        yield Wrong.ACTIVE_WITH_ARCHIVAL, f"active, yet archived {_text(times.archived_at)}"
    if times.expires_at is None:
        if times.ttl_seconds:
            yield Wrong.TIMEOUT_MISSING, f"a timeout of {times.ttl_seconds} s, but no expires_at"
        return
    # 0 stands for never.
    if times.ttl_seconds == 0:
        yield Wrong.TIMEOUT_UNASKED, f"it should never expire, but does {_text(times.expires_at)}"
    yield from _placed(times.expires_at - updated_at, times.ttl_seconds, rules)
    # A sweep leaves a session in a turn to the next sweep.
    in_turn = times.turn_until is not None and times.turn_until > rules.now
    if times.expires_at <= rules.expired_by and not times.legal_hold and not in_turn:
        yield Wrong.NOT_EXPIRED, f"expired {_text(times.expires_at)}, and still active"


def _placed(idle: timedelta, ttl_seconds: int | None, rules: Rules) -> Iterator[tuple[Wrong, str]]:
    """Yield a fault where the timeout is not as long after the last activity as it should be."""
    if ttl_seconds:
        later = idle - timedelta(seconds=ttl_seconds)
        # A turn moves the timeout on until it has ended.
        wrong = not -rules.tolerance <= later <= max(rules.tolerance, _TURN_ALLOWANCE)
        wanted = f"{ttl_seconds} s"
    else:
        # By the default at the time of its last activity, which is unknown; none is negative.
        wrong, wanted = idle < -rules.tolerance, "some time"
    if wrong:
        seconds = round(idle.total_seconds(), 3)
        yield Wrong.TIMEOUT_MISPLACED, f"expires {seconds} s after its last activity, not {wanted}"


def _archived(times: StoredTimes, rules: Rules) -> Iterator[tuple[Wrong, str]]:
    if times.expires_at is not None:
        yield Wrong.ARCHIVED_WITH_TIMEOUT, f"archived, yet expires {_text(times.expires_at)}"
    if times.archived_at is None:
        yield Wrong.ARCHIVED_WITHOUT_TIME, "archived at an unknown time, so it is never purged"
        return
    if (
        rules.archived_by is not None
        and times.archived_at <= rules.archived_by
        and not times.legal_hold
    ):
        yield Wrong.NOT_PURGED, f"archived {_text(times.archived_at)}, past its retention"


def of_another_default(times: StoredTimes, rules: Rules) -> bool:
    """Whether an active session's timeout comes from a default other than today's."""
    if times.status != Status.ACTIVE.value or times.ttl_seconds is not None:
        return False
    if times.updated_at is None or not times.expires_at or not rules.default_ttl_seconds:
        return bool(times.expires_at) != bool(rules.default_ttl_seconds)
    default = timedelta(seconds=rules.default_ttl_seconds)
    return abs(times.expires_at - times.updated_at - default) > rules.tolerance


def check_receipt(receipt: Receipt, tolerance: timedelta) -> Iterator[Finding]:
    """Yield a fault where a sweep's record says that it ended a session before its time."""
    # Counted by the sweep itself: afterwards the sessions are gone.
    for latest, by in (
        (receipt.latest_expiry, receipt.cutoff),
        (receipt.latest_archival, receipt.retention_cutoff),
    ):
        if latest is not None and (by is None or latest > by):
            detail = f"ended what was due {_text(latest)} in a sweep of {by and _text(by)}"
            yield Finding(Wrong.ENDED_TOO_EARLY, receipt.sweep_id, detail)
    # A sweep that was killed has no end; its start is the latest known time.
    ends = receipt.finished_at or receipt.started_at
    if receipt.cutoff > ends + tolerance:
        detail = f"went by {_text(receipt.cutoff)} at {_text(ends)}"
        yield Finding(Wrong.SWEPT_BY_A_FAST_CLOCK, receipt.sweep_id, detail)


@dataclass(frozen=True, slots=True)
class ClockReading:
    """How far a server's clock is ahead of this machine's, plus or minus `uncertainty`."""

    server: str
    ahead: timedelta
    uncertainty: timedelta


def check_clock(reading: ClockReading, tolerance: timedelta) -> Iterator[Finding]:
    """Yield a fault where a clock differs by more than `tolerance` and the reading's error."""
    # A slow answer makes a reading uncertain, not a clock wrong.
    if abs(reading.ahead) - reading.uncertainty > tolerance:
        seconds = round(reading.ahead.total_seconds(), 3)
        detail = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} this machine's clock"
        yield Finding(Wrong.CLOCKS_DISAGREE, reading.server, detail)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")

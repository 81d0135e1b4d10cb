"""Proving that what should be gone is gone, that nothing else is, and that clocks agree."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from sessions_app.domain import audit
from sessions_app.domain.audit.expiry import (
    ClockReading,
    Finding,
    Receipt,
    Rules,
    StoredTimes,
    Wrong,
)
from sessions_app.domain.data import Status
from sessions_app.repository import audits, clocks, expiry
from sessions_app.repository.belongings import OF_SESSIONS

# Called with how many documents have been looked at since the last call.
Progress = Callable[[int], None]

# What workers' clocks, and the times between a decision and its write, may differ by.
TOLERANCE = timedelta(seconds=60)
CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(slots=True)
class Audited:
    """What an audit has seen so far. `notes` counts what is not wrong but good to know."""

    sessions: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    belongings: int = 0
    sweeps: int = 0
    last_sweep: Receipt | None = None
    clocks: list[ClockReading] = field(default_factory=list)


def audit_count() -> int:
    """About how many documents an audit will go through."""
    return audits.integrity.count_sessions() + expiry.audit.count_belongings()


def expiry_audit_run(
    seen: Audited, *, now: datetime, grace: timedelta, progress: Progress
) -> Iterator[Finding]:
    """Yield what is wrong, as it is found, and fill `seen`.

    A session may be overdue by `grace` where no sweep has got through since it expired. May run
    beside a live service and its sweeps: what looks wrong is read again, and counts only when it
    is still so.
    """
    seen.last_sweep = expiry.audit.last_complete()
    goes_by = audit.expiry.rules(
        now=now,
        grace=grace,
        last=seen.last_sweep,
        retention_days=settings.ARCHIVE_RETENTION_DAYS,
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
        tolerance=TOLERANCE,
    )
    yield from _clocks(seen)
    yield from _receipts(seen, now)
    yield from _sessions(seen, goes_by, progress)
    yield from _orphans(seen, progress)


def _clocks(seen: Audited) -> Iterator[Finding]:
    seen.clocks = clocks.readings()
    for reading in seen.clocks:
        yield from audit.expiry.check_clock(reading, CLOCK_TOLERANCE)


def _receipts(seen: Audited, now: datetime) -> Iterator[Finding]:
    for receipt in expiry.audit.receipts():
        seen.sweeps += 1
        if receipt.finished_at is None and receipt.started_at < now - timedelta(hours=1):
            seen.notes["sweeps_cut_short"] += 1
        yield from audit.expiry.check_receipt(receipt, TOLERANCE)


def _sessions(seen: Audited, goes_by: Rules, progress: Progress) -> Iterator[Finding]:
    after = ""
    while page := expiry.audit.times_page(after):
        suspects: dict[str, list[Finding]] = {}
        for times in page:
            seen.sessions[str(times.status)] += 1
            _note(seen, times, goes_by)
            if found := list(audit.expiry.check(times, goes_by)):
                suspects[times.session_id] = found
        for times in expiry.audit.times_of(list(suspects)) if suspects else ():
            again = set(audit.expiry.check(times, goes_by))
            yield from (each for each in suspects[times.session_id] if each in again)
        progress(len(page))
        after = page[-1].session_id


def _note(seen: Audited, times: StoredTimes, goes_by: Rules) -> None:
    expired = times.expires_at is not None and times.expires_at <= goes_by.now
    if times.legal_hold:
        seen.notes["held"] += 1
        seen.notes["held_past_their_end"] += expired or (
            goes_by.archived_by is not None
            and times.archived_at is not None
            and times.archived_at <= goes_by.archived_by
        )
    if expired and times.status == Status.ACTIVE.value:
        seen.notes["expired_not_swept"] += 1
    seen.notes["of_another_default"] += audit.expiry.of_another_default(times, goes_by)


def _orphans(seen: Audited, progress: Progress) -> Iterator[Finding]:
    def advance(done: int) -> None:
        seen.belongings += done
        progress(done)

    for damage in OF_SESSIONS:
        for document_id, session_id in audits.integrity.orphans(damage, advance):
            if expiry.audit.is_orphan(damage, document_id, session_id):
                yield Finding(Wrong.ORPHAN, session_id, f"{damage.value}: {document_id}")

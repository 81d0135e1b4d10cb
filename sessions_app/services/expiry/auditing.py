"""Audits expiry: everything due has ended, nothing else has, and the clocks agree."""

from collections import Counter
from collections.abc import Iterator
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
from sessions_app.repository.belongings import WITH_SESSIONS
from sessions_app.services.progress import Progress

# The allowed difference between workers' clocks, and between a decision and its write.
TOLERANCE = timedelta(seconds=60)
CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(slots=True)
class AuditProgress:
    """The counts of an audit so far. `notes` counts what is no fault but worth knowing."""

    sessions: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    belongings: int = 0
    sweeps: int = 0
    last_sweep: Receipt | None = None
    clocks: list[ClockReading] = field(default_factory=list)


def audit_count() -> int:
    """An estimate of the documents that an audit reads."""
    return audits.integrity.count_sessions() + expiry.audit.count_belongings()


def expiry_audit_run(
    audit_progress: AuditProgress, *, now: datetime, grace: timedelta, progress: Progress
) -> Iterator[Finding]:
    """Yield faults as they are found, and count in `audit_progress`.

    A session may be overdue by `grace` where no sweep has completed since it expired. Safe beside a
    live service and its sweeps: a fault counts only when a second reading shows it again.
    """
    audit_progress.last_sweep = expiry.audit.last_complete()
    goes_by = audit.expiry.rules(
        now=now,
        grace=grace,
        last=audit_progress.last_sweep,
        retention_days=settings.ARCHIVE_RETENTION_DAYS,
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
        tolerance=TOLERANCE,
    )
    # First: with clocks that differ, the other findings mean little.
    yield from _clocks(audit_progress)
    yield from _receipts(audit_progress, now)
    yield from _sessions(audit_progress, goes_by, progress)
    yield from _orphans(audit_progress, progress)


def _clocks(audit_progress: AuditProgress) -> Iterator[Finding]:
    audit_progress.clocks = clocks.readings()
    for reading in audit_progress.clocks:
        yield from audit.expiry.check_clock(reading, CLOCK_TOLERANCE)


def _receipts(audit_progress: AuditProgress, now: datetime) -> Iterator[Finding]:
    for receipt in expiry.audit.receipts():
        audit_progress.sweeps += 1
        if receipt.finished_at is None and receipt.started_at < now - timedelta(hours=1):
            audit_progress.notes["sweeps_cut_short"] += 1
        yield from audit.expiry.check_receipt(receipt, TOLERANCE)


def _sessions(
    audit_progress: AuditProgress, goes_by: Rules, progress: Progress
) -> Iterator[Finding]:
    after = ""
    while page := expiry.audit.times_page(after):
        suspects: dict[str, list[Finding]] = {}
        for times in page:
            audit_progress.sessions[str(times.status)] += 1
            _note(audit_progress, times, goes_by)
            if findings := list(audit.expiry.check(times, goes_by)):
                suspects[times.session_id] = findings
        # A turn, a sweep or a deletion may have changed the session between the two reads.
        for times in expiry.audit.times_of(list(suspects)) if suspects else ():
            again = set(audit.expiry.check(times, goes_by))
            yield from (each for each in suspects[times.session_id] if each in again)
        progress(len(page))
        after = page[-1].session_id


def _note(audit_progress: AuditProgress, times: StoredTimes, goes_by: Rules) -> None:
    expired = times.expires_at is not None and times.expires_at <= goes_by.now
    if times.legal_hold:
        audit_progress.notes["held"] += 1
        audit_progress.notes["held_past_their_end"] += expired or (
            goes_by.archived_by is not None
            and times.archived_at is not None
            and times.archived_at <= goes_by.archived_by
        )
    if expired and times.status == Status.ACTIVE.value:
        audit_progress.notes["expired_not_swept"] += 1
    audit_progress.notes["of_another_default"] += audit.expiry.of_another_default(times, goes_by)


def _orphans(audit_progress: AuditProgress, progress: Progress) -> Iterator[Finding]:
    def advance(done: int) -> None:
        audit_progress.belongings += done
        progress(done)

    for damage in WITH_SESSIONS:
        for document_id, session_id in audits.integrity.orphans(damage, advance):
            # Read again: the session may have been deleted meanwhile, with its documents.
            if expiry.audit.is_orphan(damage, document_id, session_id):
                yield Finding(Wrong.ORPHAN, session_id, f"{damage.value}: {document_id}")

"""Checks the invariants of stored data, and repairs what can be repaired."""

from collections.abc import Iterator
from dataclasses import dataclass

from sessions_app.domain import audit
from sessions_app.domain.audit.integrity import Finding
from sessions_app.repository import audits
from sessions_app.repository.belongings import WITH_SESSIONS
from sessions_app.services.progress import Progress


@dataclass(frozen=True, slots=True)
class CheckedFinding:
    """A finding, and whether it has been repaired."""

    finding: Finding
    repaired: bool


def integrity_check(*, repair: bool, progress: Progress) -> Iterator[CheckedFinding]:
    """Check every session and every bucket; yield findings as they are made.

    Reads one session at a time. Safe beside a live service: a finding counts only when a second
    reading shows it again.
    """
    last = ""
    while ids := audits.integrity.session_ids(last):
        for session_id in ids:
            yield from _check_session(session_id, repair=repair)
            progress(1)
        last = ids[-1]
    # What belongs to sessions that are gone, which the loop above cannot meet.
    for damage in WITH_SESSIONS:
        for document_id, session_id in audits.integrity.orphans(damage):
            if repair:
                audits.integrity.delete_orphan(damage, document_id, session_id)
            yield CheckedFinding(Finding(session_id, damage, document_id), repaired=repair)


def _check_session(session_id: str, *, repair: bool) -> Iterator[CheckedFinding]:
    findings = _confirmed(session_id)
    if repair and any(finding.repairable for finding in findings):
        _repair(session_id)
        # Read again: only what is gone counts as repaired.
        left = {finding.damage for finding in _confirmed(session_id)}
    else:
        left = {finding.damage for finding in findings}
    for finding in findings:
        yield CheckedFinding(finding, repaired=finding.damage not in left)


def _confirmed(session_id: str) -> list[Finding]:
    """The findings of two readings: a write may have been half visible to one of them."""
    first = _findings(session_id)
    return [finding for finding in _findings(session_id) if finding in first] if first else []


def _findings(session_id: str) -> list[Finding]:
    stored = audits.integrity.read(session_id)
    return audit.integrity.check(stored) if stored else []


def _repair(session_id: str) -> None:
    stored = audits.integrity.read(session_id)
    if stored is not None and any(run.is_mendable for run in (*stored.buckets, stored.tail)):
        # First, since it changes the counts that are repaired below.
        audits.integrity.mend_messages(stored)
        stored = audits.integrity.read(session_id)
    if stored is None:
        return
    for run in stored.buckets:
        if (run.declared_last_seq, run.declared_tokens) != (run.last_seq, run.token_count):
            audits.integrity.write_bucket_counts(session_id, run)
    audits.integrity.write_counts(stored)

"""Checks the invariants of stored data, and repairs what can be repaired."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, repeat
from multiprocessing import get_context
from typing import Any, Protocol

import django

from sessions_app import clock
from sessions_app.domain import audit
from sessions_app.domain.audit.integrity import Damage, Finding
from sessions_app.repository import audits
from sessions_app.repository.belongings import WITH_SESSIONS
from sessions_app.services.audits.attachments import CheckedFinding, check_attachments
from sessions_app.services.progress import Progress
from sessions_app.services.walks import FULL, Pace

# Sessions between two savings of the progress, and in one query.
_STEP = 2_000
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sessions to check: those with activity `since`, at most `limit` in one run."""

    since: datetime | None = None
    limit: int | None = None

    def key(self, *, repair: bool) -> str:
        """The name under which the progress of such a check is kept."""
        since = self.since.isoformat() if self.since else "beginning"
        return f"check_integrity since {since}{' with repair' if repair else ''}"


class IntegrityCheck:
    """One check of all sessions, in steps; what a stopped one has done, the next does not repeat.

    Safe beside a live service: a finding counts only when a second reading shows it again. With
    `processes`, so many work at a time; each has Django and a connection of its own. Each works
    `share` percent of the time.
    """

    def __init__(
        self,
        *,
        repair: bool,
        selection: Selection | None = None,
        processes: int = 1,
        share: int = FULL,
    ) -> None:
        self._share = share
        self._repair, self._selection = repair, selection or Selection()
        self._processes = processes
        # Another process can send a whole list only; here each finding is told as it is made.
        here = processes == 1
        self._step: Any = _check_step if here else _whole_step
        self._orphans: Any = _check_orphans if here else _whole_orphans
        self._key = self._selection.key(repair=repair)
        self.reached = audits.integrity.progress(self._key) or audits.integrity.Progress()
        # Of an earlier run, which has told its findings.
        self.before = self.reached
        self.complete = False

    def restart(self) -> None:
        """Begin at the first session, whatever an earlier run has done."""
        audits.integrity.forget_progress(self._key)
        self.reached = self.before = audits.integrity.Progress()

    def run(self, progress: Progress) -> Iterator[CheckedFinding]:
        """Check; yield the findings as they are made."""
        with self._pool() as pool:
            for ids, findings in self._steps(pool):
                left = 0
                for each in findings:
                    yield each
                    left += not each.repaired
                self.reached = audits.integrity.Progress(
                    ids[-1], self.reached.checked + len(ids), self.reached.unrepaired + left
                )
                audits.integrity.save_progress(self._key, self.reached, now=clock.now())
                progress(len(ids))
            if self._limit_is_reached:
                return
            # What belongs to sessions that are gone, which the steps cannot meet.
            for orphans in pool.map(self._orphans, WITH_SESSIONS, repeat(self._repair)):
                yield from orphans
            yield from check_attachments(repair=self._repair)
        audits.integrity.forget_progress(self._key)
        self.complete = True

    @property
    def _limit_is_reached(self) -> bool:
        limit = self._selection.limit
        return limit is not None and self.reached.checked - self.before.checked >= limit

    def _pool(self) -> "AbstractContextManager[_Pool]":
        if self._processes == 1:
            return nullcontext(_Here())
        return ProcessPoolExecutor(
            self._processes, mp_context=get_context("spawn"), initializer=django.setup
        )

    def _steps(self, pool: "_Pool") -> Iterator[tuple[list[str], Iterable[CheckedFinding]]]:
        """The steps, in order, each with its findings; as many at a time as there are processes."""
        ids_of_steps = self._ids()
        while group := list(islice(ids_of_steps, 4 * self._processes)):
            yield from zip(
                group,
                pool.map(self._step, group, repeat(self._repair), repeat(self._share)),
                strict=True,
            )

    def _ids(self) -> Iterator[list[str]]:
        left = self._selection.limit
        after = self.reached.after
        for ids in self._pages(after):
            chosen = ids if left is None else ids[:left]
            if chosen:
                yield chosen
            left = None if left is None else left - len(chosen)
            if left == 0:
                return

    def _pages(self, after: str) -> Iterator[list[str]]:
        if self._selection.since is not None:
            ids = audits.integrity.active_session_ids(self._selection.since)
            ids = ids[bisect_right(ids, after) :]
            yield from (ids[n : n + _STEP] for n in range(0, len(ids), _STEP))
            return
        while page := audits.integrity.session_ids(after, limit=_STEP):
            yield page
            after = page[-1]


class _Pool(Protocol):
    """What does the steps: other processes, or this one."""

    def map(self, work: Any, /, *arguments: Any) -> Iterator[Any]: ...


class _Here:
    def map(self, work: Any, /, *arguments: Any) -> Iterator[Any]:
        return map(work, *arguments)


def integrity_check(
    *, repair: bool, progress: Progress, selection: Selection | None = None
) -> Iterator[CheckedFinding]:
    """Check every session and every bucket, from the first on; yield findings as they are made."""
    check = IntegrityCheck(repair=repair, selection=selection)
    check.restart()
    return check.run(progress)


def _whole_step(ids: Sequence[str], repair: bool, share: int) -> list[CheckedFinding]:
    return list(_check_step(ids, repair, share))


def _check_step(ids: Sequence[str], repair: bool, share: int) -> Iterator[CheckedFinding]:
    pace = Pace(share)
    for first in range(0, len(ids), _BATCH):
        for stored in audits.integrity.read_many(ids[first : first + _BATCH]):
            # Almost all sessions are whole: only a suspicion is looked at by itself.
            if audit.integrity.check(stored):
                yield from _check_session(stored.session_id, repair=repair)
        pace.rest()


def _whole_orphans(damage: Damage, repair: bool) -> list[CheckedFinding]:
    return list(_check_orphans(damage, repair))


def _check_orphans(damage: Damage, repair: bool) -> Iterator[CheckedFinding]:
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

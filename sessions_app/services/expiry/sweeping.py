"""Sweeps: archives or deletes expired sessions, and purges archives past their retention."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from sessions_app import clock, tracing
from sessions_app.domain.data import SessionPage, SessionPosition
from sessions_app.domain.limits import SWEEP_BATCH
from sessions_app.domain.sessions import expiry, lifecycle
from sessions_app.domain.sessions.expiry import Due, Exemption, ExpiryMode, Fate, Preview
from sessions_app.repository import clocks
from sessions_app.repository import expiry as expiry_store
from sessions_app.services import attachments, identity, quotas
from sessions_app.services.progress import Progress

# Called between batches: whether to stop.
Stopped = Callable[[], bool]

# A batch that conflicts with another writer is tried again for this long. MongoDB keeps the
# transaction of a killed process open for 60 s (transactionLifetimeLimitSeconds), so longer.
_PATIENCE_SECONDS = 90.0
_LONGEST_WAIT = 2.0
# The most sessions per second, and the share of time that a sweep works: the rest is for appends,
# which would wait if archiving went at full speed.
_PER_SECOND = 2_150
_BUSY_SHARE = 0.95
# One batch in so many waits for a majority, so that a sweep does not outrun the secondaries.
_DURABLE_EVERY = 32


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The plan of a sweep: what is due, and how it ends."""

    mode: ExpiryMode
    cutoff: datetime
    retention: timedelta
    retention_cutoff: datetime | None

    @property
    def fates(self) -> list[Fate]:
        """What may become of a session that is due; a temporary one is deleted in any mode."""
        expired = [Fate.DELETED]
        if self.mode is ExpiryMode.ARCHIVE:
            expired.insert(0, Fate.ARCHIVED)
        return [*expired, *([Fate.PURGED] if self.retention_cutoff is not None else [])]

    def as_json(self) -> dict[str, Any]:
        """The mode, the cutoff and the retention as JSON values."""
        return {
            "mode": self.mode.value,
            "cutoff": self.cutoff.isoformat(timespec="milliseconds"),
            "retention_days": self.retention.days,
        }


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of a sweep. `complete` says that nothing due is left but exempt sessions."""

    sweep_id: str
    plan: SweepPlan
    counts: Mapping[str, int]
    exempt: Mapping[str, int]
    complete: bool

    def as_json(self) -> dict[str, Any]:
        """The plan, the counts and the exempt sessions as JSON values."""
        return {
            "sweep_id": self.sweep_id,
            **self.plan.as_json(),
            **{fate.value: self.counts.get(fate.value, 0) for fate in Fate},
            **{exemption.value: self.exempt.get(exemption.value, 0) for exemption in Exemption},
            "complete": self.complete,
        }


def expiry_plan(*, mode: ExpiryMode | None, now: datetime) -> SweepPlan:
    """Plan a sweep of what is due at `now`, or at MongoDB's time if that is earlier.

    `mode` None is EXPIRY_MODE. The earlier of the two clocks decides, so that a clock that is ahead
    ends no session too early.
    """
    cutoff = expiry.cutoff_of(
        now=lifecycle.to_milliseconds(now),
        server_time=lifecycle.to_milliseconds(clocks.server_time()),
    )
    days = settings.ARCHIVE_RETENTION_DAYS
    return SweepPlan(
        mode=mode or ExpiryMode(settings.EXPIRY_MODE),
        cutoff=cutoff,
        retention=timedelta(days=days),
        retention_cutoff=expiry.retention_cutoff(cutoff=cutoff, retention_days=days),
    )


def expiry_count(plan: SweepPlan) -> int:
    """The number of sessions that a sweep will look at."""
    count = expiry_store.sweeps.count_expired(plan.cutoff)
    if plan.retention_cutoff is not None:
        count += expiry_store.sweeps.count_archived(plan.retention_cutoff)
    return count


def expiry_preview(plan: SweepPlan, *, limit: int | None, progress: Progress) -> Preview:
    """Count what a sweep by `plan` would do now; changes nothing."""
    preview = Preview()
    left = limit
    for fate in plan.fates:
        for due in _at_most(_due(plan, fate), left):
            preview.add(due, fate, now=plan.cutoff)
            progress(1)
        # Expired sessions first, then old archives, as a sweep ends them.
        left = None if limit is None else limit - preview.totals.total()
    return preview


@tracing.step
def expiry_sweep(
    plan: SweepPlan,
    *,
    limit: int | None,
    progress: Progress,
    now: Callable[[], datetime],
    batch_size: int = SWEEP_BATCH,
    stopped: Stopped = lambda: False,
) -> Swept:
    """End every session that is due by `plan`, up to `limit`.

    Safe to stop anywhere, to run again, and to run several at once: each session ends once, and
    the counts of the sweeps add up. `now` is called for the times on the receipt.
    """
    sweep_id = identity.new_session_id()
    expiry_store.sweeps.begin(
        sweep_id=sweep_id,
        mode=plan.mode,
        started_at=now(),
        cutoff=plan.cutoff,
        retention_cutoff=plan.retention_cutoff,
    )
    sweep = _Sweep(sweep_id, plan, limit, progress, batch_size, stopped)
    # Each is carried out: old archives are purged even where expired sessions are left.
    none_left = [sweep.carry_out(fate) for fate in plan.fates]
    complete = all(none_left)
    exempt = {exemption.value: sweep.exempt[exemption.value] for exemption in Exemption}
    counts = expiry_store.sweeps.finish(sweep_id, now=now(), complete=complete, exempt=exempt)
    return Swept(sweep_id, plan, counts, exempt, complete)


@tracing.step
def session_list_expiring(
    *,
    user_id: str,
    within_seconds: int,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
    now: datetime,
) -> SessionPage:
    """A page of the user's sessions that expire within `within_seconds`, soonest first."""
    return expiry_store.expiring.expiring_page(
        user_id=user_id,
        after=now,
        until=now + timedelta(seconds=within_seconds),
        limit=limit,
        position=position,
        backwards=backwards,
    )


def _due(plan: SweepPlan, fate: Fate) -> Iterator[Due]:
    if fate is Fate.PURGED:
        assert plan.retention_cutoff is not None  # noqa: S101 - see `SweepPlan.fates`
        return expiry_store.sweeps.past_retention(plan.retention_cutoff, plan.retention)
    return expiry_store.sweeps.expired(plan.cutoff, plan.mode, fate)


def _at_most(candidates: Iterable[Due], limit: int | None) -> Iterator[Due]:
    """Yield sessions until `limit` of them were not exempt."""
    left = limit
    for due in candidates:
        if left == 0 and limit is not None:
            return
        yield due
        if left is not None and due.exemption is None:
            left -= 1


class _Sweep:
    """A sweep in progress."""

    def __init__(
        self,
        sweep_id: str,
        plan: SweepPlan,
        limit: int | None,
        progress: Progress,
        batch_size: int,
        stopped: Stopped,
    ) -> None:
        self._id, self._plan, self._limit = sweep_id, plan, limit
        self._progress, self._batch_size, self._stopped = progress, batch_size, stopped
        self.counts: Counter[str] = Counter()
        self.exempt: Counter[str] = Counter()

    def carry_out(self, fate: Fate) -> bool:
        """End the sessions that are due for `fate`; returns whether none is left."""
        wait, waited = 0.05, 0.0
        self._pass(fate, first=True)
        while not self._stopped():
            if all(due.exemption for due in _due(self._plan, fate)):
                return True
            if self._left == 0 or waited > _PATIENCE_SECONDS:
                return False
            waited += wait
            time.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - so that sweepers part
            wait = min(2 * wait, _LONGEST_WAIT)
            self._pass(fate, first=False)
        return False

    @property
    def _left(self) -> int | None:
        return None if self._limit is None else self._limit - self.counts.total()

    def _pass(self, fate: Fate, *, first: bool) -> None:
        exempt: Counter[str] = Counter()
        opened = expiry.batches(self._open(fate, exempt), self._batch_size)
        due = time.monotonic()
        for number, batch in enumerate(opened, 1):
            if self._stopped():
                break
            started = time.monotonic()
            ids = [due.session_id for due in batch]
            try:
                self.counts[fate.value] += self._end(
                    fate, ids, durable=number % _DURABLE_EVERY == 0
                )
            # Left to the next pass, by when the other writer is done.
            except expiry_store.sweeps.Contended:
                continue
            if fate is not Fate.ARCHIVED:
                quotas.doubt([*{due.user_id for due in batch}])
            self._progress(len(batch))
            due = max(due + len(batch) / _PER_SECOND, started)
            ended = time.monotonic()
            time.sleep(max(due - ended, (ended - started) * (1 - _BUSY_SHARE) / _BUSY_SHARE))
        expiry_store.sweeps.settle(self._id)
        if fate is not Fate.ARCHIVED:
            attachments.remove_unused(user_id=None, now=clock.now())
        # Later passes meet the same exempt sessions again.
        if first:
            self.exempt += exempt
            self._progress(exempt.total())

    def _open(self, fate: Fate, exempt: Counter[str]) -> Iterator[Due]:
        for due in _at_most(_due(self._plan, fate), self._left):
            if due.exemption is None:
                yield due
            else:
                exempt[due.exemption.value] += 1

    def _end(self, fate: Fate, session_ids: list[str], *, durable: bool) -> int:
        cutoff, until = self._plan.cutoff, self._plan.retention_cutoff
        if fate is Fate.ARCHIVED:
            return expiry_store.sweeps.archive(
                self._id, session_ids, cutoff=cutoff, durable=durable
            )
        if fate is Fate.DELETED:
            return expiry_store.sweeps.delete(self._id, session_ids, cutoff=cutoff, durable=durable)
        assert until is not None  # noqa: S101 - see `SweepPlan.fates`
        return expiry_store.sweeps.purge(self._id, session_ids, until=until, durable=durable)

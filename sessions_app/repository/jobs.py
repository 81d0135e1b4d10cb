"""Jobs: claimed by one process at a time, by a lease; how each stands, and its history.

A lease begins, is renewed and ends by MongoDB's clock, as those of turns do. Updates are pipelines,
which know that clock and which querysets do not have, so they go by the driver.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pymongo
from pymongo import ReturnDocument

from sessions_app import clock
from sessions_app.documents import Job, JobRun, collection, versions
from sessions_app.documents.base import Stored
from sessions_app.domain import jobs
from sessions_app.domain.jobs import Outcome
from sessions_app.domain.limits import JOB_ERROR_MAX_CHARS
from sessions_app.repository import failures

LEASE_SECONDS = 60
_LOOK_SECONDS = 1.0

# What is there already keeps its version, as with `$setOnInsert`, which a pipeline does not have.
_VERSION: Stored = {
    versions.NAME: {"$cond": [{"$gt": ["$next_at", None]}, f"${versions.NAME}", versions.CURRENT]}
}
_HELD: Stored = {"$gt": ["$lease_until", "$$NOW"]}
_DUE: Stored = {"$lte": ["$next_at", "$$NOW"]}


class Claim(NamedTuple):
    """A job that this process runs, from where the last run stopped."""

    name: str
    owner: str
    position: str


@failures.translated
def schedule(name: str, *, first_seconds: int, every_seconds: int) -> None:
    """Enter a job that is new; bring its next run forward where the interval has become shorter."""
    first = {"$ifNull": ["$next_at", _in(first_seconds)]}
    collection(Job).update_one(
        {"_id": name},
        [{"$set": {"next_at": {"$min": [first, _in(every_seconds)]}, **_VERSION}}],
        upsert=True,
    )


@failures.translated
def due(names: Sequence[str]) -> list[str]:
    """Those of the jobs that are due and that nobody runs, the longest due first."""
    wanted = {"_id": {"$in": list(names)}, "$expr": {"$and": [_DUE, {"$not": [_HELD]}]}}
    stored = collection(Job).find(wanted, {"next_at": 1})
    return [job["_id"] for job in sorted(stored, key=lambda job: job["next_at"])]


@failures.translated
def claim(name: str, *, owner: str, whenever: bool = False) -> Claim | None:
    """Take a job that is due; None where another process has it, or was first.

    `whenever` takes it before it is due, too. A run that was killed enters the history as lost.
    """
    guard = {"$not": [_HELD]} if whenever else {"$and": [_DUE, {"$not": [_HELD]}]}
    before = collection(Job).find_one_and_update(
        {"_id": name, "$expr": guard},
        [
            {
                "$set": {
                    "owner": {"$literal": owner},
                    "lease_until": _in(LEASE_SECONDS),
                    "claimed_at": "$$NOW",
                }
            }
        ],
        return_document=ReturnDocument.BEFORE,
    )
    if before is None:
        return None
    if "owner" in before:
        _enter_lost(before)
    return Claim(name, owner, before.get("position", ""))


@failures.translated
def renew(claimed: Claim, *, position: str) -> bool:
    """Keep the lease, and where the run is; False when another process has taken the job."""
    changed = collection(Job).update_one(
        {"_id": claimed.name, "owner": claimed.owner},
        [{"$set": {"lease_until": _in(LEASE_SECONDS), "position": {"$literal": position}}}],
    )
    return bool(changed.matched_count)


@failures.translated
def finish(
    claimed: Claim,
    *,
    outcome: Outcome,
    counts: Mapping[str, int],
    error: str | None,
    position: str,
    wait_seconds: int,
) -> jobs.JobRun | None:
    """Give the job up and enter the run into its history; None when the lease was lost."""
    failed = outcome is Outcome.FAILED
    error = None if error is None else error[:JOB_ERROR_MAX_CHARS]
    values: Stored = {
        "started_at": "$claimed_at",
        "ended_at": "$$NOW",
        "next_at": _in(wait_seconds),
        "outcome": outcome.value,
        "counts": {"$literal": dict(counts)},
        "error": {"$literal": error} if error else "$$REMOVE",
        "ran_by": "$owner",
        "position": {"$literal": position},
        "runs": _grown("runs", 1),
        "failures": _grown("failures", int(failed)),
        **{f"totals.{name}": _grown(f"totals.{name}", number) for name, number in counts.items()},
        "owner": "$$REMOVE",
        "lease_until": "$$REMOVE",
        "claimed_at": "$$REMOVE",
    }
    if outcome is Outcome.DONE:
        values["succeeded_at"] = "$$NOW"
    after = collection(Job).find_one_and_update(
        {"_id": claimed.name, "owner": claimed.owner},
        [{"$set": values}],
        return_document=ReturnDocument.AFTER,
    )
    if after is None:
        return None
    run = _last(after)
    if run is not None:
        _enter(run)
    return run


@failures.translated
def states() -> list[jobs.JobState]:
    """How all jobs stand, in the order of their names."""
    known = Job.objects(pk__in=[name.value for name in jobs.JobName])
    # A probe asks, which has to answer in time.
    with pymongo.timeout(_LOOK_SECONDS):
        return [_state(stored) for stored in known.order_by("pk").as_pymongo()]


@failures.translated
def history(*, limit: int) -> list[jobs.JobRun]:
    """The newest runs of all jobs."""
    newest = JobRun.objects.order_by("-started_at").limit(limit)
    return [_run(stored) for stored in newest.as_pymongo()]


def _enter_lost(before: Stored) -> None:
    """The process that had the job has ended without a word, or has stood still for long."""
    lost = jobs.JobRun(
        job=before["_id"],
        started_at=before["claimed_at"],
        ended_at=before["lease_until"],
        outcome=Outcome.LOST,
        owner=before["owner"],
        error="the process that ran it has ended or hung",
    )
    _enter(lost)
    known: Stored = {
        "outcome": lost.outcome.value,
        "started_at": lost.started_at,
        "ended_at": lost.ended_at,
        "ran_by": lost.owner,
        "error": lost.error,
        "counts": {},
    }
    collection(Job).update_one(
        {"_id": lost.job}, {"$set": known, "$inc": {"runs": 1, "failures": 1}}
    )


def _enter(run: jobs.JobRun) -> None:
    JobRun(
        run_id=str(clock.uuid7()),
        job=run.job,
        owner=run.owner,
        started_at=run.started_at,
        ended_at=run.ended_at,
        outcome=run.outcome.value,
        counts=dict(run.counts),
        error=run.error,
    ).save(force_insert=True)


def _state(stored: Stored) -> jobs.JobState:
    return jobs.JobState(
        name=stored["_id"],
        next_at=stored["next_at"],
        lease_until=stored.get("lease_until"),
        last=_last(stored),
        succeeded_at=stored.get("succeeded_at"),
        runs=stored.get("runs", 0),
        failures=stored.get("failures", 0),
        totals=stored.get("totals", {}),
    )


def _last(stored: Stored) -> jobs.JobRun | None:
    if "ended_at" not in stored:
        return None
    return _run(stored | {"job": stored["_id"], "owner": stored["ran_by"]})


def _run(stored: Stored) -> jobs.JobRun:
    return jobs.JobRun(
        job=stored["job"],
        started_at=stored["started_at"],
        ended_at=stored["ended_at"],
        outcome=Outcome(stored["outcome"]),
        owner=stored["owner"],
        counts=stored.get("counts", {}),
        error=stored.get("error"),
    )


def _in(seconds: int) -> Stored:
    return {"$add": ["$$NOW", seconds * 1_000]}


def _grown(name: str, number: int) -> dict[str, Any]:
    return {"$add": [{"$ifNull": [f"${name}", 0]}, number]}

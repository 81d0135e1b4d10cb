"""Jobs by schedule: how each stands, with its lease, and the history of its runs."""

from typing import Any, ClassVar

from mongoengine import DateTimeField, DictField, LongField, StringField

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.domain import limits
from sessions_app.domain.jobs import JobName, Outcome

_NAMES = [name.value for name in JobName]
_OUTCOMES = [outcome.value for outcome in Outcome]


class Job(StoredDocument):
    """A job: when it is due, whose it is meanwhile, and how its last run ended."""

    name = StringField(primary_key=True, choices=_NAMES)
    next_at = DateTimeField(required=True)
    # The lease: one process runs a job at a time. All times are by MongoDB's clock.
    owner = IdentifierField(max_length=200)
    lease_until = DateTimeField()
    claimed_at = DateTimeField()
    # The last run that has ended.
    started_at = DateTimeField()
    ended_at = DateTimeField()
    succeeded_at = DateTimeField()
    outcome = StringField(choices=_OUTCOMES)
    counts = DictField()
    error = StringField(max_length=limits.JOB_ERROR_MAX_CHARS)
    # Who ran it last.
    ran_by = IdentifierField(max_length=200)
    # Where the next run goes on, in a walk over all sessions.
    position = IdentifierField(max_length=200)
    # Sums over all runs, for counters that never fall.
    runs = LongField(min_value=0)
    failures = LongField(min_value=0)
    totals = DictField()

    COLLECTION: ClassVar[str] = "jobs"
    meta: ClassVar[dict[str, Any]] = {"collection": COLLECTION}


class JobRun(StoredDocument):
    """One run of a job. MongoDB deletes it after 30 days."""

    run_id = IdentifierField(primary_key=True, max_length=36)
    job = StringField(required=True, choices=_NAMES)
    owner = IdentifierField(required=True, max_length=200)
    started_at = DateTimeField(required=True)
    ended_at = DateTimeField(required=True)
    outcome = StringField(required=True, choices=_OUTCOMES)
    counts = DictField()
    error = StringField(max_length=limits.JOB_ERROR_MAX_CHARS)

    COLLECTION: ClassVar[str] = "job_runs"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            {
                # the newest runs; and MongoDB's own deletion of old ones
                "name": "started_at_ttl",
                "fields": ["started_at"],
                "expireAfterSeconds": limits.JOB_RUNS_KEPT_SECONDS,
            }
        ],
    }

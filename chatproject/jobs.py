"""The schedule: which jobs there are, and how often each runs."""

from collections.abc import Mapping

from django.conf import settings
from django.db import connections

from accounts.credentials import expired_tokens
from sessions_app.domain.jobs import JobName
from sessions_app.services import jobs
from sessions_app.services.jobs import Job, Running


def every() -> Mapping[JobName, int]:
    """The interval of each job in seconds; 0 for one that is off."""
    return {
        JobName.EXPIRE: settings.JOBS_EXPIRE_SECONDS,
        JobName.TOKENS: settings.JOBS_TOKENS_SECONDS,
        JobName.SEARCH: settings.JOBS_SEARCH_SECONDS,
        JobName.TOPICS: settings.JOBS_TOPICS_SECONDS,
        JobName.SUMMARIES: settings.JOBS_SUMMARIES_SECONDS,
        JobName.ATTACHMENTS: settings.JOBS_ATTACHMENTS_SECONDS,
    }


def all_jobs() -> list[Job]:
    """All jobs, those that are off or have nothing to do included."""
    seconds = every()
    return [
        Job(JobName.EXPIRE, jobs.expire, seconds[JobName.EXPIRE]),
        Job(JobName.TOKENS, _flush_tokens, seconds[JobName.TOKENS]),
        Job(JobName.SEARCH, jobs.index_searches, seconds[JobName.SEARCH]),
        Job(JobName.TOPICS, jobs.judge_topics, seconds[JobName.TOPICS], jobs.topics_wanted),
        Job(
            JobName.SUMMARIES,
            jobs.write_summaries,
            seconds[JobName.SUMMARIES],
            jobs.summaries_wanted,
        ),
        Job(JobName.ATTACHMENTS, jobs.sweep_attachments, seconds[JobName.ATTACHMENTS]),
    ]


def scheduled() -> list[Job]:
    """The jobs that run by schedule here."""
    return [job for job in all_jobs() if job.every_seconds and job.is_wanted()]


def _flush_tokens(running: Running) -> bool:
    try:
        for removed in expired_tokens.flush():
            running.counts["tokens"] += removed
            if not running.goes_on():
                return False
            running.rest()
        return True
    finally:
        # Outside of requests Django does not give connections back.
        connections.close_all()

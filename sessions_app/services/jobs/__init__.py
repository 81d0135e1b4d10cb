"""Jobs: the upkeep that `serve` does by schedule, in bounded steps.

`running` runs one job under its lease and enters the run into its history. `scheduling` is the loop
that runs what is due. `upkeep` is what the jobs do: the sweep, and catching up with the search
index, topics and summaries, attachments that nothing refers to. `reporting` says how they stand.
"""

from sessions_app.services.jobs.reporting import JobReport, job_history, jobs_report
from sessions_app.services.jobs.running import Job, Running, run_now
from sessions_app.services.jobs.scheduling import jobs_enter, run_due, run_until
from sessions_app.services.jobs.upkeep import (
    expire,
    index_searches,
    judge_topics,
    summaries_wanted,
    sweep_attachments,
    topics_wanted,
    write_summaries,
)

__all__ = [
    "Job",
    "JobReport",
    "Running",
    "expire",
    "index_searches",
    "job_history",
    "jobs_enter",
    "jobs_report",
    "judge_topics",
    "run_due",
    "run_now",
    "run_until",
    "summaries_wanted",
    "sweep_attachments",
    "topics_wanted",
    "write_summaries",
]

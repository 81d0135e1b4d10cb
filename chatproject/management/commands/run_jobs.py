"""`manage.py run_jobs`: the upkeep by schedule, as `serve` runs it in a process of its own."""

import os
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from chatproject import jobs as schedule
from chatproject.traces import exporting
from sessions_app.domain.jobs import JobName, JobRun, Outcome
from sessions_app.management.operator import WRONG_USAGE, OperatorCommand
from sessions_app.repository import clocks
from sessions_app.services import jobs

NICENESS = 10


class Command(OperatorCommand):
    """Runs the jobs that are due."""

    help = (
        "Run the jobs of the schedule when they are due, until Ctrl-C or SIGTERM. With --once, "
        "only those that are due now; with names, these, due or not. One process at a time runs a "
        "job, by a lease in MongoDB, so this is safe beside `serve` and on several machines. Exit "
        "1 if a job failed."
    )

    def run_from_argv(self, argv: list[str]) -> None:
        """Run at low priority: requests come first."""
        os.nice(NICENESS)
        super().run_from_argv(argv)

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        names = [name.value for name in JobName]
        parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(names)}")
        parser.add_argument("--once", action="store_true", help="run what is due now, and end")

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Run what is due once, or by schedule until stopped."""
        wanted = _named(options["jobs"])
        exporting.begin()
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        seconds = settings.JOBS_RUN_SECONDS
        if wanted:
            runs = [jobs.run_now(job, stop=stop, seconds=seconds, whenever=True) for job in wanted]
            done = [run for run in runs if run is not None]
        elif options["once"]:
            scheduled = schedule.scheduled()
            jobs.jobs_enter(scheduled)
            done = jobs.run_due(scheduled, stop=stop, seconds=seconds)
        else:
            clocks.keep()
            jobs.run_until(stop, schedule.scheduled(), seconds=seconds)
            done = []
        failed = any(run.outcome is Outcome.FAILED for run in done)
        return {"runs": [_as_json(run) for run in done]}, not failed

    def describe(self, result: Mapping[str, Any]) -> str:
        """A line for each run."""
        return "\n".join(
            f"{run['job']}: {run['outcome']}, {run['counts']}" for run in result["runs"]
        )


def _named(names: list[str]) -> list[jobs.Job]:
    known = {job.name.value: job for job in schedule.all_jobs()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandError(
            f"No job is called {unknown[0]}; there are {', '.join(known)}.", returncode=WRONG_USAGE
        )
    jobs.jobs_enter([known[name] for name in names])
    return [known[name] for name in names]


def _as_json(run: JobRun) -> dict[str, Any]:
    return {
        "job": run.job,
        "outcome": run.outcome.value,
        "counts": dict(run.counts),
        "error": run.error,
    }

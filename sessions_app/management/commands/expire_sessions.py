import argparse
import io
import os
import signal
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.management import CommandError
from django.utils import timezone
from rich import box
from rich.console import Console
from rich.table import Table

from sessions_app import clock
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.limits import SWEEP_BATCH, SWEEP_BATCH_MAX
from sessions_app.domain.sessions.expiry import AGES, ExpiryMode, Fate
from sessions_app.management.arguments import positive
from sessions_app.management.operator import OperatorCommand
from sessions_app.services import expiry

WRONG_USAGE = 2
USERS_SHOWN = 20
NICENESS = 10
_COLUMNS = 100
# The longest delay after a signal.
_LOOK_SECONDS = 0.5


class Command(OperatorCommand):
    """Ends sessions whose timeout or retention has passed."""

    help = (
        "Archive each session past its timeout, or destroy it with --mode delete; then destroy "
        "archives older than ARCHIVE_RETENTION_DAYS. A session under legal hold is never "
        "destroyed; one in a turn is left to the next run. Safe beside a live service, to run "
        "several times at once, and to stop anywhere and run again."
    )

    def run_from_argv(self, argv: list[str]) -> None:
        """Run at low priority, in favour of a service on the same machine."""
        # A sweep may take hours, and a user waits for seconds.
        os.nice(NICENESS)
        super().run_from_argv(argv)

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--mode",
            type=ExpiryMode,
            choices=list(ExpiryMode),
            metavar="MODE",
            help="archive or delete (default: EXPIRY_MODE)",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="change nothing; show what a run would do, by age and by user",
        )
        parser.add_argument(
            "--batch-size",
            type=_batch_size,
            default=SWEEP_BATCH,
            metavar="N",
            help=f"sessions per transaction, up to {SWEEP_BATCH_MAX:,} (default {SWEEP_BATCH})",
        )
        parser.add_argument(
            "--limit", type=positive, metavar="N", help="end at most N sessions per run"
        )
        parser.add_argument(
            "--every",
            type=positive,
            metavar="SECONDS",
            help="run again after so many seconds, until Ctrl-C or SIGTERM; then exit 0",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Sweep once, or repeatedly until stopped; or only preview."""
        self.stop = threading.Event()
        if options["every"] is None:
            return self._run(options), True
        if options["dry_run"]:
            # A preview that repeats would report the same sessions for ever.
            raise CommandError("--every and --dry-run exclude each other.", returncode=WRONG_USAGE)
        with _setting(self.stop):
            return self._loop(options), True

    def _run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        plan = expiry.expiry_plan(mode=options["mode"], now=clock.now())
        total = expiry.expiry_count(plan)
        # For the bar: a run ends no more than that.
        if options["limit"] is not None:
            total = min(total, options["limit"])
        with self.progress("sessions", total) as show:
            if options["dry_run"]:
                preview = expiry.expiry_preview(plan, limit=options["limit"], progress=show)
                return {"dry_run": True, **plan.as_json(), **preview.as_json()}
            swept = expiry.expiry_sweep(
                plan,
                limit=options["limit"],
                batch_size=options["batch_size"],
                progress=show,
                now=timezone.now,
                stopped=self.stop.is_set,
            )
        return {"dry_run": False, **swept.as_json()}

    def _loop(self, options: Mapping[str, Any]) -> dict[str, Any]:
        counts: Counter[str] = Counter(runs=0, failed_runs=0, **{fate.value: 0 for fate in Fate})
        while not self.stop.is_set():
            try:
                result = self._run(options)
            except StorageUnavailable as error:
                # MongoDB may be back by the next run, so the loop continues.
                counts["failed_runs"] += 1
                self.stderr.write(f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {error.detail}")
            else:
                counts["runs"] += 1
                counts.update({fate.value: result[fate.value] for fate in Fate})
                if not self.as_json:
                    self.stdout.write(f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {_sentence(result)}")
            self._rest(options["every"])
        return {"every": options["every"], **counts}

    def _rest(self, seconds: float) -> None:
        """Wait for the next run, or until stopped."""
        due = time.monotonic() + seconds
        # In short waits: the kernel may deliver a signal to a thread of the driver, which does not
        # wake this thread, and Python runs the handler in this one only.
        while (left := due - time.monotonic()) > 0 and not self.stop.wait(min(left, _LOOK_SECONDS)):
            pass

    def describe(self, result: Mapping[str, Any]) -> str:
        """The counts of a run; of a preview also by age and by user."""
        if "runs" in result:
            return f"stopped after {result['runs']:,} runs: {_done(result)}"
        if not result["dry_run"]:
            return _sentence(result)
        console = Console(file=io.StringIO(), width=_COLUMNS)
        with console.capture() as captured:
            console.print(_by_age(result))
            console.print(_by_user(result))
        lines = [line.rstrip() for line in captured.get().splitlines()]
        return "\n".join([*lines, f"a run would do this: {_sentence(result)}"]).lstrip("\n")


def _done(result: Mapping[str, Any]) -> str:
    return ", ".join(f"{result[fate.value]:,} {fate.value}" for fate in Fate)


def _sentence(result: Mapping[str, Any]) -> str:
    passed = f"; passed over: {result['held']:,} under legal hold, {result['in_turn']:,} in a turn"
    rest = "" if result.get("complete", True) else "; more are due, run it again"
    return _done(result) + passed + rest


def _by_age(result: Mapping[str, Any]) -> Table:
    table = Table("due for", box=box.SIMPLE_HEAD)
    for fate in result["by_age"]:
        table.add_column(fate, justify="right")
    for name in AGES:
        counts = (result["by_age"][fate][name] for fate in result["by_age"])
        table.add_row(name.replace("_", " "), *(f"{count:,}" for count in counts))
    return table


def _by_user(result: Mapping[str, Any]) -> Table:
    table = Table("user", box=box.SIMPLE_HEAD)
    for fate in Fate:
        table.add_column(fate.value, justify="right")
    # The users with the most sessions come first.
    users = list(result["by_user"].items())
    for user_id, counts in users[:USERS_SHOWN]:
        table.add_row(user_id, *(f"{counts.get(fate.value, 0):,}" for fate in Fate))
    rest = Counter[str]()
    for _, counts in users[USERS_SHOWN:]:
        rest.update(counts)
    if rest:
        others = f"{len(users) - USERS_SHOWN:,} others (all with --json)"
        table.add_section()
        table.add_row(others, *(f"{rest[fate.value]:,}" for fate in Fate))
    return table


@contextmanager
def _setting(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM set `stop`, so that a run with `--every` ends with exit code 0."""
    # SIGTERM is how a service manager stops a process.
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            # Restored, since tests call commands within one process.
            signal.signal(number, handler)


def _batch_size(text: str) -> int:
    number = positive(text)
    if number > SWEEP_BATCH_MAX:
        raise argparse.ArgumentTypeError(f"must be from 1 to {SWEEP_BATCH_MAX:,}")
    return number

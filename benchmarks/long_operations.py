"""How fast is work over all sessions, does its memory stay flat, and does it go on after a kill?

A store is filled with short sessions (`harness/short_sessions.py`). Then each command runs as an
operator runs it, in a process of its own. It is killed (SIGKILL) half-way and run again to its end,
which has to report the work of both runs once. Processor time and memory are those of the command
with its processes, its start included; `mongod_seconds` is MongoDB's processor time meanwhile. What
takes milliseconds a session is done for the first sessions only (`--audited`, `--encoded`), as its
rate is all that it takes; the model answers at once.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmarks.harness import model_server, report, short_sessions, store

ROOT = Path(__file__).parents[1]
EVERY = 0.1
MEGABYTE = 1_000_000


class Operation(NamedTuple):
    """A command, and the member of its result that counts the sessions it did."""

    counts: str
    # Without one it goes on by itself.
    resume: Sequence[str] = ("--resume",)
    # The option that says how many sessions it does at most.
    bound: str | None = None
    # Whether it works on the long sessions alone, by a model.
    calls_model: bool = False


OPERATIONS: Mapping[str, Operation] = {
    "check_integrity": Operation("checked", resume=()),
    "audit_context": Operation("sessions", bound="audited"),
    "rebuild_search": Operation("sessions"),
    "rebuild_annotations": Operation("sessions", bound="encoded"),
    "summarise_sessions": Operation("sessions", calls_model=True),
}


@dataclass
class Used:
    """What a command and its processes used, as far as was looked at."""

    processor: dict[int, float] = field(default_factory=dict)
    # Sessions done → memory of all of its processes at that moment, in bytes.
    memory: list[tuple[int, int]] = field(default_factory=list)
    seconds: float = 0.0
    result: Any = None

    def look(self, process: psutil.Process, done: int) -> None:
        """Take note of where it is now."""
        memory = 0
        with suppress(psutil.Error):
            for each in [process, *process.children(recursive=True)]:
                with suppress(psutil.Error):
                    times = each.cpu_times()
                    self.processor[each.pid] = times.user + times.system
                    memory += each.memory_info().rss
        if memory:
            self.memory.append((done, memory))

    def at(self, done: int) -> int | None:
        """The memory when so many sessions were done."""
        reached = [memory for here, memory in self.memory if here >= done]
        return round(reached[0] / MEGABYTE) if reached else None


class Bench:
    """The store, and the commands on it."""

    def __init__(self, client: store.Client, filled: short_sessions.Filled) -> None:
        self._progress = client[store.DATABASE]["audit_progress"]
        self.filled = filled

    def run(self, arguments: Sequence[str], *, kill_at: int | None = None, **more: str) -> Used:
        """A command to its end, or until it has done `kill_at` sessions."""
        used, began = Used(), time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments, "--json"],
            cwd=ROOT,
            env=os.environ | more,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        watched = psutil.Process(process.pid)
        try:
            while process.poll() is None:
                done = self._done()
                used.look(watched, done)
                if kill_at is not None and done >= kill_at:
                    break
                time.sleep(EVERY)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate(timeout=60)
        used.seconds = time.perf_counter() - began
        if kill_at is None or not self._done():
            used.result = json.loads(output)
        return used

    def _done(self) -> int:
        """How many sessions the command that runs has done, as it keeps it."""
        kept = self._progress.find_one() or {"checked": 0}
        return int(kept["checked"])

    def forget(self) -> None:
        """The next command begins at the first session."""
        self._progress.delete_many({})

    def measured(
        self, name: str, operation: Operation, bound: int | None, **more: str
    ) -> report.Line:
        """The figures of a command that is killed half-way and run again; `bound` sessions."""
        number = min(bound or self.filled.sessions, self.filled.sessions)
        mongod = _processor_of_mongod()
        first = self.run([name, *_limit(bound)], kill_at=number // 2, **more)
        killed_at = self._done()
        again = first
        if first.result is None:
            rest = _limit(bound and number - killed_at)
            again = self.run([name, *operation.resume, *rest], **more)
        self.forget()
        seconds = first.seconds + (again.seconds if again is not first else 0)
        processor = sum({**first.processor, **again.processor}.values())
        done = again.result[operation.counts]
        return {
            "sessions": number,
            "worked_on": done,
            "killed_at": killed_at,
            "seconds": round(seconds, 1),
            "rate": round(number / seconds),
            "processor_seconds": round(processor, 1),
            "processor_ms_a_session": round(processor / number * 1_000, 3),
            "mongod_seconds": round(_processor_of_mongod() - mongod, 1),
            "memory_mb_at_tenth": first.at(number // 10),
            "memory_mb_at_kill": first.at(number // 2),
            "memory_mb_at_end": round(again.memory[-1][1] / MEGABYTE),
            "memory_mb_most": round(max(m for _, m in first.memory + again.memory) / MEGABYTE),
            "each_once": done == (self.filled.long if operation.calls_model else number),
        }


def _limit(number: int | None) -> list[str]:
    return [] if number is None else ["--limit", str(number)]


def _processor_of_mongod() -> float:
    times = [
        each.cpu_times()
        for each in psutil.Process().children(recursive=True)
        if each.name().startswith("mongod")
    ]
    return sum(each.user + each.system for each in times)


@contextmanager
def model() -> Iterator[dict[str, str]]:
    """The settings of a model that answers at once."""
    with model_server.serving(pieces=20, rate=10_000, first=0) as url:
        yield {"LLM_BASE_URL": url, "LLM_MODEL": "quick", "CONTEXT_SUMMARY": "1"}


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--sessions", type=int)
    parser.add_argument("--audited", type=int, default=100_000)
    parser.add_argument("--encoded", type=int, default=1_000)
    parser.add_argument("--commands", nargs="+", choices=OPERATIONS, default=list(OPERATIONS))
    options = parser.parse_args()
    number = options.sessions or (2_000 if options.short else 1_000_000)
    result = report.Report("long_operations")
    with ExitStack() as stack:
        client = stack.enter_context(
            store.own_store(options.dir, result, cache_gb=store.LARGE_CACHE_GB)
        )
        report.progress(f"{number:,} sessions …")
        began = time.perf_counter()
        filled = short_sessions.fill(os.environ["MONGODB_URI"], store.DATABASE, number)
        seconds = time.perf_counter() - began
        result.add("fill", sessions=number, messages=filled.messages, seconds=round(seconds, 1),
                   rate=round(number / seconds))  # fmt: skip
        bench = Bench(client, filled)
        settings = stack.enter_context(model())
        for name in options.commands:
            operation = OPERATIONS[name]
            more = settings if operation.calls_model else {}
            bound = getattr(options, operation.bound) if operation.bound else None
            result.add(name, **bench.measured(name, operation, bound, **more))
    result.table()


if __name__ == "__main__":
    main()

"""Where does the processor time of a worker go while it answers? A flamegraph, and a table.

The service runs as `serve` runs it, eight connections append or read without a pause, and py-spy
looks at one worker 197 times a second, at the thread that has the interpreter's lock: so waiting
is in neither, and the kernel's work counts for whoever asked for it. First it draws
`docs/images/flame-<request>.svg`, then it counts by part: each look belongs to the innermost part
on its stack, so a part is what it does itself and what it has a library of Python's do. What the
server does in Rust, such as HTTP, is a line of its own, by the time of its threads. `us` is the
part's share of what the workers' processors spend on a request.

py-spy has to be allowed to look into another process: as root, or where
`/proc/sys/kernel/yama/ptrace_scope` is 0.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil

from benchmarks.harness import report, service, store
from benchmarks.harness.service import ROOT, Served
from benchmarks.http_append import SERVICE, Sessions

IMAGES = ROOT / "docs" / "images"
CONNECTIONS, LENGTH, BATCH = 8, 100, 256
# Looks a second: no divisor of what happens at round intervals.
RATE = 197
REQUESTS = {
    "append": (Sessions.appends, SERVICE, 201),
    "read": (Sessions.reads, SERVICE, 200),
}
# By what a file's path contains; the first that matches. What is in none of them, such as `json`,
# belongs to the part that calls it.
PARTS = (
    ("gateway, event loop", r"chatproject/serving/|asyncio/|uvloop|granian"),
    ("access log", r"chatproject/logs/|/logging/"),
    ("metrics", r"chatproject/metrics|prometheus_client|sessions_app/instruments"),
    ("driver", r"pymongo/|bson/"),
    ("token, limits, validation, answer", r"rest_framework|accounts/|sessions_app/(api|http)/"),
    ("session service", r"sessions_app/"),
    ("Django, middleware", r"django/|asgiref/|corsheaders/|csp/|chatproject/"),
)  # fmt: skip
SPY_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
_PARTS = [(name, re.compile(pattern)) for name, pattern in PARTS]
RUST, REST = "server, in Rust", "other"
_TITLE = re.compile(r'(<text id="title"[^>]*>)[^<]*')


def main() -> None:
    """Parse, fill, draw, count, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--seconds", type=int, help="of each drawing, and of each count")
    parser.add_argument("--images", type=Path, default=IMAGES, help="where the drawings go")
    parser.add_argument("--requests", nargs="+", choices=REQUESTS, default=list(REQUESTS))
    options = parser.parse_args()
    seconds = options.seconds or (5 if options.short else 30)
    result = report.Report("flame")
    with store.own_store(options.dir, result) as client:
        # Before the service starts, which reads it.
        os.environ["THROTTLE_USER"] = "6000000/min"
        sessions = Sessions(service.users(32), LENGTH)
        sessions.renew()
        with service.served(client) as served:
            for kind in options.requests:
                _look(result, served, sessions, kind, options.images, seconds)
    result.table()


def _look(
    result: report.Report,
    served: Served,
    sessions: Sessions,
    kind: str,
    images: Path,
    seconds: int,
) -> None:
    make, variant, status = REQUESTS[kind]
    ask = partial(_ask, served, partial(make, sessions, variant), status)
    report.progress(f"{kind} …")
    spent = {worker.pid: -_cpu(worker) for worker in served.workers()}
    ask()
    for worker in served.workers():
        spent[worker.pid] = spent.get(worker.pid, 0) + _cpu(worker)
    worker = psutil.Process(max(spent, key=lambda pid: spent[pid]))
    image = images / f"flame-{kind}.svg"
    _spy(worker, image, "flamegraph", seconds, ask)
    with tempfile.TemporaryDirectory() as place:
        raw = Path(place) / "stacks"
        before, began = _of_threads(worker), time.monotonic()
        costs = _spy(worker, raw, "raw", seconds, ask, "--threads")
        used = {name: each - before.get(name, 0) for name, each in _of_threads(worker).items()}
        report.progress(f"{time.monotonic() - began:.0f} s, threads: {used}")
        counted = counted_parts(raw.read_text())
    total = sum(used.values()) or 1.0
    in_rust = sum(each for name, each in used.items() if name.startswith(_OF_RUST)) / total
    cost = report.quantile(costs, 0.5) * 1_000
    looks = counted.total()
    shares = {name: (1 - in_rust) * number / looks for name, number in counted.most_common()}
    for name, share in {RUST: in_rust, **shares}.items():
        more = {"share": round(share, 3), "us": round(share * cost), "looks": looks}
        result.add(name, request=kind, **more)


# The names that the server gives its threads.
_OF_RUST = ("tokio", "granian")


def _ask(served: Served, make: partial[list[str]], status: int) -> float:
    """One batch of requests; the workers' processor time for each, in milliseconds."""
    outcome = served.run(make(BATCH), connections=CONNECTIONS, expected={status})
    return outcome.worker_cpu_ms


def _spy(
    worker: psutil.Process,
    target: Path,
    form: str,
    seconds: int,
    ask: partial[float],
    *more: str,
) -> list[float]:
    """Have a worker looked at while it is asked; what each batch of requests took."""
    spy = shutil.which("py-spy", path=SPY_PATH)
    if spy is None:
        raise SystemExit("py-spy is not installed: see requirements-dev.txt")
    command = [
        spy, "record", "--pid", str(worker.pid), "--output", str(target), "--format", form,
        "--duration", str(seconds), "--rate", str(RATE), "--function", "--nonblocking",
        # Of all threads the one that runs Python; the others wait, or are in a system call.
        "--gil", *more,
    ]  # fmt: skip
    costs: list[float] = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            costs.append(ask())
        said = process.stderr.read().decode() if process.stderr else ""
    if process.returncode or not target.exists():
        raise SystemExit(f"py-spy has failed: {said}")
    if form == "flamegraph":
        # Its own title is the command, with the paths of this machine.
        title = r"\1A worker of the service, by what its threads did"
        target.write_text(_TITLE.sub(title, target.read_text()))
    return costs


def _cpu(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def _of_threads(worker: psutil.Process) -> dict[str, float]:
    """Seconds of a core by the names of threads."""
    used: dict[str, float] = defaultdict(float)
    for thread in worker.threads():
        name = Path(f"/proc/{worker.pid}/task/{thread.id}/comm").read_text().strip()
        used[name] += thread.user_time + thread.system_time
    return dict(used)


def counted_parts(stacks: str) -> Counter[str]:
    """How often each part was the innermost one, of lines `outermost;…;innermost count`."""
    counted: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, number = line.rpartition(" ")
        counted[next(_parts_of(stack), REST)] += int(number)
    return counted


def _parts_of(stack: str) -> Iterator[str]:
    """The parts that a stack passes through, the innermost first."""
    for frame in reversed(stack.split(";")):
        yield from itertools.islice((name for name, path in _PARTS if path.search(frame)), 1)


if __name__ == "__main__":
    main()

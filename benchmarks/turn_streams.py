"""How much later than from the model itself does a first token come, with many streams at once?

A model's server in a process of its own takes 0.5 s to its first piece and then gives so many a
second (`--rates`) for 14 s (`--answer`); each client asks, reads its stream to the end, and asks
again, in a session of its own. Beside them one client appends plain messages, which is measured
without streams first. All of it shares the machine: the service, MongoDB, the model's server and
the clients.

`added` is from the request's first byte to the first piece's arrival, less what the model's server
took. The seconds of a core that each process spends on a thousand pieces, with the turns that they
belong to, hold on a busy machine, too. The modes are `loop`, this checkout as `serve` serves it,
and `baseline`, another checkout (`--baseline PATH`) as it serves itself.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmarks.harness import conversations, load, report, service, store
from benchmarks.harness.conversations import text
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.serving import server
from sessions_app import child_process
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.services import sessions

ADDED_TARGET_MS = 50.0
BASELINE = "baseline"
MODES = ("loop",)
# Pieces a second: a large model on a processor, and a person's reading pace twice over.
RATES = (5.0, 15.0)
_HISTORY = 6


def main() -> None:
    """Run every mode."""
    parser = store.arguments(__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=[200])
    parser.add_argument("--seconds", type=float, help="how long each mode is measured")
    parser.add_argument("--first", type=float, default=0.5, help="seconds to a first piece")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="pieces per second")
    parser.add_argument("--answer", type=float, default=14.0, help="seconds of an answer")
    parser.add_argument("--appends", type=float, default=20.0, help="plain appends per second")
    parser.add_argument("--modes", nargs="+", default=MODES, choices=[*MODES, BASELINE])
    parser.add_argument(
        "--baseline", type=Path, help="another checkout, served as it is as the mode `baseline`"
    )
    given = parser.parse_args()
    seconds = given.seconds or (3.0 if given.short else 30.0)
    result = report.Report("turn_streams")
    os.environ |= {"LLM_MODEL": "slow", "THROTTLE_CHAT": "", "THROTTLE_USER": ""}
    with store.own_store(given.dir, result):
        os.environ["THROTTLE_USER"] = ""
        everybody = service.users(max(given.streams))
        # More than a worker has by itself, where the kernel deals connections out unevenly.
        os.environ["TURNS_MAX"] = str(max(128, *given.streams))
        for rate, streams in itertools.product(given.rates, given.streams):
            with _model(given.first, rate, given.answer):
                for mode in given.modes:
                    ways = Ways(mode, rate, given.appends, seconds, given.answer, given.baseline)
                    _run(result, ways, everybody[:streams])
    result.table()


class Ways(NamedTuple):
    """How it is measured: pieces and plain appends a second, and for how many seconds."""

    mode: str
    rate: float
    appends: float
    seconds: float
    answer: float
    baseline: Path | None


class Spent(NamedTuple):
    """Seconds of a core while streams were read; that of the clients with their start."""

    workers: float
    mongod: float
    clients: float

    def per_thousand(self, pieces: int) -> dict[str, float]:
        """The same for a thousand pieces, by process."""
        thousands = max(1, pieces) / 1_000
        return {f"{name}_s": round(cpu / thousands, 3) for name, cpu in self._asdict().items()}


def _run(result: report.Report, ways: Ways, people: Sequence[service.User]) -> None:
    mode, rate, appends, seconds, answer, baseline = ways
    report.progress(f"{mode}: appends alone, then {len(people)} streams of {rate:g} a second …")
    with _serving(baseline if mode == BASELINE else None) as (port, process):
        plain = _requests(people[:20], "message", {"content": text(1, 30)})
        chats = _requests(people, "chat", {"content": text(2, 30), "stream": True})
        common = {"port": port, "plain": plain, "plain_rate": appends}
        report.progress("a first turn in each worker …")
        _measured(common | {"streams": chats[:16], "ramp": 1.0, "seconds": 10.0})
        alone = _measured(common | {"streams": [], "ramp": 1.0, "seconds": seconds})
        mongod = _mongod()
        before = _cpu(process), _cpu_of(mongod)
        # Begun over the time that an answer takes, they go on beginning evenly.
        ramp = max(2.0, answer)
        with _most_memory(process) as memory:
            taken = _measured(common | {"streams": chats, "ramp": ramp, "seconds": seconds})
        spent = Spent(
            workers=_cpu(process) - before[0],
            mongod=_cpu_of(mongod) - before[1],
            clients=taken["cpu_seconds"],
        )
    per_stream = memory.grown / 1024 / max(1, taken["most"])
    _add(result, ways, len(people), alone, taken, spent, per_stream)


def _add(
    result: report.Report,
    ways: Ways,
    streams: int,
    alone: dict[str, Any],
    taken: dict[str, Any],
    spent: Spent,
    kb_per_stream: float,
) -> None:
    mode, rate = ways.mode, ways.rate
    added = report.timing(taken["added_ms"] or [float("inf")])
    result.add(
        "first piece",
        mode=mode,
        rate=rate,
        streams=streams,
        most_at_once=taken["most"],
        turns=taken["turns"],
        errors=taken["errors"],
        refused=taken["statuses"],
        pieces=taken["pieces"],
        **spent.per_thousand(taken["pieces"]),
        kb_per_stream=round(kb_per_stream),
        load_average=round(os.getloadavg()[0], 1),
        **added,
        ratio=round(added["p95_ms"] / ADDED_TARGET_MS, 2),
        target=1.0,
    )
    without, beside = report.timing(alone["plain_ms"]), report.timing(taken["plain_ms"])
    result.add(
        "plain append",
        mode=mode,
        rate=rate,
        streams=streams,
        **beside,
        alone_p50_ms=without["p50_ms"],
        alone_p95_ms=without["p95_ms"],
        ratio=round(beside["p95_ms"] / without["p95_ms"], 2),
    )


def _requests(people: Sequence[service.User], route: str, body: dict[str, object]) -> list[str]:
    """One request for each person, in a session of theirs that has a short history.

    No turn waits for its topics: the window holds all of it.
    """
    found = []
    for person in people:
        history = [
            MessageDraft(role=Role.ASSISTANT if number % 2 else Role.USER, content=text(number, 30))
            for number in range(_HISTORY)
        ]
        session = sessions.session_create(
            user_id=person.id,
            draft=SessionDraft(title="a title", history=history),
            now=conversations.now(),
        )
        path = f"/session/{session.session_id}/{route}"
        found.append(load.request("POST", path, token=person.token, body=body))
    return found


def _measured(job: dict[str, object]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.harness.streams"],
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def _model(first: float, rate: float, answer: float) -> Iterator[None]:
    port = mongod_replica_set.choose_port()
    os.environ["LLM_BASE_URL"] = f"http://127.0.0.1:{port}/v1"
    pieces = max(1, int(rate * answer))
    options = {"port": port, "first": first, "rate": rate, "pieces": pieces}
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.harness.slow_model", *flags],
    ) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _serving(baseline: Path | None) -> Iterator[tuple[int, psutil.Process]]:
    port = mongod_replica_set.choose_port()
    address = server.Address(load.HOST, port)
    with service.said_on_stderr():
        running = (
            server.serving(address) if baseline is None else _checkout_serving(baseline, address)
        )
        process = running.__enter__()
    try:
        yield port, psutil.Process(process.pid)
    finally:
        running.__exit__(None, None, None)


@contextmanager
def _checkout_serving(checkout: Path, address: server.Address) -> Iterator[subprocess.Popen[bytes]]:
    """Another checkout's service, as long as the block runs."""
    with (
        tempfile.TemporaryDirectory() as counters,
        subprocess.Popen(
            _as_laid_out_in(checkout, server.command(address)),
            cwd=checkout,
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": counters},
            start_new_session=True,
        ) as process,
    ):
        try:
            child_process.wait_until_it_answers(
                process,
                lambda: child_process.answers_ok(address.ip, address.port, "/healthz"),
                seconds=60,
            )
            yield process
        finally:
            process.terminate()


def _as_laid_out_in(checkout: Path, command: list[str]) -> list[str]:
    """The command with the worker's module as that checkout has it."""
    if (checkout / "chatproject" / "serving" / "worker.py").exists():
        return command
    return [part.replace("chatproject.serving.worker:", "chatproject.worker:") for part in command]


class _Memory:
    """Resident bytes of the workers: at first, and by how much they have grown at most."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._first, self.grown = self._resident(), 0

    def look(self) -> None:
        """Measure once more."""
        self.grown = max(self.grown, self._resident() - self._first)

    def _resident(self) -> int:
        return sum(child.memory_info().rss for child in self._process.children(recursive=True))


@contextmanager
def _most_memory(process: psutil.Process) -> Iterator[_Memory]:
    memory, over = _Memory(process), threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            memory.look()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield memory
    finally:
        over.set()
        watching.join()


def _cpu(process: psutil.Process) -> float:
    """Seconds of a core that the workers have used."""
    return sum(map(_cpu_of, process.children(recursive=True)))


def _cpu_of(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def _mongod() -> psutil.Process:
    """The database that this process has started."""
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if child.name() == "mongod")


if __name__ == "__main__":
    main()

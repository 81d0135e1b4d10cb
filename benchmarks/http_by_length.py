"""Does a client notice how long a session is?

The same questions as `store_by_length`, asked over HTTP of the service as `manage.py serve` runs
it: append with a key, the newest 50, a `recent` window of 2,000 tokens, the last 10, and a page of
50 from the middle, of a session of 10 messages and of longer ones, in turn. One JSON object a line;
`ratio` is the median over that of the shortest session.

Topics of the short sessions are judged before; a `recent` window does not wait for a long backlog.

    python -m benchmarks.http_by_length [--lengths 10 100 100000] [--rounds 200] [--short]
"""

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TEXT = (
    "Which hotels in Lisbon take dogs, lie near the river and cost less than ninety a night? " * 3
)


class Client:
    """One keep-alive connection with a token."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; raises RuntimeError for an error."""
        sent = json.dumps(body) if body is not None else None
        self.connection.request(method, path, sent, self.headers)
        response = self.connection.getresponse()
        raw = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {raw[:200]!r}")
        return json.loads(raw)


@contextmanager
def service() -> Iterator[int]:
    """The service on a free port, with data of its own; one worker, which knows its sessions."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="benchmark-") as data:
        settings = {"DATA_DIR": data, "PORT": str(port), "WORKERS": "1", "THROTTLE_USER": ""}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("Ready"):
                    break
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def questions(client: Client, length: int) -> dict[str, Callable[[int], Any]]:
    """Each thing that is measured, as a call of the round's number.

    Appends go to a session of their own, so that the one that is read keeps its length.
    """
    base, grown = f"/session/{build(client, length)}", build(client, length)
    middle = max(0, length // 2 - 25)
    return {
        "append keyed": lambda n: client.call(
            "POST", f"/session/{grown}/message", {"content": TEXT, "client_id": f"round {n}"}
        ),
        "newest 50": lambda _: client.call("GET", base),
        "recent context of 2,000 tokens": lambda _: client.call(
            "GET", f"{base}/context?strategy=recent&max_tokens=2000"
        ),
        "delta of 10": lambda _: client.call(
            "GET", f"{base}/messages?after={max(0, length - 10)}&limit=10"
        ),
        "middle page of 50": lambda _: client.call("GET", f"{base}/messages?after={middle}"),
    }


def build(client: Client, length: int) -> str:
    """A session of so many messages."""
    session = client.call("POST", "/session/create", {})["session_id"]
    for start in range(0, length, 100):
        batch = [
            {"content": f"{n} {TEXT}", "client_id": f"b{n}"}
            for n in range(start, min(start + 100, length))
        ]
        client.call("POST", f"/session/{session}/messages", {"messages": batch})
    return str(session)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[10, 100, 1_000, 100_000])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    lengths = [10, 1_000] if options.short else options.lengths
    rounds = 20 if options.short else options.rounds
    with service() as port:
        client = Client(port)
        person = {"username": "bench", "password": "long enough to pass"}
        token = client.call("POST", "/auth/register", person)["access"]
        client.headers["Authorization"] = f"Bearer {token}"
        asked = {length: questions(client, length) for length in lengths}
        token = client.call("POST", "/auth/token", person)["access"]
        client.headers["Authorization"] = f"Bearer {token}"
        times: dict[tuple[str, int], list[float]] = {}
        for number in range(-20, rounds):
            for length, calls in asked.items():
                for name, call in calls.items():
                    begun = time.perf_counter()
                    call(number)
                    if number >= 0:
                        taken = (time.perf_counter() - begun) * 1_000
                        times.setdefault((name, length), []).append(taken)
        for (name, length), taken in sorted(times.items()):
            p50 = statistics.median(taken)
            shortest = statistics.median(times[name, lengths[0]])
            print(
                json.dumps(
                    {
                        "benchmark": "http_by_length",
                        "name": name,
                        "messages": length,
                        "p50_ms": round(p50, 3),
                        "p95_ms": round(sorted(taken)[int(len(taken) * 0.95)], 3),
                        "n": len(taken),
                        "ratio": round(p50 / shortest, 2),
                    }
                )
            )


if __name__ == "__main__":
    main()

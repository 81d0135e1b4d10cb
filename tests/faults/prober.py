"""`python -m tests.faults.prober PORT PATH`: asks again and again, as a load balancer does.

In a process of its own, so that what else a test does makes no answer late. It ends when its input
is closed, and prints the status and the seconds of each answer.
"""

import http.client
import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.waiting import started

TIMEOUT_SECONDS = 20.0
PAUSE_SECONDS = 0.1

Probes = list[tuple[int, float]]


def _ask(port: int, path: str) -> tuple[int, float]:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except OSError:
        status = 0
    finally:
        connection.close()
    return status, time.monotonic() - began


@contextmanager
def probing(port: int, path: str) -> Iterator[Probes]:
    """The answers of a probe, in this list once the block has ended."""
    probes: Probes = []
    with started(
        [sys.executable, "-m", "tests.faults.prober", str(port), path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield probes
        finally:
            output, _ = process.communicate(timeout=60)
            probes += [(status, seconds) for status, seconds in json.loads(output)]


def _main(port: int, path: str) -> None:
    probes: Probes = []
    while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
        probes.append(_ask(port, path))
    sys.stdout.write(json.dumps(probes))


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2])

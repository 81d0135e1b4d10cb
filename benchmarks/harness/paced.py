"""A client that sends requests at a fixed rate, whatever the answers take; a process of its own.

It takes one JSON object on stdin, `{"port", "requests", "rate", "connections"}`, and sends until
stdin ends. Each request has its time; one that finds every connection busy waits, and is timed from
when it was due, so that no slow answer hides those behind it. The answer is one JSON list of
`[unix time when due, milliseconds]`.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

Sample = tuple[float, float]


class PacedClient:
    """The process, from the outside; it sends from now until `stop`."""

    def __init__(
        self, port: int, requests: Sequence[str], *, rate: float, connections: int = 16
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.harness.paced"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        job = {"port": port, "requests": requests, "rate": rate, "connections": connections}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()

    def stop(self) -> list[Sample]:
        """End it; everything that it has measured. Raises RuntimeError if a request failed."""
        out, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError("the paced client has failed")
        return [(moment, ms) for moment, ms in json.loads(out)]


class _Run:
    def __init__(self, job: dict[str, Any]) -> None:
        self._requests = [text.encode("ascii") for text in job["requests"]]
        self._rate, self._port, self._connections = job["rate"], job["port"], job["connections"]
        self._due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        self._samples: list[Sample] = []

    async def run(self) -> list[Sample]:
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        senders = [asyncio.create_task(self._send()) for _ in range(self._connections)]
        started = time.monotonic()
        for number in count():
            due = started + number / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if ended.done() or any(sender.done() for sender in senders):
                break
            self._due.put_nowait((due, self._requests[number % len(self._requests)]))
        for _ in senders:
            self._due.put_nowait(None)
        await asyncio.gather(*senders)
        return self._samples

    async def _send(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while (job := await self._due.get()) is not None:
            due, request = job
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(head.decode())
            now = time.monotonic()
            self._samples.append((time.time() - (now - due), (now - due) * 1_000))
        writer.close()


def main() -> None:
    """One job."""
    print(json.dumps(asyncio.run(_Run(json.loads(sys.stdin.readline())).run())))


if __name__ == "__main__":
    main()

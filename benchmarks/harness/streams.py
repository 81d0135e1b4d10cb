"""A client of many event streams at once, and of plain requests beside them; a process of its own.

It takes one JSON object on stdin and answers with one: for each turn the delay of the first piece
beyond the model's own, for each plain request how long it took, all in milliseconds.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any

_FIRST = re.compile(rb"read=([\d.]+) sent=([\d.]+);")
_STATUS = re.compile(rb"HTTP/1\.1 (\d+)")
_ENDS = (b"event: done", b"event: error")
_LONGEST_END = 16
# What a piece of the model's answer is told by, but for the first.
PIECE = b" word"


@dataclass
class Taken:
    """What has been measured; `statuses` of answers that began no stream."""

    added_ms: list[float] = field(default_factory=list)
    plain_ms: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    turns: int = 0
    # Pieces of answers, however many came in one event.
    pieces: int = 0
    most: int = 0
    cpu_seconds: float = 0.0


class Stream(asyncio.Protocol):
    """One client: asks, reads to the end, asks again."""

    def __init__(self, request: bytes, job: "Job") -> None:
        self._request, self._job = request, job
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if time.monotonic() < self._job.until:
            self._held, self._begun = b"", False
            self._sent = time.monotonic()
            self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look for the first piece, then for the end, in what may come in any portions."""
        job, now = self._job, time.monotonic()
        # What is looked for may be cut in two; once an answer has begun, only its end is.
        self._held = (self._held[-_LONGEST_END:] if self._begun else self._held) + data
        job.taken.pieces += data.count(PIECE)
        if not self._begun and (found := _FIRST.search(self._held)):
            self._begun = True
            job.open += 1
            job.taken.most = max(job.taken.most, job.open)
            models_own = float(found[2]) - float(found[1])
            if self._sent >= job.counts_from:
                job.taken.added_ms.append((now - self._sent - models_own) * 1_000)
            self._held = self._held[found.end() :]
        status = None if self._begun else _STATUS.match(self._held)
        refused = status is not None and status[1] != b"200"
        if refused or any(end in self._held for end in _ENDS):
            job.open -= self._begun
            job.taken.turns += not refused
            if refused and status is not None:
                name = status[1].decode()
                job.taken.statuses[name] = job.taken.statuses.get(name, 0) + 1
            job.taken.errors += b"event: error" in self._held
            asyncio.get_running_loop().call_later(0.2, self._ask)
            self._held, self._begun = b"", True


class Job:
    """What is asked of this process."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given, self.taken, self.open = given, Taken(), 0
        self.started = time.monotonic()
        self.counts_from = self.started + given["ramp"]
        self.until = self.counts_from + given["seconds"]

    async def run(self) -> Taken:
        """All streams, spread over the ramp, and the plain requests from its end on."""
        loop, streams = asyncio.get_running_loop(), self.given["streams"]
        tasks = [asyncio.create_task(self._plain())]
        for text in streams:
            await asyncio.sleep(self.given["ramp"] / len(streams))
            request = text.encode()
            await loop.create_connection(
                lambda request=request: Stream(request, self),  # type: ignore[misc]
                "127.0.0.1",
                self.given["port"],
            )
        await asyncio.gather(*tasks)
        self.taken.cpu_seconds = time.process_time()
        return self.taken

    async def _plain(self) -> None:
        await asyncio.sleep(max(0.0, self.counts_from - time.monotonic()))
        reader, writer = await asyncio.open_connection("127.0.0.1", self.given["port"])
        requests = self.given["plain"]
        for number in range(10**9):
            due = self.counts_from + number / self.given["plain_rate"]
            if due >= self.until:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sent = time.monotonic()
            writer.write(requests[number % len(requests)].encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 201"):
                raise RuntimeError(head.decode())
            self.taken.plain_ms.append((time.monotonic() - sent) * 1_000)
        writer.close()


def main() -> None:
    """One job."""
    taken = asyncio.run(Job(json.loads(sys.stdin.read())).run())
    print(json.dumps(vars(taken)))


if __name__ == "__main__":
    main()

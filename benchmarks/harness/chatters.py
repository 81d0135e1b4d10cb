"""Users who chat, each with a connection and pauses; a process of its own.

It takes one JSON object per line: `{"port", "seconds", "pause", "model_ms", "users"}`, where each
user is a list of `[kind, share, request]`. For so long each user sends one of their requests, by
their shares, waits for the answer, pauses, and goes on. It answers with a list of what has come:
`[seconds since the beginning, kind, milliseconds, status, whether Retry-After was there]`. Of a
streamed turn that is the time to its first piece, less what the model takes for it.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from benchmarks.harness import child

FAILED = 0
_PIECE, _ERROR = b"event: delta", b"event: error"

Request = tuple[str, float, str]  # kind, share, as it is sent


class Sample(NamedTuple):
    """One answer; `status` is 0 where the connection or the stream failed."""

    at: float
    kind: str
    ms: float
    status: int
    says_when: bool


class Chatters:
    """The process, from the outside."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, model_ms: float) -> None:
        self._process, self._port, self._model_ms = process, port, model_ms

    def chat(
        self, users: Sequence[Sequence[Request]], *, seconds: float, pause: float
    ) -> list[Sample]:
        """What these users have seen; each pauses for about `pause` seconds between requests."""
        job = {"port": self._port, "seconds": seconds, "pause": pause, "users": users,
               "model_ms": self._model_ms}  # fmt: skip
        return [Sample(*sample) for sample in child.answer_of(self._process, job)]


@contextmanager
def chatters(port: int, *, model_ms: float) -> Iterator[Chatters]:
    """Users of the service on `port`, whose model takes so long to its first piece."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.harness.chatters"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Chatters(process, port, model_ms)
        finally:
            process.kill()


class _Run:
    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._began = time.monotonic()
        self._until = self._began + job["seconds"]
        self._samples: list[Sample] = []

    async def run(self) -> list[Sample]:
        users = enumerate(self._job["users"])
        await asyncio.gather(*(self._user(number, requests) for number, requests in users))
        return self._samples

    async def _user(self, number: int, requests: Sequence[Request]) -> None:
        chance, connection = random.Random(number), _Connection(self._job["port"])
        shares = [share for _, share, _ in requests]
        # Not all at once.
        await asyncio.sleep(chance.random() * self._job["pause"])
        while time.monotonic() < self._until:
            [(kind, _, request)] = chance.choices(requests, shares)
            self._samples.append(await self._answer(connection, kind, request.encode("ascii")))
            await asyncio.sleep(chance.expovariate(1 / self._job["pause"]))
        connection.close()

    async def _answer(self, connection: "_Connection", kind: str, request: bytes) -> Sample:
        sent = time.monotonic()
        try:
            status, says_when, first = await connection.ask(request)
        except (OSError, EOFError, ValueError):
            connection.close()
            return Sample(sent - self._began, kind, 0.0, FAILED, says_when=False)
        models = self._job["model_ms"] if first else 0.0
        ms = ((first or time.monotonic()) - sent) * 1_000 - models
        return Sample(sent - self._began, kind, max(0.0, ms), status, says_when)


class _Connection:
    """A connection that is kept, and opened anew after a failure."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> tuple[int, bool, float | None]:
        """Status, whether Retry-After was there, and when the first piece of a stream came."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status, first = int(head[9:12]), None
        if b"transfer-encoding: chunked" in head:
            first, failed = await self._events()
            status = FAILED if failed else status
        else:
            length = head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            await self._reader.readexactly(int(length or 0))
        if b"connection: close" in head:
            self.close()
        return status, b"\r\nretry-after:" in head, first

    async def _events(self) -> tuple[float | None, bool]:
        first, failed = None, False
        while size := int(await self._reader.readline(), 16):
            chunk = await self._reader.readexactly(size + 2)
            if first is None and _PIECE in chunk:
                first = time.monotonic()
            failed = failed or _ERROR in chunk
        await self._reader.readline()
        return first, failed

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def main() -> None:
    """Take jobs from stdin until it ends."""
    for line in sys.stdin:
        print(json.dumps(asyncio.run(_Run(json.loads(line)).run())), flush=True)


if __name__ == "__main__":
    main()

"""Many clients of a service at once, each on a connection of its own, on one event loop.

A client sends a request, reads the answer, and sends the next one, on the same connection while the
server keeps it open. Refused with 503, it waits as long as it is told to, as a client should.
"""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.talks import Talk

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Answered:
    """One answer; status 0 where there was none."""

    status: int
    seconds: float
    at: float
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Client:
    """One client and what it was answered."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self._port, self._address = port, address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.answers: list[Answered] = []

    async def ask(self, request: bytes) -> Answered:
        """Send a request, and read its answer."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, headers, body = await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.close()
            status, headers, body = 0, {}, b""
        now = time.monotonic()
        self.answers.append(Answered(status, now - began, now, headers, body))
        return self.answers[-1]

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                "127.0.0.1", self._port, local_addr=(self._address, 0)
            )
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in named}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split(" ")[1]), headers, body

    def close(self) -> None:
        """Leave the connection; the next request has one of its own."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def request_of(method: str, path: str, token: str = "", body: Any = None) -> bytes:
    """A request as it is sent."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(content)}"]
    lines += ["Content-Type: application/json"] if content else []
    lines += [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([*lines, "", ""]).encode() + content


def append_to(talk: Talk) -> bytes:
    return request_of("POST", f"/session/{talk.session}/message", talk.token, {"content": "Hello?"})


@dataclass
class Crowd:
    """What so many clients were answered within some seconds."""

    seconds: float
    answers: list[Answered]

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)

    def done_a_second(self) -> float:
        """Answers that were a success, in a second; the first fifth of the time is a start."""
        first = min(answer.at for answer in self.answers) + self.seconds / 5
        done = [a for a in self.answers if a.status in {200, 201} and a.at >= first]
        return len(done) / (self.seconds * 4 / 5)

    def slowest(self) -> float:
        return max(answer.seconds for answer in self.answers)

    def percentile(self, share: float) -> float:
        took = sorted(a.seconds for a in self.answers if a.status in {200, 201})
        return took[min(len(took) - 1, int(len(took) * share))]


async def crowd(port: int, requests: list[bytes], clients: int, seconds: float) -> Crowd:
    """So many clients, which take turns with these requests, for so long."""
    end = time.monotonic() + seconds

    async def goes_on(client: Client, number: int) -> None:
        # Not all within one moment, as clients do not come.
        await asyncio.sleep(seconds / 20 * number / clients)
        while time.monotonic() < end:
            answer = await client.ask(requests[number % len(requests)])
            if answer.status == 503:
                await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
            elif answer.status == 0:
                await asyncio.sleep(0.1)
        client.close()

    everybody = [Client(port) for _ in range(clients)]
    await asyncio.gather(*(goes_on(client, n) for n, client in enumerate(everybody)))
    answers = [answer for client in everybody for answer in client.answers]
    return Crowd(seconds, answers)


async def ask_once(port: int, request: bytes, address: str) -> Answered:
    """One client, from this address."""
    client = Client(port, address)
    answer = await client.ask(request)
    client.close()
    # For the loop to close it before it ends itself.
    await asyncio.sleep(0)
    return answer

"""A client that uploads many files at once, each over a connection of its own; another process.

It takes one JSON object on stdin, `{"port", "requests", "size"}`, of which each request is an
upload's path and token, and answers with the seconds of each. What it sends is text, of which every
file begins with another number, made while it is sent.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

_BLOCK = 262_144


class UploadClient:
    """The process, from the outside; it sends from now on."""

    def __init__(self, port: int, requests: Sequence[tuple[str, str]], *, size: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.harness.uploads"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        job = {"port": port, "requests": requests, "size": size}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()

    def wait(self) -> list[float]:
        """The seconds of each upload; raises RuntimeError if one was refused."""
        out, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError("an upload has failed")
        return [float(each) for each in json.loads(out)]

    @property
    def is_running(self) -> bool:
        """Whether any upload goes on."""
        return self._process.poll() is None


def _blocks(number: int, size: int) -> Iterator[bytes]:
    first = f"{number:09d}\n".encode()
    line = b"what somebody has written down in a file, line by line, again\n"
    filler = line * (_BLOCK // len(line) + 1)
    yield first
    left = size - len(first)
    while left > 0:
        block = filler[: min(left, _BLOCK)]
        left -= len(block)
        yield block


async def _upload(port: int, number: int, path: str, token: str, size: int) -> float:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode()
    )
    for block in _blocks(number, size):
        writer.write(block)
        await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 201"):
        raise RuntimeError(head.decode())
    writer.close()
    return time.monotonic() - began


async def _run(job: dict[str, Any]) -> list[float]:
    return await asyncio.gather(
        *(
            _upload(job["port"], number, path, token, job["size"])
            for number, (path, token) in enumerate(job["requests"])
        )
    )


def main() -> None:
    """One job."""
    print(json.dumps(asyncio.run(_run(json.loads(sys.stdin.readline())))))


if __name__ == "__main__":
    main()

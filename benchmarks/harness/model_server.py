"""A model's server for load: many slow streams at once at little cost, in a process of its own.

    python -m benchmarks.harness.model_server [--pieces 100] [--rate 20] [--first 0.2]

prints the port and then answers every POST that asks for a stream with so many pieces, the first
after `--first` seconds, `--rate` of them a second. Each piece is the time at which it was sent, on
the machine's monotonic clock, so that whoever reads it knows how long it took. Another POST gets a
short answer after `--first` seconds.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_USAGE = {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}


def _event(choices: list[dict[str, object]], **more: object) -> bytes:
    payload = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": "gulf-1", "system_fingerprint": "fp_1", "choices": choices, **more,
    }  # fmt: skip
    return _chunk(f"data: {json.dumps(payload)}\n\n".encode())


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _piece(text: str, finish_reason: str | None = None) -> bytes:
    delta = {"content": text} if text else {}
    return _event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}])


async def _answer(writer: asyncio.StreamWriter, given: argparse.Namespace) -> None:
    await asyncio.sleep(given.first)
    began = time.monotonic()
    writer.write(_HEAD)
    for number in range(given.pieces):
        writer.write(_piece(f" {time.monotonic():.6f}"))
        await writer.drain()
        # To the beat of the beginning, lest a busy machine slows the load down.
        await asyncio.sleep(began + (number + 1) / given.rate - time.monotonic())
    end = _piece("", "stop") + _event([], usage=_USAGE) + _chunk(b"data: [DONE]\n\n")
    writer.write(end + b"0\r\n\r\n")
    await writer.drain()


async def _answer_whole(writer: asyncio.StreamWriter, given: argparse.Namespace) -> None:
    await asyncio.sleep(given.first)
    message = {"role": "assistant", "content": "They talked about the garden table."}
    payload = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000,
        "model": "gulf-1", "usage": _USAGE,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }  # fmt: skip
    body = json.dumps(payload).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


async def _serve(given: argparse.Namespace) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
                body = await reader.readexactly(int(length))
                answer = _answer if json.loads(body).get("stream") else _answer_whole
                await answer(writer, given)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has left
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=1_024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serving(*, pieces: int, rate: float, first: float) -> Iterator[str]:
    """The base URL of one, for as long as the block."""
    command = [sys.executable, "-m", __name__, "--pieces", str(pieces)]
    process = subprocess.Popen(
        [*command, "--rate", str(rate), "--first", str(first)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20, help="pieces a second")
    parser.add_argument("--first", type=float, default=0.2, help="seconds before the first")
    asyncio.run(_serve(parser.parse_args()))

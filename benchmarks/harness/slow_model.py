"""A model's server that is slow in a set way: `python -m benchmarks.harness.slow_model --help`.

One process, one event loop, and no more work per piece than a timer and a write, because it shares
the machine with what is measured. The first piece of each answer says when the request had been
read and when the piece was written, in seconds of the machine's monotonic clock, which all of its
processes share: whoever receives it knows how much of the delay was the model's own.
"""

import argparse
import asyncio
import json
import time

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Model(asyncio.Protocol):
    """One connection; answers one request after the other."""

    def __init__(self, first: float, rate: float, pieces: int) -> None:
        self._first, self._every, self._pieces = first, 1 / rate, pieces
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers go to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Begin an answer when a request is complete."""
        self._received += data
        head, end, body = bytes(self._received).partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) >= length:
            self._received.clear()
            self._read = time.monotonic()
            asyncio.get_running_loop().call_later(self._first, self._piece, 0)

    def _piece(self, number: int) -> None:
        if self._transport.is_closing():
            return
        if number == self._pieces:
            self._transport.write(_LAST)
            return
        if number == 0:
            text = f"read={self._read:.6f} sent={time.monotonic():.6f};"
            self._transport.write(_HEAD + _chunk({"role": "assistant", "content": text}))
        else:
            self._transport.write(_WORD)
        due = self._read + self._first + (number + 1) * self._every
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, due - time.monotonic()), self._piece, number + 1)


def _chunk(delta: dict[str, str], reason: str | None = None, **more: object) -> bytes:
    event = {
        "id": "c", "object": "chat.completion.chunk", "model": "slow", "created": 1,
        "choices": [{"index": 0, "finish_reason": reason, "delta": delta}], **more,
    }  # fmt: skip
    line = f"data: {json.dumps(event)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(line), line)


# Made once: a word costs a timer and a write.
_WORD = _chunk({"content": " word"})
_USAGE = {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}
_LAST = _chunk({}, "stop", usage=_USAGE) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


async def serve(port: int, first: float, rate: float, pieces: int) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Model(first, rate, pieces), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


def main() -> None:
    """Parse flags and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--first", type=float, default=0.5, help="seconds to the first piece")
    parser.add_argument("--rate", type=float, default=15.0, help="pieces per second after it")
    parser.add_argument("--pieces", type=int, default=200, help="pieces of an answer")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.first, options.rate, options.pieces))


if __name__ == "__main__":
    main()

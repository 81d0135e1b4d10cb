"""A transport of httpx that cuts the answers of a real service where a test says."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx

Cut = Callable[[httpx.Request], bytes | None]


class CutStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The pieces of an answer until one has `mark` in it; then the connection is gone."""

    def __init__(self, stream: Any, mark: bytes) -> None:
        self._stream, self._mark, self._seen = stream, mark, b""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            yield self._passed(piece)
            self._cut_behind_the_mark()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield self._passed(piece)
            self._cut_behind_the_mark()

    def _passed(self, piece: bytes) -> bytes:
        self._seen += piece
        end = self._seen.find(self._mark)
        if end < 0:
            return piece
        # No more than up to the mark: the rest of the piece is lost on the way.
        return piece[: len(piece) - (len(self._seen) - end - len(self._mark))]

    def _cut_behind_the_mark(self) -> None:
        if self._mark in self._seen:
            raise httpx.ReadError("the connection is gone")

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


class CuttingTransport(httpx.HTTPTransport):
    """Notes each request as `METHOD path`; `cut` says behind which bytes its answer ends."""

    def __init__(self, cut: Cut) -> None:
        super().__init__()
        self.cut, self.requests = cut, list[str]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        self.requests.append(noted(request))
        if (mark := self.cut(request)) is not None:
            response.stream = CutStream(response.stream, mark)
        return response


class AsyncCuttingTransport(httpx.AsyncHTTPTransport):
    """The same for an event loop."""

    def __init__(self, cut: Cut) -> None:
        super().__init__()
        self.cut, self.requests = cut, list[str]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        self.requests.append(noted(request))
        if (mark := self.cut(request)) is not None:
            response.stream = CutStream(response.stream, mark)
        return response


def noted(request: httpx.Request) -> str:
    """The request without its session's id."""
    return f"{request.method} {'/'.join(request.url.path.split('/')[3:])}"


def once(*marks: bytes) -> Cut:
    """Cut each of the first streams behind its mark."""
    left = list(marks)
    return lambda request: left.pop(0) if "/chat" in request.url.path and left else None

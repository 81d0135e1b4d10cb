"""How requests come to Django: on a thread each, but for event streams, which need none.

An ASGI application around Django's WSGI one. Django's own ASGI handler would run every view that
is not `async` on a thread made for it, and this project's views are not. A turn's events, which
may take minutes and come a few times a second, are passed on by the event loop, on which the turns
run. A view says what it waits for, and each kind has threads of its own, so that any number that
wait for a model keep no other request waiting; what waits for nothing is answered on the loop.
"""

import asyncio
import io
import signal
import sys
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    MutableMapping,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes

from django.conf import settings

from sessions_app import event_loop
from sessions_app.http.departure import ENVIRON_KEY, Departure
from sessions_app.http.waiting import Waits, waits_of

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_STOPS = (signal.SIGINT, signal.SIGTERM)
_NAMED_OTHERWISE = {"CONTENT_TYPE": "CONTENT_TYPE", "CONTENT_LENGTH": "CONTENT_LENGTH"}


class Answer:
    """A WSGI answer: its status and headers, and the body to be iterated and closed."""

    def __init__(self, status: str, headers: Iterable[tuple[str, str]], body: Any) -> None:
        self.status = int(status.split(" ", 1)[0])
        self.headers = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers]
        self.body = body

    @property
    def events(self) -> AsyncIterable[bytes] | None:
        """What the event loop can iterate by itself."""
        return getattr(self.body, "events", None)

    @property
    def whole(self) -> bytes | None:
        """The body, where it is there already."""
        return None if getattr(self.body, "streaming", True) else b"".join(self.body)

    def close(self) -> None:
        """Tell the application that the answer has been sent, or has not been wanted."""
        if hasattr(self.body, "close"):
            self.body.close()


class Gateway:
    """The ASGI application. `started` and `stopping` are called once each, on a thread."""

    def __init__(
        self,
        application: "WSGIApplication",
        *,
        started: Callable[[], None],
        stopping: Callable[[], None],
    ) -> None:
        self._application = application
        self._started, self._stopping = started, _Once(stopping)
        sizes = {
            Waits.BRIEFLY: settings.THREADS,
            Waits.FOR_A_MODEL: settings.TURNS_MAX + settings.THREADS,
            Waits.FOR_A_STOP: settings.THREADS,
        }
        self._threads = {kind: ThreadPoolExecutor(size, kind.value) for kind, size in sizes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        loop, threads = asyncio.get_running_loop(), self._threads[Waits.BRIEFLY]
        # The server tells of its end when the last answer has been sent, and a stream waits for the
        # end of its turn, which this would bring about: so it is brought about by the signal.
        with event_loop.lent(), _at_a_stop(self._stopping):
            while (await receive())["type"] == "lifespan.startup":
                await loop.run_in_executor(threads, self._started)
                await send({"type": "lifespan.startup.complete"})
            await loop.run_in_executor(threads, self._stopping)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        environ = _environ(scope, body)
        kind = waits_of(scope["path"], scope["method"])
        if kind is Waits.FOR_NOTHING:
            answer, whole = self._call(environ)
            await _send(answer, whole, None, receive, send)
            return
        threads = self._threads[kind]
        if kind is not Waits.FOR_A_MODEL:
            await self._respond(threads, environ, receive, send)
            return
        departure = environ[ENVIRON_KEY] = Departure()
        gone = asyncio.ensure_future(_until_gone(receive, departure.leave))
        try:
            await self._respond(threads, environ, receive, send, gone)
        finally:
            gone.cancel()

    async def _respond(
        self,
        threads: ThreadPoolExecutor,
        environ: dict[str, Any],
        receive: Receive,
        send: Send,
        gone: "asyncio.Future[None] | None" = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        answer, whole = await loop.run_in_executor(threads, self._call, environ)
        try:
            chunks = None if whole is not None else answer.events or _on(threads, answer.body)
            await _send(answer, whole, chunks, receive, send, gone)
        finally:
            # A whole answer has been closed when its body was taken.
            if whole is None:
                await loop.run_in_executor(threads, answer.close)

    def _call(self, environ: dict[str, Any]) -> tuple[Answer, bytes | None]:
        """Run the application; its body too, where that is there already."""
        status, headers = "", list[tuple[str, str]]()

        def start_response(of: str, with_: Any, _: Any = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = of, with_
            return _refuse_writing

        body = self._application(environ, start_response)
        answer = Answer(status, headers, body)
        whole = answer.whole
        if whole is not None:
            answer.close()
        return answer, whole


class _Once:
    """A call that is made once; who comes later waits until it is done."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            call, self._call = self._call, None
            if call is not None:
                call()


@contextmanager
def _at_a_stop(call: Callable[[], None]) -> Iterator[None]:
    """Make `call`, on a thread, when a signal asks this process to end.

    Beside the event loop's own handlers, which are called through a descriptor.
    """

    def hear(*_: object) -> None:
        threading.Thread(target=call, name="stopping", daemon=True).start()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, hear) for number in _STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _send(
    answer: Answer,
    whole: bytes | None,
    chunks: AsyncIterable[bytes] | None,
    receive: Receive,
    send: Send,
    gone: "asyncio.Future[None] | None" = None,
) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if chunks is None:
        await send({"type": "http.response.body", "body": whole or b""})
    else:
        await _stream(chunks, receive, send, gone)


async def _stream(
    chunks: AsyncIterable[bytes],
    receive: Receive,
    send: Send,
    gone: "asyncio.Future[None] | None",
) -> None:
    """Send what comes, until the client has gone, which `gone` tells where it is watched."""
    leaving = gone or asyncio.ensure_future(_until_gone(receive))
    try:
        async with aclosing(cast("AsyncGenerator[bytes, None]", aiter(chunks))) as incoming:
            async for chunk in incoming:
                if leaving.done():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        leaving.cancel()


async def _until_gone(receive: Receive, left: Callable[[], None] = lambda: None) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
        left()


async def _on(threads: ThreadPoolExecutor, chunks: Iterable[bytes]) -> AsyncIterable[bytes]:
    loop, iterator = asyncio.get_running_loop(), iter(chunks)
    while (chunk := await loop.run_in_executor(threads, next, iterator, None)) is not None:
        yield chunk


async def _body(receive: Receive) -> bytes | None:
    """The body, up to one byte over the limit, so that a body over the limit is still noticed.

    None if the client disconnects before it is complete.
    """
    limit = settings.REQUEST_MAX_BYTES + 1
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) >= limit:
            return bytes(body[:limit])


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """PEP 3333."""
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 80)
    raw_path = scope.get("raw_path") or scope["path"].encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw_path.partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper()
        # `X_A` and `X-A` would be one: a client could pass off the first for a proxy's own second.
        if "_" in name:
            continue
        key = name.replace("-", "_")
        key = _NAMED_OTHERWISE.get(key, f"HTTP_{key}")
        value = raw_value.decode("latin-1")
        if key in environ:
            value = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + value
        environ[key] = value
    # RFC 9112, 6.3: a chunked body has no length of its own, and this one has been read.
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _refuse_writing(_: bytes) -> object:
    raise NotImplementedError("Django returns what it has to say")

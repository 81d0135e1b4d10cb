"""How requests come to Django: on a thread each, but for event streams, which need none.

An ASGI application around Django's WSGI one. Django's own ASGI handler would run every view that
is not `async` on a thread made for it, and this project's views are not. A turn's events, which
may take minutes and come a few times a second, are passed on by the event loop, on which the turns
run. A view says what it waits for, and each kind has a queue and threads of its own, so that any
number that wait for a model keep no other request waiting; what waits for nothing is answered on
the loop, before anything else is looked at.
"""

import asyncio
import io
import signal
import threading
import time
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
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.db import close_old_connections

from chatproject import error_pages, metrics
from chatproject.logs import access_log
from chatproject.logs.request_ids import with_request_id
from chatproject.serving import bodies, callers, connections, queues, wsgi_calls
from chatproject.serving.admission import Gone, Slot
from chatproject.serving.wsgi_calls import Answer, Headers, Scope
from chatproject.traces import requests as traced
from sessions_app import event_loop, instruments
from sessions_app.domain.errors import SessionError
from sessions_app.http import request_ids
from sessions_app.http.departure import ENVIRON_KEY, Departure
from sessions_app.http.waiting import ALLOWANCE_KEY, Declared, Waits, declared

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_STOPS = (signal.SIGINT, signal.SIGTERM)


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
        self.queues = queues.Queues()
        self._bodies = bodies.Budget()
        self._in_progress = connections.InProgress()
        self._guard = connections.Guard(self._in_progress)
        # For what begins and ends this process, and for ends of answers that needed no thread.
        self._ends = ThreadPoolExecutor(2, "ends")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        measuring = loop.create_task(self.queues.measure())
        self._guard.start()
        # The server tells of its end when the last answer has been sent, and a stream waits for the
        # end of its turn, which this would bring about: so it is brought about by the signal.
        with event_loop.lent(), _at_a_stop(self._stopping):
            while (await receive())["type"] == "lifespan.startup":
                await loop.run_in_executor(self._ends, self._started)
                await send({"type": "lifespan.startup.complete"})
            await loop.run_in_executor(self._ends, self._stopping)
        self._guard.stop()
        measuring.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived = time.monotonic()
        view = declared(scope["path"], scope["method"])
        if view.waits is Waits.FOR_NOTHING:
            environ = wsgi_calls.environ_of(scope, io.BytesIO(), 0) | {metrics.ARRIVED_KEY: arrived}
            answer, whole = wsgi_calls.call(self._application, environ)
            await _send_whole(answer.status, answer.headers, whole or b"", send)
            return
        try:
            with self._in_progress.request(scope), bodies.kept(self._bodies, view.takes) as body:
                content = await body.read(scope, receive)
                environ = wsgi_calls.environ_of(scope, content, body.size)
                environ[metrics.ARRIVED_KEY] = arrived
                await _Request(self, scope, environ, receive, send).answer(view)
        except SessionError as error:
            await _refuse(error, view, scope, arrived, send)
        except Gone:
            instruments.request_refused(view.waits.value, "gone")
        except bodies.Departed:
            pass

    def call(self, environ: dict[str, Any]) -> tuple[Answer, bytes | None]:
        """Run Django; on a thread."""
        return wsgi_calls.call(self._application, environ)

    async def end(self, answer: Answer) -> None:
        """Close an answer that the loop has passed on."""
        await asyncio.get_running_loop().run_in_executor(self._ends, answer.close)


class _Request:
    """A request whose body is there, on its way through its queue."""

    def __init__(
        self,
        gateway: Gateway,
        scope: Scope,
        environ: dict[str, Any],
        receive: Receive,
        send: Send,
    ) -> None:
        self._gateway, self._scope, self._environ = gateway, scope, environ
        self._receive, self._send = receive, send
        self._departure = environ[ENVIRON_KEY] = Departure()
        self._gone: asyncio.Future[None] | None = None

    async def answer(self, view: Declared) -> None:
        """Wait for a thread, run Django and send what it says; raises Overloaded, Gone."""
        try:
            if view.waits is not Waits.FOR_ACCOUNTS and callers.has_api_key(self._environ):
                await self._look_up_key()
            if view.waits is Waits.FOR_A_MODEL:
                # Whoever works for this client is told when it leaves.
                self._watch()
            slot = await self._enter(view)
            try:
                await self._respond(slot)
            finally:
                slot.release()
        finally:
            if self._gone is not None:
                self._gone.cancel()

    async def _look_up_key(self) -> None:
        slot = await self._gateway.queues.keys.enter()
        try:
            await slot.call(callers.look_up_key, self._environ)
        finally:
            slot.release()

    async def _enter(self, view: Declared) -> Slot:
        queue = self._gateway.queues.of(view.waits)
        if view.waits is Waits.FOR_AN_UPLOAD:
            # All of it has come: to refuse it now would have it sent again.
            return await queue.reenter(callers.caller_of(self._environ, ""))
        if view.waits is not Waits.FOR_MUCH:
            return await queue.enter(watch=self._watch)
        caller = callers.caller_of(self._environ, connections.address_of(self._scope))
        slot = await queue.enter(caller=caller, watch=self._watch)
        waited = slot.began - self._environ[metrics.ARRIVED_KEY]
        self._environ[ALLOWANCE_KEY] = self._gateway.queues.allowance(waited)
        return slot

    def _watch(self) -> "asyncio.Future[None]":
        """What is done when the client leaves, which is noticed from now on."""
        if self._gone is None:
            gone = _until_gone(self._receive, self._departure.leave)
            self._gone = asyncio.ensure_future(gone)
        return self._gone

    async def _respond(self, slot: Slot) -> None:
        answer, whole = await slot.call(self._gateway.call, self._environ)
        if whole is not None:
            # Its thread is free while it is being sent, however slowly the client reads.
            slot.release()
            await _send_whole(answer.status, answer.headers, whole, self._send)
            return
        # Nor is it held between the pieces of a stream.
        slot.release()
        chunks = answer.events or _on(slot, answer.body)
        try:
            await _start(answer.status, answer.headers, self._send)
            await self._stream(chunks)
        finally:
            await self._gateway.end(answer)

    async def _stream(self, chunks: AsyncIterable[bytes]) -> None:
        """Send what comes, until the client has gone."""
        gone = self._watch()
        async with aclosing(cast("AsyncGenerator[bytes, None]", aiter(chunks))) as incoming:
            async for chunk in incoming:
                if gone.done():
                    return
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})


async def _refuse(
    error: SessionError, view: Declared, scope: Scope, arrived: float, send: Send
) -> None:
    status, headers, body = error_pages.refusal(scope["path"], error)
    sent = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    request_id = request_ids.accepted(sent.get(b"x-request-id", ""))
    headers.append((request_ids.HEADER, request_id))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        body = with_request_id(body, request_id)
    if b"origin" in sent:
        headers += error_pages.cross_origin(sent[b"origin"])
    encoded = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers]
    encoded.append((b"content-length", str(len(body)).encode()))
    if status in _UNREAD:
        # What is left of the body is not read, so nothing can follow on this connection.
        encoded.append((b"connection", b"close"))
    instruments.request_refused(view.waits.value, error.code)
    traced.refused(scope, view.route, status, arrived)
    seconds = time.monotonic() - arrived
    metrics.count(view.route, scope["method"], status, seconds)
    access_log.log(
        route=metrics.label(view.route),
        method=metrics.known(scope["method"]),
        status=status,
        seconds=seconds,
        request_id=request_id,
    )
    await _send_whole(status, encoded, body, send)


# Request Timeout and Content Too Large.
_UNREAD = frozenset({408, 413})


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


async def _start(status: int, headers: Headers, send: Send) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_whole(status: int, headers: Headers, body: bytes, send: Send) -> None:
    await _start(status, headers, send)
    await send({"type": "http.response.body", "body": body})


async def _until_gone(receive: Receive, left: Callable[[], None]) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
        left()


async def _on(first: Slot, chunks: Iterable[bytes]) -> AsyncIterable[bytes]:
    """The pieces of a stream, each made on a thread of the queue that the first one came from."""
    iterator = iter(chunks)
    while True:
        slot = await first.queue.reenter(first.caller)
        try:
            chunk = await slot.call(_next, iterator)
        finally:
            slot.release()
        if chunk is None:
            return
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes | None:
    """The next piece, or None at the end; on a thread, which keeps no connection after it."""
    try:
        return next(chunks, None)
    finally:
        close_old_connections()

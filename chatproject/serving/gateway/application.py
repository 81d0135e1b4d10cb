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
    Callable,
    Iterable,
    Iterator,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from django.db import close_old_connections

from accounts.authentication import KNOWN_KEY
from chatproject.metrics.requests import ARRIVED_KEY
from chatproject.serving.gateway import (
    answering,
    bodies,
    callers,
    connections,
    queues,
    wsgi_calls,
)
from chatproject.serving.gateway.admission import Gone, Slot
from chatproject.serving.gateway.answering import Receive, Send
from chatproject.serving.gateway.wsgi_calls import Answer, Scope
from sessions_app import event_loop, instruments
from sessions_app.domain.errors import SessionError
from sessions_app.http.departure import ENVIRON_KEY, Departure
from sessions_app.http.waiting import ALLOWANCE_KEY, Declared, Waits, declared
from sessions_app.pace import pace

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


_STOPS = (signal.SIGINT, signal.SIGTERM)
# What nobody else should wait for: uploads, and what asks how the service is.
_BULK = frozenset({Waits.FOR_AN_UPLOAD, Waits.FOR_A_PROBE, Waits.FOR_NOTHING})


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
        if view.waits not in _BULK:
            pace.request_came()
        if view.waits is Waits.FOR_NOTHING:
            environ = wsgi_calls.environ_of(scope, io.BytesIO(), 0) | {ARRIVED_KEY: arrived}
            answer, whole = wsgi_calls.call(self._application, environ)
            await answering.send_whole(answer.status, answer.headers, whole or b"", send)
            return
        try:
            with self._in_progress.request(scope), bodies.kept(self._bodies, view.takes) as body:
                environ = wsgi_calls.environ_of(scope, bodies.unread(), 1)
                environ[ARRIVED_KEY] = arrived
                request = _Request(self, scope, environ, receive, send)
                if not bodies.is_large(view.takes, scope) or await request.is_wanted():
                    environ |= wsgi_calls.body_of(await body.read(scope, receive), body.size)
                await request.answer(view)
        except SessionError as error:
            await answering.refuse(error, view, scope, arrived, send)
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
    """A request on its way through its queue, as soon as its body is there, or is not wanted."""

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
        self._is_wanted = True

    async def is_wanted(self) -> bool:
        """Whether its view wants the body, which has not been received; raises Overloaded."""
        await self._look_up_key()
        slot = await self._gateway.queues.of(Waits.FOR_A_WRITE).enter()
        try:
            self._is_wanted = await slot.call(callers.may_send, self._environ)
        finally:
            slot.release()
        return self._is_wanted

    async def answer(self, view: Declared) -> None:
        """Wait for a thread, run Django and send what it says; raises Overloaded, Gone."""
        try:
            if view.waits is not Waits.FOR_ACCOUNTS:
                await self._look_up_key()
            if view.waits is Waits.FOR_A_MODEL and self._is_wanted:
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
        if KNOWN_KEY in self._environ or not callers.has_api_key(self._environ):
            return
        slot = await self._gateway.queues.keys.enter()
        try:
            await slot.call(callers.look_up_key, self._environ)
        finally:
            slot.release()

    async def _enter(self, view: Declared) -> Slot:
        queue = self._gateway.queues.of(view.waits)
        if not self._is_wanted:
            return await self._gateway.queues.of(Waits.FOR_A_WRITE).enter()
        if view.waits is Waits.FOR_AN_UPLOAD:
            # All of it has come: to refuse it now would have it sent again.
            return await queue.reenter(callers.caller_of(self._environ, ""))
        if view.waits is not Waits.FOR_MUCH:
            return await queue.enter(watch=self._watch)
        caller = callers.caller_of(self._environ, connections.address_of(self._scope))
        slot = await queue.enter(caller=caller, watch=self._watch)
        waited = slot.began - self._environ[ARRIVED_KEY]
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
            if self._is_wanted:
                await answering.send_whole(answer.status, answer.headers, whole, self._send)
            else:
                is_coming = "HTTP_EXPECT" not in self._environ
                await answering.send_before_body(
                    answer, whole, self._receive if is_coming else None, self._send
                )
            return
        # Nor is it held between the pieces of a stream.
        slot.release()
        chunks = answer.events or _on(slot, answer.body)
        try:
            await answering.start(answer.status, answer.headers, self._send)
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

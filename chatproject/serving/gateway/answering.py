"""How answers are sent over ASGI, and refusals of what was not begun."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from chatproject.http import cross_origin, error_pages
from chatproject.logs import access_log
from chatproject.logs.request_ids import with_request_id
from chatproject.metrics.labels import method_label, route_label
from chatproject.metrics.requests import count
from chatproject.serving.gateway.wsgi_calls import Answer, Headers, Scope
from chatproject.traces import requests as traced
from sessions_app import instruments
from sessions_app.domain.errors import SessionError
from sessions_app.http import request_ids
from sessions_app.http.waiting import Declared

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Request Timeout and Content Too Large.
_UNREAD = frozenset({408, 413})
# How long a client that is sending what was refused may go on, so that it reads why.
LINGER_SECONDS = 5.0


async def start(status: int, headers: Headers, send: Send) -> None:
    """Send the status and the headers."""
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def send_whole(status: int, headers: Headers, body: bytes, send: Send) -> None:
    """Send an answer that is there."""
    await start(status, headers, send)
    await send({"type": "http.response.body", "body": body})


async def send_before_body(
    answer: Answer, whole: bytes, receive: Receive | None, send: Send
) -> None:
    """Send an answer while the body still comes, of which nothing is kept.

    The connection is closed behind it, but not at once: a client that is sending would be told
    of that rather than of the answer (RFC 9112, 9.6). Without `receive`, the client waits to be
    told to send, and has been told not to.
    """
    await start(answer.status, [*answer.headers, (b"connection", b"close")], send)
    await send({"type": "http.response.body", "body": whole, "more_body": True})
    if receive is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await receive()).get("more_body"):
                    pass
    await send({"type": "http.response.body", "body": b""})


async def refuse(
    error: SessionError, view: Declared, scope: Scope, arrived: float, send: Send
) -> None:
    """Answer a request that was not begun, as its routes word errors."""
    status, headers, body = error_pages.refusal(scope["path"], error)
    sent = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    request_id = request_ids.accepted(sent.get(b"x-request-id", ""))
    headers.append((request_ids.HEADER, request_id))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        body = with_request_id(body, request_id)
    if b"origin" in sent:
        headers += cross_origin.headers_for(sent[b"origin"])
    encoded = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers]
    encoded.append((b"content-length", str(len(body)).encode()))
    if status in _UNREAD:
        # What is left of the body is not read, so nothing can follow on this connection.
        encoded.append((b"connection", b"close"))
    instruments.request_refused(view.waits.value, error.code)
    traced.refused(scope, view.route, status, arrived)
    seconds = time.monotonic() - arrived
    count(view.route, scope["method"], status, seconds)
    access_log.log(
        route=route_label(view.route),
        method=method_label(scope["method"]),
        status=status,
        seconds=seconds,
        request_id=request_id,
    )
    await send_whole(status, encoded, body, send)

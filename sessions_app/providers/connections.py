"""Connections to one server, for any number of calls at once."""

import asyncio
import atexit
import io
import os
import ssl
import weakref
from contextlib import suppress
from uuid import UUID

import aiohttp
import certifi

from sessions_app import event_loop, request_context, tracing

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 30
_BAD_REQUEST = 400

# How long anything else may take, the limits of each call say.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)


class Connections:
    """Sends requests to one URL; used on the event loop."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}
        # Some servers (llama-cpp-python's) refuse every id of a request that is no UUID.
        self._wants_uuids = False
        # Read once: it takes longer than a request.
        self._tls = _trusted()
        # At most one, and the loop to which its connections belong.
        self._sessions: list[aiohttp.ClientSession] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        # Whoever is dropped unclosed leaves no connections behind.
        weakref.finalize(self, _close, self._sessions).atexit = False

    async def send(self, body: bytes) -> aiohttp.ClientResponse:
        """The response to a POST of `body`, its own body unread; it must be closed.

        Raises aiohttp.ClientError. Closing it gives the connection back where all has been read,
        else ends it.
        """
        request_id = request_context.request_id()
        if not request_id or (self._wants_uuids and not _is_uuid(request_id)):
            return await self._post(body, {})
        answer = await self._post(body, {request_context.REQUEST_ID_HEADER: request_id})
        if not _may_mind_the_id(answer) or _is_uuid(request_id):
            return answer
        answer.close()
        answer = await self._post(body, {})
        # Also a refusal in JSON: then the request has come through to the API.
        self._wants_uuids = not _may_mind_the_id(answer)
        return answer

    async def _post(self, body: bytes, named: dict[str, str]) -> aiohttp.ClientResponse:
        headers = named | tracing.headers()
        return await self._session().post(self._url, data=io.BytesIO(body), headers=headers)

    async def close(self) -> None:
        """Close all connections."""
        sessions, self._sessions[:] = list(self._sessions), []
        for session in sessions:
            await session.close()

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if not self._sessions or self._loop is not loop:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, ssl=self._tls)
            session = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                timeout=_TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=True,
            )
            self._sessions[:], self._loop = [session], loop
            _open.add(session)
        return self._sessions[0]


def _may_mind_the_id(answer: aiohttp.ClientResponse) -> bool:
    """Whether it is a refusal from in front of the server's API, which explains itself in JSON."""
    return answer.status == _BAD_REQUEST and answer.content_type != "application/json"


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _trusted() -> ssl.SSLContext:
    """Trusts what SSL_CERT_FILE and SSL_CERT_DIR name, else the usual authorities."""
    is_named = {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys()
    return ssl.create_default_context(cafile=None if is_named else certifi.where())


# Closed at the end of the process: aiohttp complains of those that are not.
_open: weakref.WeakSet[aiohttp.ClientSession] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for session in list(_open):
        with suppress(RuntimeError, TimeoutError):
            event_loop.submit(session.close()).result(1.0)


def _close(sessions: list[aiohttp.ClientSession]) -> None:
    for session in sessions:
        # A loop that has ended has closed what it had.
        with suppress(RuntimeError):
            event_loop.submit(session.close())

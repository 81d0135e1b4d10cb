"""Connections to one server, for any number of calls at once."""

import weakref
from contextlib import suppress

import httpx

from sessions_app import event_loop

CONNECT_SECONDS = 5.0
# httpx's pool looks through all of its connections for each call that begins or ends, and once more
# for each idle one. So a pool has this many, and there are as many pools as calls need.
CALLS_PER_POOL = 32
IDLE_SECONDS = 30


class _Pool:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.calls = 0


class Exchange:
    """A request and its response, whose body is unread; it must be closed."""

    def __init__(self, pool: _Pool, response: httpx.Response) -> None:
        self._pool, self.response = pool, response
        self._is_open = True

    async def close(self) -> None:
        """Give the connection back where the body has been read, else end it."""
        if self._is_open:
            self._is_open = False
            self._pool.calls -= 1
            await self.response.aclose()


class Connections:
    """Sends requests to one URL; used on the event loop."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url, self._headers = url, headers
        self._pools: list[_Pool] = []
        # Read once: it takes longer than a request.
        self._tls = httpx.create_ssl_context()
        # Whoever is dropped unclosed leaves no connections behind.
        weakref.finalize(self, _close, self._pools).atexit = False

    async def send(self, body: bytes) -> Exchange:
        """The exchange that begins with a POST of `body`; raises httpx.HTTPError."""
        pool = self._with_room()
        pool.calls += 1
        try:
            request = pool.http.build_request("POST", self._url, content=body)
            return Exchange(pool, await pool.http.send(request, stream=True))
        except BaseException:
            pool.calls -= 1
            raise

    async def close(self) -> None:
        """Close all connections."""
        pools, self._pools[:] = list(self._pools), []
        for pool in pools:
            await pool.http.aclose()

    def _with_room(self) -> _Pool:
        # The first, so that its idle connections are used again before new ones are made.
        for pool in self._pools:
            if pool.calls < CALLS_PER_POOL:
                return pool
        limits = httpx.Limits(
            max_connections=None,
            max_keepalive_connections=CALLS_PER_POOL,
            keepalive_expiry=IDLE_SECONDS,
        )
        http = httpx.AsyncClient(
            verify=self._tls,
            # How long anything else may take, the limits of each call say.
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=limits,
            headers={"Content-Type": "application/json", **self._headers},
            follow_redirects=True,
        )
        self._pools.append(_Pool(http))
        return self._pools[-1]


def _close(pools: list[_Pool]) -> None:
    for pool in pools:
        # A loop that has ended has closed what it had.
        with suppress(RuntimeError):
            event_loop.submit(pool.http.aclose())

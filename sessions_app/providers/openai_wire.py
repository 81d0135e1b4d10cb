"""Requests to a server that speaks OpenAI's chat completions, and the limits of each call.

What is asked again is what failed before an answer began, within the call's own time.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from sessions_app import event_loop
from sessions_app.domain.errors import ProviderError, ProviderTimeout
from sessions_app.providers.connections import Connections, Exchange

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Busy, starting up, or between two deployments; anything else would fail again.
_WORTH_REPEATING = frozenset({408, 409, 429, 500, 502, 503, 504})
# Answers to a request that has a member too many.
_DISLIKES = frozenset({400, 422})
_ERROR_MAX_BYTES = 64 * 1024

UNREACHABLE = "The model's server cannot be reached."
BROKEN_OFF = "The model's server broke off its answer."


class Refused(Exception):
    """The server answered with an error; `error` is what it said of it, if anything."""

    def __init__(self, response: httpx.Response, error: Mapping[str, Any]) -> None:
        super().__init__(str(response.status_code))
        self.status, self.error = response.status_code, error
        self.retry_after = response.headers.get("retry-after", "")

    def dislikes(self, member: str) -> bool:
        """Whether it is about this member of the request."""
        return member in f"{self.error.get('param')} {self.error.get('message')}"


class Limits:
    """How long a call may last: so long without progress, and so long in all.

    The clock runs from when it is made.
    """

    def __init__(self, *, silence_seconds: float, total_seconds: float = math.inf) -> None:
        self._silence_seconds = silence_seconds
        self._end = time.monotonic() + total_seconds
        self.progress()

    def progress(self) -> None:
        """Something came: the silence begins anew."""
        self._deadline = min(self._end, time.monotonic() + self._silence_seconds)

    @property
    def seconds_left(self) -> float:
        """Until the nearer of the limits; negative after it."""
        return self._deadline - time.monotonic()

    async def within(self, work: Awaitable[T]) -> T:
        """What `work` gives; raises ProviderTimeout where the call has no time left for it."""
        try:
            async with asyncio.timeout(max(0.0, self.seconds_left)):
                return await work
        except TimeoutError as error:
            raise ProviderTimeout from error

    async def chunks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """The body as it comes; raises ProviderTimeout, httpx.HTTPError."""
        body = response.aiter_bytes()
        while (chunk := await self.within(anext(body, None))) is not None:
            yield chunk
            # A server that always has a byte ready would never be waited for.
            if self.seconds_left <= 0:
                raise ProviderTimeout


class Wire:
    """A client of one server, and what it has learned of that server's dialect."""

    def __init__(self, *, base_url: str, api_key: str) -> None:
        url = f"{base_url.rstrip('/')}/chat/completions"
        key = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._connections = Connections(url, key)
        # The name every compatible server knows. OpenAI's own newer models refuse it, and others
        # ignore the newer name and run on without a bound.
        self._limit_name = "max_tokens"
        self._asks_for_usage = True

    def close(self) -> None:
        """Give the connections back."""
        event_loop.run(self._connections.close())

    async def send(self, body: bytes) -> Exchange:
        """A request as it is and its response, whatever its status.

        Nothing is asked again. Raises httpx.HTTPError.
        """
        return await self._connections.send(body)

    @asynccontextmanager
    async def opened(
        self,
        request: Mapping[str, Any],
        limits: Limits,
        *,
        max_tokens: int | None,
        retry_waits: Sequence[float],
    ) -> AsyncIterator[httpx.Response]:
        """The response to `request`, its body unread.

        Raises ProviderError, ProviderTimeout, from within the block too.
        """
        try:
            exchange = await self._accepted(request, limits, max_tokens, iter(retry_waits))
        except httpx.TimeoutException as error:
            raise ProviderTimeout from error
        except Refused as error:
            # Not in its own words, which can hold a key or an address.
            raise _logged(ProviderError(f"The model's server answered {error.status}.")) from error
        except httpx.HTTPError as error:
            raise _logged(ProviderError(UNREACHABLE)) from error
        try:
            yield exchange.response
        except httpx.TimeoutException as error:
            raise ProviderTimeout from error
        except httpx.HTTPError as error:
            raise _logged(ProviderError(BROKEN_OFF)) from error
        finally:
            await exchange.close()

    async def _accepted(
        self,
        request: Mapping[str, Any],
        limits: Limits,
        max_tokens: int | None,
        waits: Iterator[float],
    ) -> Exchange:
        while True:
            body = self._body(request, max_tokens)
            try:
                return await limits.within(self._asked(body))
            except (Refused, httpx.HTTPError) as error:
                if self._learns(error, body):
                    continue
                wait = _wait(error, next(waits, None))
                if wait is None or wait >= limits.seconds_left:
                    raise
            await asyncio.sleep(wait)

    async def _asked(self, body: Mapping[str, Any]) -> Exchange:
        exchange = await self.send(json.dumps(body, ensure_ascii=False).encode())
        if exchange.response.is_success:
            return exchange
        try:
            raise Refused(exchange.response, await _error_in(exchange.response))
        finally:
            await exchange.close()

    def _body(self, request: Mapping[str, Any], max_tokens: int | None) -> dict[str, Any]:
        body = dict(request)
        if max_tokens is not None:
            body[self._limit_name] = max_tokens
        if body.get("stream") and self._asks_for_usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def _learns(self, error: Exception, body: Mapping[str, Any]) -> bool:
        """Whether the server dislikes a name that can be left out or changed, from here on."""
        if not isinstance(error, Refused) or error.status not in _DISLIKES:
            return False
        if error.error.get("param") == "max_tokens" and "max_tokens" in body:
            self._limit_name = "max_completion_tokens"
            return True
        if "stream_options" in body and error.dislikes("stream_options"):
            self._asks_for_usage = False
            return True
        return False


async def _error_in(response: httpx.Response) -> dict[str, Any]:
    """The error object of an answer, as far as it is one of a sensible size."""
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _ERROR_MAX_BYTES:
            return {}
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError, RecursionError):
        return {}
    return error if isinstance(error, dict) else {"message": error}


def _wait(error: Exception, usual: float | None) -> float | None:
    """Seconds before asking again; None where that is of no use or was done often enough."""
    if usual is None or isinstance(error, httpx.TimeoutException):
        return None
    if not isinstance(error, Refused):
        return usual
    if error.status not in _WORTH_REPEATING:
        return None
    return max(usual, _retry_after(error.retry_after))


def _retry_after(value: str) -> float:
    """Seconds or a date (RFC 9110, 10.2.3); 0 for anything else."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0


def _logged(failure: ProviderError) -> ProviderError:
    logger.warning("%s", failure.detail)
    return failure

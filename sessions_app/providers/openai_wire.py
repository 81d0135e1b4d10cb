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
from typing import Any, TypeVar, cast

import aiohttp

from sessions_app import event_loop
from sessions_app.domain.dialect import Manner, Refusal, other_manner, refusal_of
from sessions_app.domain.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
)
from sessions_app.providers.connections import Connections
from sessions_app.providers.openai_chunks import refused

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Starting up, or between two deployments; anything else would fail again.
_WORTH_REPEATING = frozenset({500, 502, 503, 504})
# What a client that is waiting is told, and repeats itself; in the background nobody else does.
_WORTH_REPEATING_UNSEEN = _WORTH_REPEATING | {408, 409, 429}
# Answers to a request that has a member too many.
_DISLIKES = frozenset({400, 422})
_ERROR_MAX_BYTES = 64 * 1024

UNREACHABLE = "The model's server cannot be reached."
BROKEN_OFF = "The model's server broke off its answer."


class Refused(Exception):
    """The server answered with an error; `refusal` is what it said of it, without secrets."""

    def __init__(
        self, response: aiohttp.ClientResponse, body: bytes, secrets: Sequence[str]
    ) -> None:
        super().__init__(str(response.status))
        self.status = response.status
        self.refusal = refusal_of(self.status, body, secrets)
        self.retry_after = response.headers.get("retry-after", "")
        self._error = _error_in(body)

    @property
    def is_about_messages(self) -> bool:
        """A 500 of a chat template that raises: it would again."""
        return self.status == 500 and bool(_may_be_written_otherwise(self.refusal))

    def is_about(self, member: str) -> bool:
        """Whether it names this member of the request as the one at fault."""
        return self._error.get("param") == member

    def dislikes(self, member: str) -> bool:
        """Whether it speaks of this member of the request."""
        return member in f"{self._error.get('param')} {self._error.get('message')}"


def _may_be_written_otherwise(refusal: Refusal) -> bool:
    return other_manner(Manner(), refusal, has_attachments=True) is not None


def _error_in(body: bytes) -> Mapping[str, Any]:
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError, RecursionError):
        return {}
    return error if isinstance(error, dict) else {"message": error}


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

    async def chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        """The body as it comes; raises ProviderTimeout, aiohttp.ClientError."""
        body = response.content
        while (
            chunk := _before_a_break(body)
            or body.read_nowait()
            or await self.within(body.readany())
        ):
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
        self._secrets = tuple(filter(None, (api_key, base_url)))
        # The name every compatible server knows. OpenAI's own newer models refuse it, and others
        # ignore the newer name and run on without a bound.
        self._limit_name = "max_tokens"
        self._asks_for_usage = True

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may tell."""
        return self._secrets

    def close(self) -> None:
        """Give the connections back."""
        event_loop.run(self._connections.close())

    async def send(self, body: bytes) -> aiohttp.ClientResponse:
        """The response to a request that is sent as it is, whatever its status; it must be closed.

        Nothing is asked again. Raises aiohttp.ClientError.
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
        is_unseen: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response to `request`, its body unread.

        `is_unseen`: no client waits that could repeat what this does not. Raises ProviderError and
        its kinds, from within the block too.
        """
        statuses = _WORTH_REPEATING_UNSEEN if is_unseen else _WORTH_REPEATING
        try:
            response = await self._accepted(
                request, limits, max_tokens, iter(retry_waits), statuses
            )
        except (ProviderTimeout, aiohttp.ServerTimeoutError) as error:
            raise _repeated(ProviderTimeout()) from error
        except (Refused, aiohttp.ClientError) as error:
            raise _logged(_repeated(_failure(error))) from error
        try:
            yield response
        except (ProviderTimeout, aiohttp.ServerTimeoutError) as error:
            raise _repeated(ProviderTimeout()) from error
        except aiohttp.ClientError as error:
            raise _logged(_repeated(ProviderError(BROKEN_OFF))) from error
        finally:
            response.close()

    async def _accepted(
        self,
        request: Mapping[str, Any],
        limits: Limits,
        max_tokens: int | None,
        waits: Iterator[float],
        statuses: frozenset[int],
    ) -> aiohttp.ClientResponse:
        while True:
            body = self._body(request, max_tokens)
            try:
                return await limits.within(self._asked(body))
            except (Refused, aiohttp.ClientError) as error:
                if self._learns(error, body):
                    continue
                if isinstance(error, Refused) and error.is_about_messages:
                    raise
                wait = _wait(error, next(waits, None), statuses)
                if wait is None or wait >= limits.seconds_left:
                    raise
            await asyncio.sleep(wait)

    async def _asked(self, body: Mapping[str, Any]) -> aiohttp.ClientResponse:
        response = await self.send(json.dumps(body, ensure_ascii=False).encode())
        if response.ok:
            return response
        try:
            raise Refused(response, await _start_of(response), self._secrets)
        finally:
            response.close()

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
        if error.is_about("max_tokens") and "max_tokens" in body:
            self._limit_name = "max_completion_tokens"
            return True
        if "stream_options" in body and error.dislikes("stream_options"):
            self._asks_for_usage = False
            return True
        return False


def _before_a_break(body: aiohttp.StreamReader) -> bytes:
    """What had come when the connection broke, which a reader that has failed keeps to itself."""
    failure = body.exception()
    if failure is None:
        return b""
    body.set_exception(cast("BaseException", None))
    rest = body.read_nowait()
    body.set_exception(failure)
    return rest


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """The body of an error, as far as it is of a sensible size."""
    body = b""
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _ERROR_MAX_BYTES:
            return b""
    return body


def _failure(error: Exception) -> ProviderError:
    """What may be told: of a refusal the server's own words, without secrets."""
    if not isinstance(error, Refused):
        return ProviderError(UNREACHABLE)
    if _may_be_written_otherwise(error.refusal):
        return ProviderRefused(error.refusal)
    wait = _retry_after(error.retry_after) if error.retry_after else None
    failure = refused(error.refusal, retry_after=wait)
    return failure or ProviderError(f"The model's server answered {error.status}.")


def _repeated(failure: ProviderError) -> ProviderError:
    """Say that no client need repeat this: it has been, as far as that is of use."""
    failure.repeated = not isinstance(failure, ProviderBusy)
    return failure


def _wait(error: Exception, usual: float | None, statuses: frozenset[int]) -> float | None:
    """Seconds before asking again; None where that is of no use or was done often enough."""
    if usual is None or isinstance(error, aiohttp.ServerTimeoutError):
        return None
    if not isinstance(error, Refused):
        return usual
    if error.status not in statuses:
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
    # A refusal's own words may quote what somebody has written.
    if isinstance(failure, ProviderRefused | ProviderBusy):
        logger.warning("The model's server answered %s.", failure.refusal.status)
    else:
        logger.warning("%s", failure.detail)
    return failure

"""Requests to a server that speaks OpenAI's chat completions, through the official package.

What is asked again is what failed before an answer began, within the call's own time. The
package's retries are off: each of them would have the full time again.
"""

import logging
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
from openai import (
    APIConnectionError,
    APIError,
    APIResponse,
    APIStatusError,
    APITimeoutError,
    DefaultHttpxClient,
    OpenAI,
)

from sessions_app.domain.dialect import Manner, Refusal, other_manner, refusal_of
from sessions_app.domain.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
)
from sessions_app.providers.calls import Call, make_closable
from sessions_app.providers.openai_chunks import refused

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
# Of finished calls, for the next ones; how many are open at once is the callers' affair.
IDLE_CONNECTIONS = 256
# Starting up, or between two deployments; anything else would fail again.
_WORTH_REPEATING = frozenset({500, 502, 503, 504})
# What a client that is waiting is told, and repeats itself; in the background nobody else does.
_WORTH_REPEATING_UNSEEN = _WORTH_REPEATING | {408, 409, 429}
# Answers to a request that has a member too many.
_DISLIKES = frozenset({400, 422})
# A local server asks for none, and the package does not start without one.
_NO_KEY = "none"


class Wire:
    """A client of one server, and what it has learned of that server's dialect."""

    def __init__(self, *, base_url: str, api_key: str) -> None:
        limits = httpx2.Limits(
            max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS, keepalive_expiry=30
        )
        http = DefaultHttpxClient(limits=limits)
        make_closable(http)
        self._client = OpenAI(
            base_url=base_url, api_key=api_key or _NO_KEY, max_retries=0, http_client=http
        )
        self._http, self._url = http, f"{base_url.rstrip('/')}/chat/completions"
        self._headers = {
            "Authorization": f"Bearer {api_key or _NO_KEY}",
            "Content-Type": "application/json",
        }
        self._secrets = tuple(filter(None, (api_key, base_url)))
        # A wire that is dropped unclosed leaves no connections behind.
        weakref.finalize(self, self._client.close)
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
        self._client.close()

    def passed_on(self, body: bytes, call: Call) -> httpx2.Response:
        """The response to a request that is sent as it is, its body unread; whatever its status.

        Nothing is asked again. Raises httpx2.HTTPError.
        """
        left = max(0.001, call.seconds_left)
        request = self._http.build_request(
            "POST",
            self._url,
            content=body,
            headers=self._headers,
            timeout=httpx2.Timeout(left, connect=min(left, CONNECT_SECONDS)),
        )
        with call.on_this_thread():
            return self._http.send(request, stream=True)

    @contextmanager
    def opened(
        self,
        request: Mapping[str, Any],
        call: Call,
        *,
        max_tokens: int | None,
        retry_waits: Sequence[float],
        unseen: bool = False,
    ) -> Iterator[APIResponse[Any] | None]:
        """The response to `request`, its body unread; None when the call was closed meanwhile.

        `unseen`, where no client waits that could repeat what this does not. Raises ProviderError
        and its kinds, from within the block too.
        """
        statuses = _WORTH_REPEATING_UNSEEN if unseen else _WORTH_REPEATING
        try:
            waits = iter(retry_waits)
            with self._response(request, call, max_tokens, waits, statuses) as response:
                yield response
        except (APITimeoutError, httpx2.TimeoutException) as error:
            raise _repeated(ProviderTimeout()) from error
        except (APIError, httpx2.HTTPError) as error:
            failure = _repeated(self._failure(error))
            if not call.closed:
                logger.warning("%s", _for_the_log(failure))
            raise failure from error

    @contextmanager
    def _response(
        self,
        request: Mapping[str, Any],
        call: Call,
        max_tokens: int | None,
        waits: Iterator[float],
        statuses: frozenset[int],
    ) -> Iterator[APIResponse[Any] | None]:
        while not call.closed:
            body = self._body(request, max_tokens)
            try:
                with call.on_this_thread():
                    manager = self._asked(body, call)
                    response = manager.__enter__()
                break
            except (APIError, httpx2.HTTPError) as error:
                if self._learns(error, body):
                    continue
                if isinstance(error, APIStatusError) and self._is_about_messages(error):
                    raise
                wait = _wait(error, next(waits, None), statuses)
                if wait is None or wait >= call.seconds_left:
                    raise
                call.pause(wait)
        else:
            yield None
            return
        try:
            yield response
        finally:
            manager.__exit__(None, None, None)

    def _asked(self, body: dict[str, Any], call: Call) -> AbstractContextManager[APIResponse[Any]]:
        left = max(0.001, call.seconds_left)
        return self._client.chat.completions.with_streaming_response.create(
            model=body["model"],
            # The body's own take their place. Here the package would walk through each of them to
            # see what it is, which for a hundred messages takes ten times all the rest.
            messages=[],
            extra_body=body,
            timeout=httpx2.Timeout(left, connect=min(left, CONNECT_SECONDS)),
        )

    def _body(self, request: Mapping[str, Any], max_tokens: int | None) -> dict[str, Any]:
        body = dict(request)
        if max_tokens is not None:
            body[self._limit_name] = max_tokens
        if body.get("stream") and self._asks_for_usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def _learns(self, error: Exception, body: Mapping[str, Any]) -> bool:
        """Whether the server dislikes a name that can be left out or changed, from here on."""
        if not isinstance(error, APIStatusError) or error.status_code not in _DISLIKES:
            return False
        if error.param == "max_tokens" and "max_tokens" in body:
            self._limit_name = "max_completion_tokens"
            return True
        if "stream_options" in body and "stream_options" in f"{error.param} {error.message}":
            self._asks_for_usage = False
            return True
        return False

    def _refusal(self, error: APIStatusError) -> Refusal:
        body: bytes | str = b""
        with suppress(httpx2.HTTPError, httpx2.StreamError, RuntimeError):
            body = error.response.content
        return refusal_of(error.status_code, body, self._secrets)

    def _is_about_messages(self, error: APIStatusError) -> bool:
        """A 500 of a chat template that raises: it would again."""
        return error.status_code == 500 and bool(other_manner(Manner(), self._refusal(error)))

    def _failure(self, error: Exception) -> ProviderError:
        """What may be told: of a refusal the server's own words, without secrets."""
        if isinstance(error, APIStatusError):
            refusal = self._refusal(error)
            if other_manner(Manner(), refusal):
                return ProviderRefused(refusal)
            headers = error.response.headers
            wait = _retry_after(headers["retry-after"]) if "retry-after" in headers else None
            failure = refused(refusal, retry_after=wait)
            return failure or ProviderError(f"The model's server answered {error.status_code}.")
        if isinstance(error, APIConnectionError):
            return ProviderError("The model's server cannot be reached.")
        return ProviderError("The model's server broke off its answer.")


def _for_the_log(failure: ProviderError) -> str:
    """A refusal's own words may quote what somebody has written."""
    if isinstance(failure, ProviderRefused | ProviderBusy):
        return f"The model's server answered {failure.refusal.status}."
    return failure.detail


def _repeated(failure: ProviderError) -> ProviderError:
    """Say that no client need repeat this: it has been, as far as that is of use."""
    failure.repeated = not isinstance(failure, ProviderBusy)
    return failure


def _wait(error: Exception, usual: float | None, statuses: frozenset[int]) -> float | None:
    """Seconds before asking again; None where that is of no use or was done often enough."""
    if usual is None or isinstance(error, APITimeoutError | httpx2.TimeoutException):
        return None
    if isinstance(error, APIConnectionError):
        return usual
    if not isinstance(error, APIStatusError) or error.status_code not in statuses:
        return None
    return max(usual, _retry_after(error.response.headers.get("retry-after", "")))


def _retry_after(value: str) -> float:
    """Seconds or a date (RFC 9110, 10.2.3); 0 for anything else."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0

"""Any server that speaks OpenAI's chat completions, through the official `openai` package.

The package bounds each wait, not a whole call: a server that trickles holds it for ever, and each
of its retries has the full time again. Here one deadline holds for everything that a call does.
"""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import httpx2
from openai import (
    APIConnectionError,
    APIError,
    APIResponse,
    APIStatusError,
    APITimeoutError,
    OpenAI,
)

from sessions_app.domain.errors import ProviderError, ProviderTimeout
from sessions_app.providers import Completion, Messages
from sessions_app.providers.openai_stream import StreamedReply

logger = logging.getLogger(__name__)

RETRY_WAITS_SECONDS = (0.5, 2.0)
CONNECT_SECONDS = 5.0
ANSWER_MAX_BYTES = 1024 * 1024
# Busy, starting up, or between two deployments; anything else would fail again.
_WORTH_REPEATING = frozenset({408, 409, 429, 500, 502, 503, 504})
# A local server asks for none, and the package does not start without one.
_NO_KEY = "none"
_REFUSED = "The model's server answered {status}."


class OpenAICompatible:
    """A `Provider`. `timeout_seconds` bounds a call with its retries; threads may share it."""

    def __init__(self, *, base_url: str, api_key: str, model: str, timeout_seconds: float) -> None:
        self._client = OpenAI(base_url=base_url, api_key=api_key or _NO_KEY, max_retries=0)
        self.name = model
        self._timeout_seconds = timeout_seconds
        # The name every compatible server knows. OpenAI's own newer models refuse it, and others
        # ignore the newer name and run on without a bound.
        self._limit_name = "max_tokens"

    def close(self) -> None:
        """Give its connections back."""
        self._client.close()

    def complete(self, messages: Messages, *, max_tokens: int) -> Completion:
        """As `Provider.complete`. Repeats what failed before an answer began, never a timeout."""
        deadline = time.monotonic() + self._timeout_seconds
        waits = iter(RETRY_WAITS_SECONDS)
        while True:
            try:
                return _completion(self._ask(messages, max_tokens, deadline), self.name)
            except (APITimeoutError, httpx2.TimeoutException) as error:
                raise ProviderTimeout from error
            except (APIError, httpx2.HTTPError) as error:
                if self._limit_was_misnamed(error):
                    continue
                wait = _wait(error, next(waits, None))
                failure = _failure(error)
                if wait is None or time.monotonic() + wait >= deadline:
                    logger.warning("%s", failure.detail)
                    raise failure from error
                time.sleep(wait)

    def stream(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> StreamedReply:
        """As `Provider.stream`."""
        request = {
            **(options or {}),
            "model": model or self.name,
            "messages": list(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if max_tokens is not None:
            request[self._limit_name] = max_tokens
        return StreamedReply(self._client, request, timeout_seconds=self._timeout_seconds)

    def _ask(self, messages: Messages, max_tokens: int, deadline: float) -> bytes:
        left = max(0.001, deadline - time.monotonic())
        request: dict[str, Any] = {"model": self.name, "messages": list(messages)}
        with self._client.chat.completions.with_streaming_response.create(
            **request,
            extra_body={self._limit_name: max_tokens},
            timeout=httpx2.Timeout(left, connect=min(left, CONNECT_SECONDS)),
        ) as response:
            return _body(response, deadline)

    def _limit_was_misnamed(self, error: Exception) -> bool:
        """Take the newer name from here on when that is what the server asks for."""
        misnamed = (
            isinstance(error, APIStatusError)
            and error.status_code == 400
            and error.param == self._limit_name == "max_tokens"
        )
        if misnamed:
            self._limit_name = "max_completion_tokens"
        return misnamed


def _body(response: APIResponse[Any], deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > ANSWER_MAX_BYTES:
            raise ProviderError("The model's server gave an endless answer.")
        if time.monotonic() > deadline:
            raise ProviderTimeout
    return bytes(body)


def _wait(error: Exception, usual: float | None) -> float | None:
    """Seconds before asking again; None where that is of no use or was done often enough."""
    if usual is None or isinstance(error, APIConnectionError):
        return usual
    if not isinstance(error, APIStatusError) or error.status_code not in _WORTH_REPEATING:
        return None
    asked = error.response.headers.get("retry-after", "")
    return max(usual, float(asked)) if asked.isascii() and asked.isdigit() else usual


def _failure(error: Exception) -> ProviderError:
    """What may be told: the server's own words can hold a key or an address."""
    if isinstance(error, APIStatusError):
        return ProviderError(_REFUSED.format(status=error.status_code))
    if isinstance(error, APIConnectionError):
        return ProviderError("The model's server cannot be reached.")
    return ProviderError("The model's server broke off its answer.")


def _completion(body: bytes, model: str) -> Completion:
    try:
        answer = json.loads(body)
        text = answer["choices"][0]["message"]["content"]
        named, usage = answer.get("model"), answer.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ProviderError("The model's server did not answer with a completion.") from error
    if not isinstance(text, str) or not text.strip():
        raise ProviderError("The model's server gave an empty answer.")
    usage = usage if isinstance(usage, dict) else {}
    return Completion(
        text=text,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        model=named if isinstance(named, str) and named else model,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**53 else None

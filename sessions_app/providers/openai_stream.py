"""A streamed answer of a server that speaks OpenAI's chat completions."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpx2
from openai import APIError, APIStatusError, APITimeoutError, OpenAI

from sessions_app.domain.errors import ProviderError, ProviderTimeout
from sessions_app.providers import Ending

CONNECT_SECONDS = 5.0


class StreamedReply:
    """A `Reply`."""

    def __init__(
        self, client: OpenAI, request: Mapping[str, Any], *, timeout_seconds: float
    ) -> None:
        self._client = client
        self._request = request
        self._timeout_seconds = timeout_seconds
        self._closed = threading.Event()
        self._response: httpx2.Response | None = None
        self._ending: Ending | None = None

    @property
    def ending(self) -> Ending | None:
        """As `Reply.ending`."""
        return self._ending

    def close(self) -> None:
        """As `Reply.close`."""
        self._closed.set()
        if self._response is not None:
            _shut(self._response)

    def __iter__(self) -> Iterator[str]:
        """As `Reply.__iter__`."""
        try:
            yield from self._pieces()
        except (APITimeoutError, httpx2.TimeoutException) as error:
            if not self._closed.is_set():
                raise ProviderTimeout from error
        except (APIError, httpx2.HTTPError, ProviderError) as error:
            if self._closed.is_set():
                return
            if isinstance(error, ProviderError):
                raise
            if isinstance(error, APIStatusError):
                raise ProviderError(f"The model's server answered {error.status_code}.") from error
            raise ProviderError("The model's server broke off its answer.") from error

    def _pieces(self) -> Iterator[str]:
        deadline = time.monotonic() + self._timeout_seconds
        with self._client.chat.completions.with_streaming_response.create(
            model=self._request["model"],
            messages=self._request["messages"],
            extra_body=dict(self._request),
            timeout=httpx2.Timeout(self._timeout_seconds, connect=CONNECT_SECONDS),
        ) as response:
            self._response = response.http_response
            finish_reason, model = "", str(self._request["model"])
            usage: dict[str, Any] = {}
            for line in response.iter_lines():
                if time.monotonic() > deadline:
                    raise ProviderTimeout
                data = line.removeprefix("data:").strip()
                if not line.startswith("data:") or self._closed.is_set():
                    continue
                if data == "[DONE]":
                    break
                try:
                    chunk = json.loads(data)
                    model, usage = chunk.get("model") or model, chunk.get("usage") or usage
                    choice = (chunk.get("choices") or [{}])[0]
                    finish_reason = choice.get("finish_reason") or finish_reason
                    text = (choice.get("delta") or {}).get("content")
                except (ValueError, LookupError, TypeError, AttributeError) as error:
                    raise ProviderError(
                        "The model's server did not answer with a completion."
                    ) from error
                if text:
                    yield text
            if not finish_reason:
                raise ProviderError("The model's server broke off its answer.")
            self._ending = Ending(
                finish_reason, usage.get("prompt_tokens"), usage.get("completion_tokens"), model
            )


def _shut(response: httpx2.Response) -> None:
    """Wake whoever waits for this response; closing alone would leave them waiting."""
    stream = response.extensions.get("network_stream")
    found = stream.get_extra_info("socket") if stream is not None else None
    if found is not None:
        with suppress(OSError):
            socket.socket.shutdown(found, socket.SHUT_RDWR)

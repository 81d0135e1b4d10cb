"""A streamed answer of a server that speaks OpenAI's chat completions."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

import httpx2
from openai import APIError

from sessions_app.domain.errors import ProviderError
from sessions_app.providers import Ending
from sessions_app.providers.calls import Call
from sessions_app.providers.openai_chunks import Answer, events
from sessions_app.providers.openai_wire import Wire

# After the last event: the end of the body, without which the connection cannot be used again.
_LAST_BYTES_SECONDS = 0.25


class StreamedReply:
    """A `Reply`. At most `silence_seconds` pass between two signs of life, retries included."""

    def __init__(
        self,
        wire: Wire,
        request: Mapping[str, Any],
        *,
        max_tokens: int | None,
        retry_waits: Sequence[float],
        silence_seconds: float,
        total_seconds: float,
        max_chars: int,
    ) -> None:
        self._wire = wire
        self._request = request
        self._max_tokens = max_tokens
        self._retry_waits = retry_waits
        self._limits = {"silence_seconds": silence_seconds, "total_seconds": total_seconds}
        self._answer = Answer(
            model=str(request["model"]), max_chars=max_chars, secrets=wire.secrets
        )
        self._lock = Lock()
        self._call: Call | None = None
        self._closed = False
        self._ending: Ending | None = None

    @property
    def ending(self) -> Ending | None:
        """As `Reply.ending`."""
        return self._ending

    def close(self) -> None:
        """As `Reply.close`; but a connection that is just being made is waited for."""
        with self._lock:
            self._closed = True
        if self._call is not None:
            self._call.close()

    def __iter__(self) -> Iterator[str]:
        """As `Reply.__iter__`."""
        with self._lock:
            if self._call is not None:
                raise RuntimeError("a reply is iterated once")
            self._call = call = Call(**self._limits)
            if self._closed:
                return
        try:
            yield from self._pieces(call)
        except ProviderError:
            if not call.closed:
                raise

    def _pieces(self, call: Call) -> Iterator[str]:
        with self._wire.opened(
            self._request, call, max_tokens=self._max_tokens, retry_waits=self._retry_waits
        ) as response:
            if response is None:
                return
            body = response.iter_bytes()
            for event in events(body):
                text = self._answer.take(event)
                if call.closed:
                    return
                if text:
                    yield text
                # After the yield: the time that the caller took is not the server's.
                call.progress()
                if self._answer.done:
                    break
            if call.closed:
                return
            if rest := self._answer.rest():
                yield rest
            self._ending = self._answer.ending()
            call.settle(_LAST_BYTES_SECONDS)
            # The answer is whole, whatever becomes of the connection.
            with suppress(APIError, httpx2.HTTPError):
                deque(body, maxlen=0)

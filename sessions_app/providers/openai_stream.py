"""A streamed answer of a server that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

import httpx

from sessions_app.domain.errors import ProviderError
from sessions_app.providers import Ending, Thought
from sessions_app.providers.openai_chunks import Answer, Events
from sessions_app.providers.openai_wire import Limits, Wire

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
        self._seconds = {"silence_seconds": silence_seconds, "total_seconds": total_seconds}
        self._answer = Answer(
            model=str(request["model"]), max_chars=max_chars, secrets=wire.secrets
        )
        self._has_begun = False
        self._ending: Ending | None = None

    @property
    def ending(self) -> Ending | None:
        """As `Reply.ending`."""
        return self._ending

    async def __aiter__(self) -> AsyncGenerator[str | Thought, None]:
        """As `Reply.__aiter__`."""
        if self._has_begun:
            raise RuntimeError("a reply is iterated once")
        self._has_begun = True
        limits, answer = Limits(**self._seconds), self._answer
        async with (
            self._wire.opened(
                self._request, limits, max_tokens=self._max_tokens, retry_waits=self._retry_waits
            ) as response,
            aclosing(limits.chunks(response)) as chunks,
        ):
            async with aclosing(_events(chunks)) as events:
                async for event in events:
                    for piece in answer.take(event):
                        yield piece
                    # After the yield: the time that the caller took is not the server's.
                    limits.progress()
                    if answer.done:
                        break
            for piece in answer.rest():
                yield piece
            self._ending = answer.ending()
            # The answer is whole, whatever becomes of the connection.
            with suppress(TimeoutError, httpx.HTTPError, ProviderError):
                async with asyncio.timeout(_LAST_BYTES_SECONDS):
                    async for _ in chunks:
                        pass


async def _events(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    events = Events()
    async for chunk in chunks:
        for event in events.take(chunk):
            yield event
    for event in events.finish():
        yield event

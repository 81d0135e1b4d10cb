"""A streamed answer of a server that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from typing import Any

import aiohttp

from sessions_app.domain.errors import ProviderError
from sessions_app.providers import Ending, Thought
from sessions_app.providers.openai_chunks import Answer, Events
from sessions_app.providers.openai_wire import Limits, Wire

# After the last event: the end of the body, without which the connection cannot be used again.
_LAST_BYTES_SECONDS = 0.25
# What comes within this time is read together, but for the first words: ten times a second is a
# flow to whoever reads it, and with hundreds of streams each reading costs what a piece does. Of
# very many streams each is read less often.
READ_SECONDS = 0.1
READS_PER_SECOND = 1000.0


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
        limits, answer, events = Limits(**self._seconds), self._answer, Events()
        async with (
            self._wire.opened(
                self._request, limits, max_tokens=self._max_tokens, retry_waits=self._retry_waits
            ) as response,
            aclosing(limits.chunks(response)) as chunks,
        ):
            with _counted():
                async for chunk in chunks:
                    for event in events.take(chunk):
                        for piece in answer.take(event):
                            yield piece
                        # After the yield: the time that the caller took is not the server's.
                        limits.progress()
                    if answer.done:
                        break
                    if answer.has_begun:
                        await asyncio.sleep(min(_pause(), limits.seconds_left / 2))
            for event in events.finish():
                for piece in answer.take(event):
                    yield piece
            for piece in answer.rest():
                yield piece
            self._ending = answer.ending()
            # The answer is whole, whatever becomes of the connection.
            with suppress(TimeoutError, aiohttp.ClientError, ProviderError):
                async with asyncio.timeout(_LAST_BYTES_SECONDS):
                    async for _ in chunks:
                        pass


def _pause() -> float:
    """Seconds until a reply is read on."""
    return max(READ_SECONDS, _Open.replies / READS_PER_SECOND)


class _Open:
    """How many replies of this process are being read."""

    replies = 0


@contextmanager
def _counted() -> Iterator[None]:
    _Open.replies += 1
    try:
        yield
    finally:
        _Open.replies -= 1

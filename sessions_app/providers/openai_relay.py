"""A request passed on to the model's server as it is, and its answer passed back."""

from collections.abc import AsyncGenerator, Mapping

import aiohttp

from sessions_app.domain.errors import ProviderError, ProviderTimeout
from sessions_app.providers.openai_wire import BROKEN_OFF, UNREACHABLE, Limits, Wire

# Room for many choices with the probabilities of their tokens, and none for an endless body.
WHOLE_MAX_BYTES = 32 * 1024 * 1024
EVENT_MAX_BYTES = 4 * 1024 * 1024


class Relay:
    """A `Passage`. At most so long as its limits allow; nothing is asked again."""

    def __init__(self, wire: Wire, body: bytes, limits: Limits) -> None:
        self._wire, self._body, self._limits = wire, body, limits
        self._response: aiohttp.ClientResponse | None = None

    async def open(self) -> tuple[int, Mapping[str, str]]:
        """As `Passage.open`."""
        try:
            response = await self._limits.within(self._wire.send(self._body))
        except aiohttp.ServerTimeoutError as error:
            raise ProviderTimeout from error
        except aiohttp.ClientError as error:
            raise ProviderError(UNREACHABLE) from error
        self._response = response
        self._limits.progress()
        return response.status, response.headers

    async def whole(self) -> bytes:
        """As `Passage.whole`."""
        body = bytearray()
        async for chunk in self._chunks():
            body += chunk
            if len(body) > WHOLE_MAX_BYTES:
                raise ProviderError("The model's server gave an endless answer.")
        return bytes(body)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """As `Passage.__aiter__`: whole events of a stream, so that others may be put between."""
        rest = b""
        async for chunk in self._chunks():
            text = rest + chunk
            end = max(_end_of(text, b"\n\n"), _end_of(text, b"\r\n\r\n"))
            events, rest = text[:end], text[end:]
            if len(rest) > EVENT_MAX_BYTES:
                raise ProviderError("The model's server gave an endless answer.")
            if events:
                yield events
            # Comments that only keep the connection open are no sign of life, as elsewhere; and
            # the time that the reader took is not the server's.
            if b"data:" in events:
                self._limits.progress()
        if rest:
            yield rest

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        assert self._response is not None  # noqa: S101 - it is opened first
        try:
            async for chunk in self._limits.chunks(self._response):
                yield chunk
        except aiohttp.ServerTimeoutError as error:
            raise ProviderTimeout from error
        except aiohttp.ClientError as error:
            raise ProviderError(BROKEN_OFF) from error
        finally:
            self._response.close()

    async def close(self) -> None:
        """As `Passage.close`."""
        if self._response is not None:
            self._response.close()


def _end_of(text: bytes, mark: bytes) -> int:
    """Where the last `mark` ends; 0 without one."""
    position = text.rfind(mark)
    return position + len(mark) if position >= 0 else 0

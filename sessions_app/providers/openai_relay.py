"""A request passed on to the model's server as it is, and its answer passed back."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

import httpx2

from sessions_app.domain.errors import ProviderError, ProviderTimeout
from sessions_app.providers.calls import Call
from sessions_app.providers.openai_wire import Wire

# Room for many choices with the probabilities of their tokens, and none for an endless body.
WHOLE_MAX_BYTES = 32 * 1024 * 1024
EVENT_MAX_BYTES = 4 * 1024 * 1024
_LAST_BYTES_SECONDS = 0.25


class Relay:
    """A `Passage`. At most so long as its call allows; nothing is asked again."""

    def __init__(self, wire: Wire, body: bytes, call: Call) -> None:
        self._wire, self._body, self._call = wire, body, call
        self._response: httpx2.Response | None = None

    def open(self) -> tuple[int, Mapping[str, str]]:
        """As `Passage.open`."""
        try:
            self._response = response = self._wire.passed_on(self._body, self._call)
        except httpx2.TimeoutException as error:
            raise ProviderTimeout from error
        except httpx2.HTTPError as error:
            raise ProviderError("The model's server cannot be reached.") from error
        self._call.progress()
        return response.status_code, response.headers

    def whole(self) -> bytes:
        """As `Passage.whole`."""
        body = bytearray()
        for chunk in self._chunks():
            body += chunk
            if len(body) > WHOLE_MAX_BYTES:
                raise ProviderError("The model's server gave an endless answer.")
        return bytes(body)

    def __iter__(self) -> Iterator[bytes]:
        """As `Passage.__iter__`: whole events of a stream, so that others may be put between."""
        rest = b""
        for chunk in self._chunks():
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
                self._call.progress()
        if rest and not self._call.closed:
            yield rest

    def _chunks(self) -> Iterator[bytes]:
        assert self._response is not None  # noqa: S101 - it is opened first
        try:
            yield from self._response.iter_bytes()
        except httpx2.TimeoutException as error:
            raise ProviderTimeout from error
        except httpx2.HTTPError as error:
            if not self._call.closed:
                raise ProviderError("The model's server broke off its answer.") from error
        finally:
            self._call.settle(_LAST_BYTES_SECONDS)
            with suppress(httpx2.HTTPError):
                self._response.close()

    def close(self) -> None:
        """As `Passage.close`."""
        self._call.close()


def _end_of(text: bytes, mark: bytes) -> int:
    """Where the last `mark` ends; 0 without one."""
    found = text.rfind(mark)
    return found + len(mark) if found >= 0 else 0

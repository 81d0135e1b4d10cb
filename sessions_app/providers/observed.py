"""Counts, times and traces every model call, by OpenTelemetry's conventions for generative AI.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ has the names. A span has what was asked for and
how it ended, never what was said.
"""

import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

from sessions_app import instruments, tracing
from sessions_app.instruments import Provided
from sessions_app.providers import (
    Completion,
    Ending,
    Messages,
    Passage,
    Provider,
    Reply,
    Server,
    Thought,
    counted_as,
)

_CHAT = "chat"
_OPENAI_HOST = "api.openai.com"
# What a request asks for, by its name on the wire: numbers only, as texts may be anybody's.
_ASKED = {
    "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
}
_NAME_MAX_CHARS = 200
_ENDED_EARLY = "cancelled"


class Call:
    """One model call in progress: its span, and what is counted of it at its end."""

    def __init__(
        self,
        system: str,
        model: str,
        address: Mapping[str, str | int],
        *,
        named: str | None,
        parameters: Mapping[str, Any],
    ) -> None:
        self._provided = Provided(_CHAT, system, counted_as(named))
        self._began = time.monotonic()
        self._is_first, self._is_over = True, False
        numbers = {
            name: parameters[member]
            for member, name in _ASKED.items()
            if type(parameters.get(member)) in {int, float}
        }
        self._span = tracing.started(
            f"{_CHAT} {model[:_NAME_MAX_CHARS]}",
            {
                "gen_ai.operation.name": _CHAT,
                "gen_ai.provider.name": system,
                "gen_ai.request.model": model[:_NAME_MAX_CHARS],
                **address,
                **numbers,
            },
            kind=tracing.CLIENT,
        )
        # What is sent in it belongs to the call, and tells its server so.
        self.current = self._span.current

    def received(self) -> None:
        """A piece of the answer has come."""
        if self._is_first:
            self._is_first = False
            seconds = time.monotonic() - self._began
            instruments.first_chunk_received(self._provided, seconds)
            self._span.note({"gen_ai.response.time_to_first_chunk": seconds})

    def used(self, usage: Mapping[str, Any] | None) -> None:
        """Count the tokens of an answer, as its server tells them."""
        counted = usage if isinstance(usage, Mapping) else {}
        details = counted.get("prompt_tokens_details")
        cached = _number(details.get("cached_tokens")) if isinstance(details, Mapping) else None
        counts = {
            "gen_ai.usage.input_tokens": _number(counted.get("prompt_tokens")),
            "gen_ai.usage.output_tokens": _number(counted.get("completion_tokens")),
            "gen_ai.usage.cache_read.input_tokens": cached,
        }
        self._span.note({name: number for name, number in counts.items() if number is not None})
        instruments.tokens_used(
            self._provided,
            input_tokens=counts["gen_ai.usage.input_tokens"],
            output_tokens=counts["gen_ai.usage.output_tokens"],
            cached=cached,
        )

    def answered(self, model: str, finish_reason: str = "") -> None:
        """Note which model has answered, and why it stopped."""
        reasons = {"gen_ai.response.finish_reasons": (finish_reason,)} if finish_reason else {}
        self._span.note({"gen_ai.response.model": model[:_NAME_MAX_CHARS], **reasons})

    def end(self, error: BaseException | None = None) -> None:
        """The call is over; once."""
        if self._is_over:
            return
        self._is_over = True
        kind = ""
        if error is not None:
            left = isinstance(error, GeneratorExit) or not isinstance(error, Exception)
            kind = _ENDED_EARLY if left else tracing.error_type(error)
            self._span.fail(kind)
        instruments.model_called(self._provided, time.monotonic() - self._began, kind)
        self._span.end()


def _number(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


class ObservedProvider:
    """A `Provider` whose calls are counted; `system` is its name by the conventions."""

    def __init__(self, provider: Provider, *, system: str, url: str = "") -> None:
        self._provider, self._system = provider, system
        host = urlsplit(url)
        port = host.port or (443 if host.scheme == "https" else 80)
        self._address: Mapping[str, str | int] = (
            {"server.address": host.hostname or "", "server.port": port} if url else {}
        )

    @property
    def name(self) -> str:
        """As `Provider.name`."""
        return self._provider.name

    def call(self, model: str | None, parameters: Mapping[str, Any]) -> Call:
        """A call that begins now."""
        return Call(
            self._system, model or self.name, self._address, named=model, parameters=parameters
        )

    def complete(self, messages: Messages, *, max_tokens: int) -> Completion:
        """As `Provider.complete`."""
        call = self.call(None, {"max_tokens": max_tokens})
        try:
            with call.current():
                completion = self._provider.complete(messages, max_tokens=max_tokens)
            call.used(_usage(completion))
            call.answered(completion.model)
        except BaseException as error:
            call.end(error)
            raise
        call.end()
        return completion

    def stream(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> "ObservedReply":
        """As `Provider.stream`."""
        reply = self._provider.stream(messages, model=model, max_tokens=max_tokens, options=options)
        parameters = {**(options or {}), "max_tokens": max_tokens}
        return ObservedReply(reply, lambda: self.call(model, parameters))


class ObservedServer(ObservedProvider):
    """The same of a server, to which requests can be passed on."""

    def __init__(self, server: Server, *, url: str) -> None:
        is_openai = urlsplit(url).hostname == _OPENAI_HOST
        super().__init__(server, system="openai" if is_openai else "openai_compatible", url=url)
        self._server = server

    def close(self) -> None:
        """Give its connections back."""
        self._server.close()

    def relay(self, body: bytes, *, model: str | None = None) -> "ObservedPassage":
        """As `Server.relay`."""
        return ObservedPassage(self._server.relay(body, model=model), lambda: self.call(model, {}))


class ObservedReply:
    """A `Reply`; the call begins with the iteration."""

    def __init__(self, reply: Reply, begin: Callable[[], Call]) -> None:
        self._reply, self._begin = reply, begin

    @property
    def ending(self) -> Ending | None:
        """As `Reply.ending`."""
        return self._reply.ending

    async def __aiter__(self) -> AsyncGenerator[str | Thought, None]:
        """As `Reply.__aiter__`."""
        call = self._begin()
        try:
            async with aclosing(aiter(self._reply)) as pieces:
                while True:
                    # Not over the yield: what the caller does is no part of the call.
                    with call.current():
                        piece = await anext(pieces, None)
                    if piece is None:
                        break
                    call.received()
                    yield piece
            if (ending := self._reply.ending) is not None:
                call.used(_usage(ending))
                call.answered(ending.model, ending.finish_reason)
        except BaseException as error:
            call.end(error)
            raise
        call.end()


class ObservedPassage:
    """A `Passage`; the call begins when it is opened, and ends with the body."""

    def __init__(self, passage: Passage, begin: Callable[[], Call]) -> None:
        self._passage, self._begin = passage, begin
        self._call: Call | None = None
        self._last: Mapping[str, Any] = {}

    async def open(self) -> tuple[int, Mapping[str, str]]:
        """As `Passage.open`."""
        call = self._call = self._begin()
        try:
            with call.current():
                status, headers = await self._passage.open()
        except BaseException as error:
            call.end(error)
            raise
        if status >= 400:
            call.end(_Status(str(status)))
        return status, headers

    async def whole(self) -> bytes:
        """As `Passage.whole`."""
        try:
            body = await self._passage.whole()
        except BaseException as error:
            self._end(error)
            raise
        self._told(body)
        self._end()
        return body

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """As `Passage.__aiter__`."""
        try:
            async with aclosing(aiter(self._passage)) as chunks:
                async for chunk in chunks:
                    if self._call is not None:
                        self._call.received()
                    if b'"usage"' in chunk:
                        for line in chunk.split(b"\n"):
                            self._told(line.removeprefix(b"data:"))
                    yield chunk
        except BaseException as error:
            self._end(error)
            raise
        self._end()

    async def close(self) -> None:
        """As `Passage.close`."""
        await self._passage.close()
        self._end(GeneratorExit())

    def _told(self, text: bytes) -> None:
        """Keep what an answer or one of its events says of tokens: the last has them all."""
        try:
            answer = json.loads(text)
        except ValueError:
            return
        if isinstance(answer, dict) and isinstance(answer.get("usage"), dict):
            self._last = answer

    def _end(self, error: BaseException | None = None) -> None:
        if self._call is None:
            return
        if self._last:
            self._call.used(self._last["usage"])
            self._call.answered(str(self._last.get("model") or ""))
            self._last = {}
        self._call.end(error)


class _Status(Exception):
    """A server's answer that is an error; its code is the status."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _usage(answer: Completion | Ending) -> Mapping[str, Any]:
    reported = answer.usage if isinstance(answer, Ending) and answer.usage else {}
    return {
        **reported,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }

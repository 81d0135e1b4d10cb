"""Any server that speaks OpenAI's chat completions."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from sessions_app import event_loop
from sessions_app.domain.dialect import ReplyReader
from sessions_app.domain.errors import ProviderError
from sessions_app.domain.limits import REPLY_MAX_CHARS
from sessions_app.providers import Completion, Messages
from sessions_app.providers.openai_chunks import count, new_call_id
from sessions_app.providers.openai_relay import Relay
from sessions_app.providers.openai_stream import StreamedReply
from sessions_app.providers.openai_wire import Limits, Wire

RETRY_WAITS_SECONDS = (0.5, 2.0)
ANSWER_MAX_BYTES = 1024 * 1024


class OpenAICompatible:
    """A `Provider` over HTTP.

    `timeout_seconds` bounds a `complete` with its retries, and of a streamed answer the wait for
    its beginning and each silence in it; `answer_seconds` and `answer_max_chars` bound how long
    that may go on.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        timeout_seconds: float,
        answer_seconds: float = 600,
        answer_max_chars: int = REPLY_MAX_CHARS,
    ) -> None:
        self.name = model
        self._wire = Wire(base_url=base_url, api_key=api_key)
        self._timeout_seconds = timeout_seconds
        self._answer_seconds = answer_seconds
        self._answer_max_chars = answer_max_chars

    def close(self) -> None:
        """Give its connections back."""
        self._wire.close()

    def complete(self, messages: Messages, *, max_tokens: int) -> Completion:
        """As `Provider.complete`. Repeats what failed before an answer began, never a timeout."""
        return event_loop.run(self._complete(messages, max_tokens))

    async def _complete(self, messages: Messages, max_tokens: int) -> Completion:
        request = {"model": self.name, "messages": list(messages)}
        limits = Limits(silence_seconds=self._timeout_seconds)
        async with self._wire.opened(
            request,
            limits,
            max_tokens=max_tokens,
            retry_waits=RETRY_WAITS_SECONDS,
            is_unseen=True,
        ) as response:
            body = await _body(response, limits)
        return _completion(body, self.name)

    def relay(self, body: bytes, *, model: str | None = None) -> Relay:
        """The request `body` passed on as it is; nothing is sent before it is opened."""
        limits = Limits(silence_seconds=self._timeout_seconds, total_seconds=self._answer_seconds)
        return Relay(self._wire, body, limits)

    def stream(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> StreamedReply:
        """As `Provider.stream`. Repeats what failed before an answer began, never a timeout."""
        request = {
            **(options or {}),
            "model": model or self.name,
            "messages": list(messages),
            "stream": True,
        }
        return StreamedReply(
            self._wire,
            request,
            max_tokens=max_tokens,
            retry_waits=RETRY_WAITS_SECONDS,
            silence_seconds=self._timeout_seconds,
            total_seconds=self._answer_seconds,
            max_chars=self._answer_max_chars,
        )


async def _body(response: aiohttp.ClientResponse, limits: Limits) -> bytes:
    body = bytearray()
    async for chunk in limits.chunks(response):
        body += chunk
        if len(body) > ANSWER_MAX_BYTES:
            raise ProviderError("The model's server gave an endless answer.")
    return bytes(body)


def _completion(body: bytes, model: str) -> Completion:
    reader = ReplyReader(new_id=new_call_id)
    try:
        answer = json.loads(body)
        piece = reader.feed(answer if answer["choices"][0] else {})
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ProviderError("The model's server did not answer with a completion.") from error
    rest, reply = reader.finish()
    text = piece.text + rest.text
    if not text.strip():
        raise ProviderError("The model's server gave an empty answer.")
    usage = reply.usage or {}
    return Completion(
        text=text,
        prompt_tokens=count(usage.get("prompt_tokens")),
        completion_tokens=count(usage.get("completion_tokens")),
        model=reply.model or model,
    )

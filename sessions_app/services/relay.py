"""Model calls without a session: passed on to the model's server, and nothing is stored."""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import orjson
from django.conf import settings

from sessions_app import event_loop, providers, tokenizer, tracing
from sessions_app.domain.data import Generation, Message, Role
from sessions_app.domain.errors import ProviderError, SessionError, TurnFailed
from sessions_app.domain.turns import Seen, TurnState
from sessions_app.providers import Ending, Passage, Reply, Thought
from sessions_app.services import identity, quotas
from sessions_app.services.turns import Feed, Outcome, Slot, spending

logger = logging.getLogger(__name__)

T = TypeVar("T")

_ERROR_MAX_BYTES = 64 * 1024
# About; for a server that does not say how many tokens a call took.
_BYTES_OF_A_TOKEN = 4
# A server's answer to what the caller has asked for, and no fault of this service's own request.
_CALLERS = frozenset({400, 404, 409, 413, 415, 422, 429})
# With the empty line that ends them where they stand alone.
_COMMENTS = re.compile(rb"^:[^\n]*\n(?:\r?\n)?", re.MULTILINE)
_SECRETS = re.compile(r"\b(?:sk|key)-[\w*.-]+|Bearer\s+\S+", re.IGNORECASE)


def model_name() -> str:
    """The model that answers unless another is named: the configured one, or the demo."""
    return providers.for_turns(count=tokenizer.count_tokens).name


def has_server() -> bool:
    """Whether there is a server to pass anything on to."""
    return providers.configured() is not None


class PassedError(SessionError):
    """The model's server refused; `status` is its own, and `error` what it said, if that may be."""

    code = "provider_error"

    def __init__(self, status: int, detail: str, error: Mapping[str, Any], retry: str) -> None:
        super().__init__(detail)
        self.status, self.error, self.retry = status, error, retry


@dataclass(frozen=True, slots=True)
class PassedWhole:
    """An answer as the server gave it."""

    body: bytes
    content_type: str


Departed = Callable[[Callable[[], object]], None]
"""Takes what is to be called when the caller has gone; that must not block."""


@tracing.step
def completion_pass(*, user_id: str, model: str, body: bytes, departed: Departed) -> PassedWhole:
    """Ask the configured server; the call ends when the caller has gone.

    Raises PassedError, ProviderError, ProviderTimeout, TooManyTurns.
    """
    with Slot(user_id, model):
        headers, answer = _waited_for(_whole(_server().relay(body, model=model)), departed)
    try:
        completion = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ProviderError("The model's server did not answer with a completion.") from error
    quotas.tokens_spent(user_id, _tokens_of(completion) or _estimate(body) + _estimate(answer))
    return PassedWhole(answer, headers.get("content-type", "application/json"))


async def _whole(passage: Passage) -> tuple[Mapping[str, str], bytes]:
    headers = await _opened(passage)
    return headers, await passage.whole()


@tracing.step
def completion_pass_streamed(
    *,
    user_id: str,
    model: str,
    body: bytes,
    failed: Callable[[SessionError], bytes],
    heartbeat: bytes,
    departed: Departed,
) -> "PassedStream":
    """The same for a stream; `failed` writes an error that comes in the middle of it.

    `heartbeat` is sent while the server says nothing; its own comments are not passed on, as some
    clients read JSON from every line.

    Raises as `completion_pass`, before anything has been streamed.
    """
    with Slot(user_id, model) as slot:
        passage = _server().relay(body, model=model)
        headers = _waited_for(_opened(passage), departed)
        if not headers.get("content-type", "").startswith("text/event-stream"):
            event_loop.run(passage.close())
            raise ProviderError("The model's server did not answer with a stream.")
        stream = PassedStream(passage, slot, failed, heartbeat, Spent(user_id, _estimate(body)))
        slot.keep()
        departed(stream.close)
        return stream


def _waited_for(work: Coroutine[Any, Any, T], departed: Departed) -> T:
    """What `work` gives, which is cancelled when the caller goes."""
    future = event_loop.submit(work)
    departed(future.cancel)
    try:
        return future.result()
    except CancelledError as error:
        raise ProviderError("The caller has gone.") from error


class PassedStream:
    """A server's events as they come, for one reader who may leave at any time.

    The server is read as fast as the reader takes what it says.
    """

    def __init__(
        self,
        passage: Passage,
        slot: Slot,
        failed: Callable[[SessionError], bytes],
        heartbeat: bytes,
        spent: "Spent",
    ) -> None:
        self._passage, self._slot, self._failed = passage, slot, failed
        self._heartbeat, self._spent = heartbeat, spent
        self._chunks = aiter(passage)
        self._next: asyncio.Task[bytes | None] | None = None
        self._is_over = False

    @property
    def ended(self) -> bool:
        """Whether everything has been taken."""
        return self._is_over

    async def wait(self, seconds: float) -> bool:
        """Wait for the next events, at most so long; whether they or the end are there."""
        if self._is_over:
            return True
        if self._next is None:
            self._next = asyncio.ensure_future(self._read())
        done, _ = await asyncio.wait([self._next], timeout=seconds)
        return bool(done)

    def take(self) -> bytes:
        """What has come."""
        task, self._next = self._next, None
        chunk = task.result() if task is not None and not task.cancelled() else None
        if chunk is None:
            self._finish()
        return chunk or b""

    def opening(self) -> bytes:
        """Nothing: the server's first event is what opens it."""
        return b""

    def heartbeat(self) -> bytes:
        """What keeps the connection open while the server says nothing."""
        return self._heartbeat

    def close(self) -> None:
        """The reader has gone: the call is ended; from any thread."""
        event_loop.call(self._close)

    async def _read(self) -> bytes | None:
        """The next events, or the error in their place; None at the end."""
        try:
            return await self._next_events()
        except SessionError as error:
            return self._failed(error)
        except Exception:
            logger.exception("a request that is passed on failed")
            return self._failed(TurnFailed())

    async def _next_events(self) -> bytes | None:
        while (chunk := await anext(self._chunks, None)) is not None:
            # Some clients read JSON from every line, so a server's comments stay here.
            if events := _COMMENTS.sub(b"", chunk):
                self._spent.read(events)
                return events
        return None

    def _close(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._finish()

    def _finish(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._slot.give_back()
            self._spent.count()
            self._closing = asyncio.ensure_future(self._passage.close())


class Spent:
    """What a stream that is passed on has cost its user: `asked` tokens, and about one an event.

    A server that says how many they were says it in its last event.
    """

    def __init__(self, user_id: str, asked: int) -> None:
        self._user_id, self._estimate, self._told = user_id, asked, 0

    def read(self, events: bytes) -> None:
        """Note what these events say of tokens."""
        self._estimate += events.count(b"data:")
        if b'"usage"' in events:
            for line in events.split(b"\n"):
                self._told = _tokens_in(line.removeprefix(b"data:")) or self._told

    def count(self) -> None:
        """The stream is over."""
        quotas.tokens_spent(self._user_id, self._told or self._estimate)


def _tokens_in(text: bytes) -> int:
    try:
        return _tokens_of(orjson.loads(text))
    except orjson.JSONDecodeError:
        return 0


def _tokens_of(completion: Any) -> int:
    """How many tokens a completion says that it took; 0 where it does not."""
    usage = completion.get("usage") if isinstance(completion, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and total > 0 else 0


def _estimate(text: bytes) -> int:
    return len(text) // _BYTES_OF_A_TOKEN


def completion_demonstrate(
    *, user_id: str, messages: Sequence[Mapping[str, Any]], max_tokens: int | None, now: datetime
) -> tuple[Feed, Callable[[], object]]:
    """The demo's answer from these messages alone, as the feed of a turn; and what ends it early.

    Raises TooManyTurns.
    """
    with Slot(user_id) as slot:
        provider = providers.for_turns(count=tokenizer.count_tokens)
        reply = provider.stream(messages, max_tokens=max_tokens)
        feed = Feed("", user_id, identity.new_turn_id(), now)
        feed.show(Seen(0, 0, "", len(messages), 0, ()), None)
        work = event_loop.submit(_demonstrate(reply, feed))
        slot.keep()
        work.add_done_callback(lambda _: slot.give_back())
    return feed, work.cancel


async def _demonstrate(reply: Reply, feed: Feed) -> None:
    try:
        async for piece in aiter(reply):
            if isinstance(piece, Thought):
                continue
            feed.add(piece)
        assert reply.ending is not None  # noqa: S101 - it has come to its end
        message = _message(reply.ending, feed)
        spending.count(feed.user_id, message, feed.seen)
        feed.finish(Outcome(TurnState.DONE, message))
    except asyncio.CancelledError:
        feed.finish(Outcome(TurnState.CANCELLED))
        raise
    finally:
        feed.finish(Outcome(TurnState.FAILED, error=TurnFailed()))


def _message(ending: Ending, feed: Feed) -> Message:
    made = Generation(
        turn_id=feed.turn_id,
        reply_to=0,
        model=ending.model,
        finish_reason=ending.finish_reason,
        prompt_tokens=ending.prompt_tokens,
        completion_tokens=ending.completion_tokens,
    )
    return Message("", 0, Role.ASSISTANT, feed.text, feed.begun_at, 0, generation=made)


def _server() -> providers.Server:
    server = providers.configured()
    assert server is not None  # noqa: S101 - the caller has asked
    return server


async def _opened(passage: Passage) -> Mapping[str, str]:
    status, headers = await passage.open()
    if status < 400:
        return headers
    text = b""
    async with aclosing(aiter(passage)) as chunks:
        async for chunk in chunks:
            text += chunk
            if len(text) > _ERROR_MAX_BYTES:
                break
    retry = headers.get("retry-after", "")
    if status in {401, 403}:
        # They are about this service's key: to the caller, a 401 would be about their own.
        raise ProviderError(f"The model's server answered {status}.")
    server_error = _said(text) if status in _CALLERS else {}
    detail = server_error.get("message") or f"The model's server answered {status}."
    raise PassedError(status, detail, server_error, retry)


def _said(body: bytes) -> dict[str, Any]:
    """The server's error without anything in it that looks like a key or names the server."""
    try:
        error = orjson.loads(body).get("error")
    except (orjson.JSONDecodeError, AttributeError):
        return {}
    if not isinstance(error, dict):
        return {}
    return {
        name: _without_secrets(value) if isinstance(value, str) else None
        for name, value in error.items()
        if name in {"message", "type", "param", "code"}
    }


def _without_secrets(text: str) -> str:
    for secret in (settings.LLM_API_KEY, settings.LLM_BASE_URL):
        text = text.replace(secret, "…") if secret else text
    return _SECRETS.sub("…", text)

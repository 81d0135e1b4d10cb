"""Model calls without a session: passed on to the model's server, and nothing is stored."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings

from sessions_app import providers, tokenizer
from sessions_app.domain.data import Generation, Message, Role
from sessions_app.domain.errors import ProviderError, SessionError, TurnFailed
from sessions_app.domain.turns import Seen, TurnState
from sessions_app.providers import Ending, Passage, Reply
from sessions_app.services import identity
from sessions_app.services.turns import Feed, Outcome, Slot

# What a reader may be behind before the server is read on.
_BUFFER_BYTES = 256 * 1024
_ERROR_MAX_BYTES = 64 * 1024
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


def completion_pass(*, body: bytes, departed: Callable[[Callable[[], None]], None]) -> PassedWhole:
    """Ask the configured server; `departed` is told what to do when the caller has gone.

    Raises PassedError, ProviderError, ProviderTimeout, TooManyTurns.
    """
    with Slot():
        passage = _server().relay(body)
        departed(passage.close)
        headers = _opened(passage)
        answer = passage.whole()
    try:
        orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ProviderError("The model's server did not answer with a completion.") from error
    return PassedWhole(answer, headers.get("content-type", "application/json"))


def completion_pass_streamed(
    *,
    body: bytes,
    failed: Callable[[SessionError], bytes],
    heartbeat: bytes,
    departed: Callable[[Callable[[], None]], None],
) -> "PassedStream":
    """The same for a stream; `failed` writes an error that comes in the middle of it.

    `heartbeat` is sent while the server says nothing; its own comments are not passed on, as some
    clients read JSON from every line.

    Raises as `completion_pass`, before anything has been streamed.
    """
    with Slot() as slot:
        passage = _server().relay(body)
        departed(passage.close)
        headers = _opened(passage)
        if not headers.get("content-type", "").startswith("text/event-stream"):
            passage.close()
            raise ProviderError("The model's server did not answer with a stream.")
        slot.keep()
        return PassedStream(passage, slot, failed, heartbeat)


class PassedStream:
    """A server's events as they come, for one reader who may leave at any time."""

    def __init__(
        self,
        passage: Passage,
        slot: Slot,
        failed: Callable[[SessionError], bytes],
        heartbeat: bytes,
    ) -> None:
        self._passage, self._slot, self._failed = passage, slot, failed
        self._heartbeat = heartbeat
        self._read = bytearray()
        self._over = self._left = False
        self.begun = False
        self._change = threading.Condition()
        self._wakers: list[Callable[[], None]] = []
        threading.Thread(target=self._run, name="pass through", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether everything has been taken."""
        return self._over and not self._read

    @property
    def has_news(self) -> bool:
        """Whether `take` would give something, or the end."""
        return self._over or bool(self._read)

    def wait(self, seconds: float) -> bool:
        """Wait for news, at most so long; whether there is some."""
        with self._change:
            return self._change.wait_for(lambda: self.has_news, seconds)

    def wake(self, waker: Callable[[], None]) -> None:
        """Call `waker`, once, at the next news."""
        with self._change:
            self._wakers.append(waker)

    def take(self) -> bytes:
        """What has come since the last time."""
        with self._change:
            taken, self._read = bytes(self._read), bytearray()
            self.begun = True
            self._change.notify_all()
        return taken

    def opening(self) -> bytes:
        """Nothing: the server's first event is what opens it."""
        return b""

    def heartbeat(self) -> bytes:
        """What keeps the connection open while the server says nothing."""
        return self._heartbeat

    def close(self) -> None:
        """The reader has gone: the call is ended."""
        with self._change:
            self._left = True
            self._change.notify_all()
        self._passage.close()

    def _run(self) -> None:
        try:
            for chunk in self._passage:
                if events := _COMMENTS.sub(b"", chunk):
                    self._put(events)
        except SessionError as error:
            self._put(self._failed(error))
        except Exception:
            self._put(self._failed(TurnFailed()))
            raise
        finally:
            self._slot.give_back()
            self._over = True
            self._tell()

    def _put(self, chunk: bytes) -> None:
        with self._change:
            self._change.wait_for(
                lambda: len(self._read) < _BUFFER_BYTES or self._left, settings.LLM_ANSWER_SECONDS
            )
            if not self._left:
                self._read += chunk
        self._tell()

    def _tell(self) -> None:
        with self._change:
            self._change.notify_all()
            wakers, self._wakers = self._wakers, []
        for waker in wakers:
            waker()


def completion_demonstrate(
    *, messages: Sequence[Mapping[str, Any]], max_tokens: int | None, now: datetime
) -> tuple[Feed, Callable[[], None]]:
    """The demo's answer from these messages alone, as the feed of a turn; and what ends it early.

    Raises TooManyTurns.
    """
    with Slot() as slot:
        provider = providers.for_turns(count=tokenizer.count_tokens)
        reply = provider.stream(messages, max_tokens=max_tokens)
        feed = Feed("", "", identity.new_turn_id(), now)
        feed.show(Seen(0, 0, "", len(messages), 0, ()), None)
        slot.keep()
        args = [reply, feed, slot]
        threading.Thread(target=_demonstrate, args=args, name="demo", daemon=True).start()
    return feed, reply.close


def _demonstrate(reply: Reply, feed: Feed, slot: Slot) -> None:
    try:
        for piece in reply:
            feed.add(piece)
        if reply.ending is None:
            feed.finish(Outcome(TurnState.CANCELLED))
        else:
            feed.finish(Outcome(TurnState.DONE, _message(reply.ending, feed)))
    finally:
        slot.give_back()
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


def _opened(passage: Passage) -> Mapping[str, str]:
    status, headers = passage.open()
    if status < 400:
        return headers
    text = b""
    for chunk in passage:
        text += chunk
        if len(text) > _ERROR_MAX_BYTES:
            break
    passage.close()
    retry = headers.get("retry-after", "")
    if status in {401, 403}:
        # They are about this service's key: to the caller, a 401 would be about their own.
        raise ProviderError(f"The model's server answered {status}.")
    said = _said(text) if status in _CALLERS else {}
    detail = said.get("message") or f"The model's server answered {status}."
    raise PassedError(status, detail, said, retry)


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

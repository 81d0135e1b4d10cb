"""Running one turn: plan the window, call the model, store the reply. Nobody's waiting holds it up.

It runs on a thread of its own, because it goes on when whoever asked for it has hung up.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from django.conf import settings

from sessions_app import providers, tokenizer
from sessions_app.domain import lifecycle
from sessions_app.domain.data import Generation, Message, Role
from sessions_app.domain.dialect import Manner, Names, Request, known_calls, written_options
from sessions_app.domain.drafts import NewMessage, message_tokens
from sessions_app.domain.errors import (
    ProviderRefused,
    SessionError,
    SessionNotFound,
    StorageUnavailable,
    TurnFailed,
    TurnInterrupted,
)
from sessions_app.domain.limits import FINISH_REASON_MAX_CHARS, MODEL_NAME_MAX_CHARS
from sessions_app.domain.text import storable
from sessions_app.domain.turns import CANCELLED, Turn, TurnState, recorded_refusal
from sessions_app.providers import Ending, Provider, Reply
from sessions_app.repository import annotations, log, turns
from sessions_app.services import context, dialects, messages, model_titles, titles
from sessions_app.services.context import ContextWindow, Instruction
from sessions_app.services.tallies import tallies
from sessions_app.services.topics import judge_ahead
from sessions_app.services.turns.feeds import Feed, Outcome
from sessions_app.services.turns.seen import seen_of

logger = logging.getLogger(__name__)

# A reply has been paid for: storage that is away for a moment does not lose it.
STORE_SECONDS = 30.0
_STORE_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What the model is asked with; None and empty leave it to the settings and the server.

    `options` are further members of the request under the wire's names, such as `temperature`;
    `instructions` hold for this call alone, behind the session's own system prompt.
    """

    model: str | None = None
    max_tokens: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    instructions: Sequence[Instruction] = ()


class Stop(Enum):
    """Why a turn is to end before the model has."""

    CANCELLED = "cancelled"
    # The session is gone, or the lease ran out before it was renewed.
    LOST = "lost"
    SHUTDOWN = "shutdown"


class _Unrecorded(Exception):
    """The turn could not be recorded."""


def clock() -> datetime:
    """The time, for what goes on long after the request that began it."""
    return lifecycle.to_milliseconds(datetime.now(UTC))


class Run:
    """One turn in progress in this process. `supersedes` are the seqs that its reply replaces."""

    def __init__(self, turn: Turn, call: ModelCall, feed: Feed, supersedes: Sequence[int]) -> None:
        self.turn = turn
        self.feed = feed
        # Whether somebody reads it at another worker, and how far the record is for them: whether
        # it says what the model saw, and how many characters.
        self.followed = False
        self.written = (False, 0)
        # When the lease was last taken or renewed, by the monotonic clock.
        self.renewed = time.monotonic()
        self._call = call
        self._supersedes = supersedes
        self._reply: Reply | None = None
        self._stop: Stop | None = None
        self._titled = False
        self._lock = threading.Lock()
        self._is_recorded = False
        self._record_known = threading.Event()

    def stop(self, why: Stop) -> None:
        """End the model call; the first reason stands."""
        with self._lock:
            self._stop = self._stop or why
            reply = self._reply
        if reply is not None:
            reply.close()

    def recorded(self, there: bool) -> None:
        """Whether the record of the turn is there now, which everything but planning waits for."""
        self._is_recorded = there
        self._record_known.set()

    def run(self) -> None:
        """Run to the end, whatever happens; the feed and the record say how it ended.

        Without a record it ends without a word: whoever asked has been told why.
        """
        try:
            self._conclude(self._answer())
        except _Unrecorded:
            return
        except SessionError as error:
            self._fail(error)
        except Exception:
            logger.exception("turn %s failed", self.turn.turn_id)
            self._fail(TurnFailed())

    def afterwards(self) -> None:
        """What nobody waits for: topics, a title by the model, the summary."""
        outcome = self.feed.outcome
        if outcome is None or outcome.message is None or self._stop is Stop.SHUTDOWN:
            return
        place = {"session_id": self.turn.session_id, "user_id": self.turn.user_id}
        judge_ahead.later(**place)
        try:
            if self._titled:
                model_titles.title_improve(**place)
            if context.enabled():
                provider = providers.for_turns(count=tokenizer.count_tokens)
                context.summary_extend(**place, provider=provider, now=clock())
        except SessionError as error:
            logger.info("after turn %s: %s", self.turn.turn_id, error.detail)
        except Exception:
            logger.exception("after turn %s", self.turn.turn_id)

    def _answer(self) -> tuple[Provider, Ending | None]:
        """Show the model its window and pass on what it says; the Ending is None when stopped.

        A server that does not take how the window is written is asked again in another manner.
        """
        provider = providers.for_turns(count=tokenizer.count_tokens)
        manner = dialects.known(self._call.model)
        tried = [manner]
        while True:
            window = self._shown(manner)
            try:
                ending = self._asked(provider, window.request)
                break
            except ProviderRefused as refused:
                other = dialects.otherwise(refused, manner)
                if other is None or other in tried or self._stop is not None:
                    raise
                tried.append(manner := other)
        if len(tried) > 1:
            dialects.accepted(self._call.model, manner, now=clock())
        return provider, ending

    def _shown(self, manner: Manner) -> ContextWindow:
        """The window, planned and told to whoever watches."""
        turn = self.turn
        window = context.context_plan(
            session_id=turn.session_id,
            user_id=turn.user_id,
            max_tokens=None,
            strategy=None,
            query=None,
            now=turn.started_at,
            until=turn.user_seq,
            tells_topics=False,
            without=self._supersedes,
            instructions=self._call.instructions,
            manner=manner,
        )
        asked = self.feed.user_message
        if asked is not None:
            [asked] = annotations.with_topics(window.session, [asked])
        self.feed.show(seen_of(window), asked)
        if not self._has_record():
            raise _Unrecorded
        return window

    def _asked(self, provider: Provider, request: Request) -> Ending | None:
        """The model's answer to a request, its calls under the names that the client knows."""
        names = Names()
        reply = provider.stream(
            request.messages,
            model=self._call.model,
            max_tokens=self._call.max_tokens,
            options=written_options(self._call.options, names),
        )
        with self._lock:
            self._reply = reply
            if self._stop is not None:
                return None
        ending = self._pass_on(reply)
        known = {**request.names, **names.known}
        return replace(ending, tool_calls=known_calls(ending.tool_calls, known)) if ending else None

    def _pass_on(self, reply: Reply) -> Ending | None:
        for raw in reply:
            if piece := storable(raw):
                self.feed.add(piece)
        return reply.ending

    def _conclude(self, answered: tuple[Provider, Ending | None]) -> None:
        provider, ending = answered
        if ending is None and self._stop is not Stop.CANCELLED:
            # Raises SessionNotFound where the session has been deleted.
            log.read_header(session_id=self.turn.session_id, user_id=self.turn.user_id)
            raise TurnInterrupted
        if ending is None:
            ending = Ending(CANCELLED, None, None, self._call.model or provider.name)
            state = TurnState.CANCELLED
        else:
            state = TurnState.DONE
        # An empty reply is one, too: it says why it is empty, and clients need not ask again.
        if state is TurnState.CANCELLED and not self.feed.text:
            self._end(state, None, {"finish_reason": ending.finish_reason})
            return
        message = self._store(self._message(ending, provider.name))
        if message is None:
            raise TurnInterrupted
        tallies.messages_stored(self.turn.user_id, [message], clock())
        made = message.generation
        assert made is not None  # noqa: S101 - `_message` has set it
        self._end(
            state,
            message,
            {
                "assistant_seq": message.seq,
                "model": made.model,
                "finish_reason": made.finish_reason,
                "prompt_tokens": made.prompt_tokens,
                "completion_tokens": made.completion_tokens,
            },
        )

    def _message(self, ending: Ending, asked_model: str) -> NewMessage:
        text = self.feed.text
        calls = ending.tool_calls or None
        return NewMessage(
            id=messages.new_message_id(),
            role=Role.ASSISTANT,
            content=text,
            token_count=message_tokens(tokenizer.count_tokens, text, tool_calls=calls or ()),
            timestamp=clock(),
            tool_calls=calls,
            reasoning=storable(ending.reasoning) or None,
            extra=asdict(ending.extra) if ending.extra else None,
            generation=Generation(
                turn_id=self.turn.turn_id,
                reply_to=self.turn.user_seq,
                model=storable(ending.model or asked_model)[:MODEL_NAME_MAX_CHARS],
                finish_reason=storable(ending.finish_reason)[:FINISH_REASON_MAX_CHARS],
                prompt_tokens=ending.prompt_tokens,
                completion_tokens=ending.completion_tokens,
                usage=ending.usage,
            ),
        )

    def _store(self, reply: NewMessage) -> Message | None:
        deadline = time.monotonic() + STORE_SECONDS
        while True:
            try:
                return turns.leases.store_reply(
                    session_id=self.turn.session_id,
                    user_id=self.turn.user_id,
                    turn_id=self.turn.turn_id,
                    reply=reply,
                    supersedes=self._supersedes,
                    now=clock(),
                    default_ttl_seconds=settings.SESSION_TTL_SECONDS,
                )
            except StorageUnavailable:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_STORE_PAUSE_SECONDS)

    def _end(self, state: TurnState, message: Message | None, outcome: Mapping[str, Any]) -> None:
        """Say how it ended. The reply is stored by now, so storage that is away changes nothing."""
        try:
            self._record(state, outcome)
            if message is None:
                turns.leases.release(session_id=self.turn.session_id, turn_id=self.turn.turn_id)
            else:
                self._titled = titles.title_from_text(
                    session_id=self.turn.session_id, user_id=self.turn.user_id
                )
        except StorageUnavailable:
            logger.warning("the end of turn %s could not be recorded now", self.turn.turn_id)
        self.feed.finish(Outcome(state, message))

    def _fail(self, error: SessionError) -> None:
        """Record the failure and free the session; when even that fails, the lease runs out."""
        if not self._has_record():
            return
        place = {"session_id": self.turn.session_id, "turn_id": self.turn.turn_id}
        try:
            if isinstance(error, SessionNotFound):
                turns.records.discard(**place)
            else:
                outcome = {
                    "error_code": error.code,
                    "error_detail": error.detail,
                    "error_refusal": recorded_refusal(error),
                }
                self._record(TurnState.FAILED, outcome)
                turns.leases.release(**place)
        except StorageUnavailable:
            logger.warning("the failure of turn %s could not be recorded now", self.turn.turn_id)
        self.feed.finish(Outcome(TurnState.FAILED, error=error))

    def _has_record(self) -> bool:
        self._record_known.wait()
        return self._is_recorded

    def _record(self, state: TurnState, outcome: Mapping[str, Any]) -> None:
        tallies.turn_ended(self.feed.seen, failed=state is TurnState.FAILED, now=clock())
        turns.records.finish(
            session_id=self.turn.session_id,
            turn_id=self.turn.turn_id,
            state=state,
            seen=self.feed.seen,
            ended_at=clock(),
            outcome=outcome,
        )

"""One turn as a task of the event loop: plan the window, call the model, store the reply.

It runs to its end whether or not a client is waiting. What waits for MongoDB runs on threads.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, ParamSpec, TypeVar

from sessions_app import instruments, providers, tokenizer, tracing
from sessions_app.clock import now as service_time
from sessions_app.domain.data import Message
from sessions_app.domain.dialect import Manner, Names, Request, known_calls, written_options
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import (
    NothingToAnswer,
    ProviderRefused,
    SessionError,
    SessionNotFound,
    StorageUnavailable,
    TurnFailed,
    TurnInterrupted,
)
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.texts.text import storable
from sessions_app.domain.turns import (
    CANCELLED,
    Seen,
    Turn,
    TurnState,
    recorded_refusal,
    runs,
)
from sessions_app.providers import Ending, Refusal, Reply, Thought
from sessions_app.repository import log
from sessions_app.repository.turns import leases, records
from sessions_app.services import attachments, context, dialects, dividers
from sessions_app.services.context import ContextWindow, Instruction
from sessions_app.services.sessions import titles
from sessions_app.services.tallies import tallies
from sessions_app.services.turns import afterwards, spending
from sessions_app.services.turns.fanout import Feed, Outcome
from sessions_app.services.turns.storing import outcome_of, record_end, reply_of, reply_store

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Whoever waits for a reply that cannot be stored is told so after this long; storing goes on.
STORE_SECONDS = 30.0
_STORE_PAUSE_SECONDS = 0.5

# Threads that wait for MongoDB. Apart, so that the ends of turns keep no others from beginning.
_planning = ThreadPoolExecutor(64, "plan")
_storing = ThreadPoolExecutor(64, "store")


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What the model is asked with; None and empty leave it to the settings and the server.

    `options` are further members of the request under the wire's names, such as `temperature`;
    `instructions` hold for this call alone, behind the session's own system prompt. Where `whole`,
    a conversation that does not fit the window is refused rather than trimmed.
    """

    model: str | None = None
    max_tokens: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    instructions: Sequence[Instruction] = ()
    whole: bool = False


class Stop(Enum):
    """Why a turn is to end before the model has."""

    CANCELLED = "cancelled"
    # The session is gone, or another turn has taken it.
    LOST = "lost"
    SHUTDOWN = "shutdown"


class _Unrecorded(Exception):
    """The turn could not be recorded; whoever asked for it has been told."""


def clock() -> datetime:
    """The time, for what goes on long after the request that began it."""
    return lifecycle.to_milliseconds(service_time())


async def stored(query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `query` gives, which waits for MongoDB on a thread."""
    loop = asyncio.get_running_loop()
    work = functools.partial(query, *args, **kwargs)
    return await loop.run_in_executor(_storing, tracing.inherited(work))


class RunningTurn:
    """One turn in progress in this process. `supersedes` are the seqs that its reply replaces."""

    def __init__(self, turn: Turn, call: ModelCall, feed: Feed, supersedes: Sequence[int]) -> None:
        self.turn = turn
        self.feed = feed
        # Whether somebody reads it at another worker, and how far its record is for them.
        self.is_followed = False
        self.written = (False, 0, 0)
        # When the lease was last taken or renewed, by the monotonic clock.
        self.renewed_at = time.monotonic()
        self._place: Any = {"session_id": turn.session_id, "turn_id": turn.turn_id}
        self._owned: Any = {"session_id": turn.session_id, "user_id": turn.user_id}
        self._call = call
        self._supersedes = supersedes
        self._stop: Stop | None = None
        # The task while it waits for the model, when it may be cancelled.
        self._answering: asyncio.Task[Any] | None = None
        self._is_titled = False
        # Whether the record of the turn is there, which everything but planning waits for.
        self.is_recorded: Future[bool] = Future()

    def stop(self, why: Stop) -> None:
        """End the model call; the first reason stands."""
        self._stop = self._stop or why
        if self._answering is not None:
            self._answering.cancel()

    @property
    def is_stopped(self) -> bool:
        """Whether it has been told to end."""
        return self._stop is not None

    async def run(self) -> None:
        """Run to the end, whatever happens; the feed and the record say how it ended."""
        turn = self.turn
        noted = {"gen_ai.conversation.id": turn.session_id, "chat.turn.id": turn.turn_id}
        with tracing.span("turn", noted) as span:
            await self._run()
            outcome = self.feed.outcome
            if outcome is not None and outcome.error is not None:
                span.fail(outcome.error.code)

    async def _run(self) -> None:
        try:
            await self._conclude(await self._answer())
        except _Unrecorded:
            return
        except SessionError as error:
            await self._fail(error)
        except Exception:
            logger.exception("turn %s failed", self.turn.turn_id)
            await self._fail(TurnFailed())

    async def afterwards(self) -> None:
        """Make what nobody waits for, if the turn has brought a reply."""
        outcome = self.feed.outcome
        if outcome is not None and outcome.message is not None and self._stop is not Stop.SHUTDOWN:
            await afterwards.begin(self.turn, is_titled=self._is_titled)

    async def _answer(self) -> Ending | None:
        """Show the model its window and pass on what it says; None when it was stopped.

        A server that refuses how the window is written is asked again in another manner.
        """
        manner = await stored(dialects.known, self._call.model)
        tried = [manner]
        while True:
            window, question = await self._patiently(functools.partial(self._plan, manner))
            self.feed.show(seen_of(window), question)
            if not await asyncio.wrap_future(self.is_recorded):
                raise _Unrecorded
            if self._stop is not None:
                return None
            try:
                ending = await self._ask(window.request)
                break
            except ProviderRefused as refused:
                other = dialects.otherwise(refused, manner, window.request)
                if other is None or other in tried or self._stop is not None:
                    raise
                tried.append(manner := other)
        if len(tried) > 1:
            await stored(dialects.accepted, self._call.model, manner, now=clock())
        return ending

    async def _ask(self, request: Request) -> Ending | None:
        """The model's answer to a request, its calls under the names that the client knows."""
        names = Names()
        messages = request.messages
        if request.has_attachments:
            fill = functools.partial(
                attachments.filled,
                messages,
                user_id=self.turn.user_id,
                files_in_words=request.files_in_words,
            )
            messages = await self._patiently(fill)
        reply = providers.for_turns(count=tokenizer.count_tokens).stream(
            messages,
            model=self._call.model,
            max_tokens=self._call.max_tokens,
            options=written_options(self._call.options, names),
        )
        ending = await self._pass_on(reply)
        client_names = {**request.names, **names.known}
        if ending is None:
            return None
        return replace(ending, tool_calls=known_calls(ending.tool_calls, client_names))

    async def _patiently(self, query: Callable[[], T]) -> T:
        """What `query` gives, asked again while storage is away; raises StorageUnavailable."""
        patience_ends = time.monotonic() + STORE_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(_planning, tracing.inherited(query))
            except StorageUnavailable:
                if self._stop is not None or time.monotonic() >= patience_ends:
                    raise
            instruments.store_retried("unavailable")
            await asyncio.sleep(_STORE_PAUSE_SECONDS)

    def _plan(self, manner: Manner) -> tuple[ContextWindow, Message]:
        """The window, with the question in it; raises NothingToAnswer where that is erased."""
        turn = self.turn
        window = context.context_plan(
            **self._owned,
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
        if self._call.whole:
            context.require_whole(window)
        question = next((m for m in window.messages if m.seq == turn.user_seq), None)
        if question is None:
            _, [question] = log.read_range(**self._owned, first=turn.user_seq, last=turn.user_seq)
        if question.deleted:
            raise NothingToAnswer
        [question] = dividers.with_dividers(window.session, [question])
        return window, question

    async def _pass_on(self, reply: Reply) -> Ending | None:
        task = self._answering = asyncio.current_task()
        try:
            async with aclosing(aiter(reply)) as pieces:
                async for raw in pieces:
                    if isinstance(raw, Thought):
                        self.feed.think(storable(raw.text), raw.member)
                    elif piece := storable(raw):
                        self.feed.refuses = self.feed.refuses or isinstance(raw, Refusal)
                        self.feed.add(piece)
        except asyncio.CancelledError:
            # Without a reason of ours, it is the loop that ends.
            if self._stop is None or task is None:
                raise
            task.uncancel()
        finally:
            self._answering = None
        return reply.ending

    async def _conclude(self, ending: Ending | None) -> None:
        asked_model = self._call.model or providers.for_turns(count=tokenizer.count_tokens).name
        if ending is None and self._stop is not Stop.CANCELLED:
            # Raises SessionNotFound where the session has been deleted.
            await stored(log.read_header, **self._owned)
            raise TurnInterrupted
        state = TurnState.CANCELLED if ending is None else TurnState.DONE
        ending = ending or Ending(CANCELLED, None, None, asked_model)
        # An empty reply is stored, too: it says why it is empty, and clients need not ask again.
        if state is TurnState.CANCELLED and not self.feed.text:
            await self._end(state, None, {"finish_reason": ending.finish_reason})
            return
        message = await self._store(reply_of(self.turn, self.feed, ending, asked_model, clock()))
        if message is None:
            raise TurnInterrupted
        tallies.messages_stored(self.turn.user_id, [message], clock())
        spending.count(self.turn.user_id, message, self.feed.seen)
        await self._end(state, message, outcome_of(message))

    @tracing.step
    async def _store(self, reply: NewMessage) -> Message | None:
        """The reply as stored; None when another turn has the session. Tried until either is so."""
        patience_ends = time.monotonic() + STORE_SECONDS
        while True:
            try:
                return await stored(
                    reply_store,
                    **self._owned,
                    turn_id=self.turn.turn_id,
                    reply=reply,
                    supersedes=self._supersedes,
                    now=clock(),
                )
            except StorageUnavailable as error:
                if self._stop is Stop.SHUTDOWN:
                    raise
                if time.monotonic() >= patience_ends:
                    self.feed.finish(Outcome(TurnState.FAILED, error=error))
                    self.feed = self.feed.successor()
                    patience_ends = time.monotonic() + STORE_SECONDS
            instruments.store_retried("unavailable")
            await asyncio.sleep(_STORE_PAUSE_SECONDS)

    async def _end(
        self, state: TurnState, message: Message | None, outcome: Mapping[str, Any]
    ) -> None:
        """Say how it ended. The reply is stored by now, so storage that is away changes nothing."""
        try:
            await self._record(state, outcome)
            if message is None:
                await stored(leases.release, **self._place)
            else:
                self._is_titled = await stored(titles.title_from_text, **self._owned)
        except StorageUnavailable:
            logger.warning("the end of turn %s could not be recorded now", self.turn.turn_id)
        self.feed.finish(Outcome(state, message))

    async def _record(self, state: TurnState, outcome: Mapping[str, Any]) -> None:
        model = self._call.model
        await stored(record_end, self.turn, self.feed, state, outcome, model, clock())

    async def _fail(self, error: SessionError) -> None:
        """Record the failure and free the session; when even that fails, the lease runs out."""
        if not await asyncio.wrap_future(self.is_recorded):
            return
        try:
            if isinstance(error, SessionNotFound):
                await stored(records.discard, **self._place)
            else:
                outcome = {
                    "error_code": error.code,
                    "error_detail": error.detail,
                    "error_attr": error.attr,
                    "error_refusal": recorded_refusal(error),
                }
                await self._record(TurnState.FAILED, outcome)
                await stored(leases.release, **self._place)
        except StorageUnavailable:
            logger.warning("the failure of turn %s could not be recorded now", self.turn.turn_id)
        self.feed.finish(Outcome(TurnState.FAILED, error=error))


def seen_of(window: ContextWindow) -> Seen:
    """The counts and the seqs of a window, without its texts."""
    plan, summary = window.plan, window.summary
    return Seen(
        token_count=plan.token_count,
        max_tokens=plan.max_tokens,
        strategy=plan.strategy.value,
        kept=plan.kept_count,
        dropped=window.session.message_count - plan.kept_count,
        seqs=runs(plan.kept_seqs),
        summary=(summary.first_seq, summary.last_seq) if summary else None,
    )

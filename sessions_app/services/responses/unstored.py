"""`store: false`: a model call on a conversation that is read at most, of which nothing is kept."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sessions_app import event_loop, providers, tokenizer, tracing
from sessions_app.domain import lifecycle
from sessions_app.domain.data import Generation, Message, Role
from sessions_app.domain.dialect import Manner, Names, Request, known_calls, written_options
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import ProviderRefused, SessionError, TurnFailed
from sessions_app.domain.items import REFUSAL
from sessions_app.domain.texts.text import storable
from sessions_app.domain.turns import Seen, TurnState, reply_id
from sessions_app.providers import Ending, Refusal, Thought
from sessions_app.repository import log
from sessions_app.services import attachments, context, dialects, identity, messages, turns
from sessions_app.services.responses import drafts, histories
from sessions_app.services.responses.data import ResponseRequest
from sessions_app.services.responses.starting import previous_of
from sessions_app.services.turns import Feed, Outcome, Slot, spending

logger = logging.getLogger(__name__)

Written = Callable[[Manner], tuple[Request, Seen]]


@tracing.step
def response_unstored(
    *, user_id: str, request: ResponseRequest, now: datetime
) -> tuple[Feed, Callable[[], object]]:
    """The feed of the answer, and what ends the call early.

    The session that the request goes on in is read, and no lease is taken. Raises InvalidInput,
    TooLarge, SessionNotFound, SessionExpired, TooManyTurns.
    """
    now = lifecycle.to_milliseconds(now)
    if request.session_id is not None and request.is_history:
        new = histories.new_drafts(request.session_id, user_id, request.drafts)
        request = replace(request, drafts=new)
    prepared = [
        messages.message_prepare(draft=draft, now=now, max_chars=drafts.max_chars(draft))
        for draft in request.drafts
    ]
    with Slot(user_id, request.call.model) as slot:
        written = _written(user_id, request, prepared, now)
        # A window that does not fit is refused with a status of its own.
        written(dialects.known(request.call.model))
        feed = Feed("", user_id, identity.new_turn_id(), now)
        work = event_loop.submit(_run(feed, request, written))
        slot.keep()
        work.add_done_callback(lambda _: slot.give_back())
    return feed, work.cancel


def _written(
    user_id: str, request: ResponseRequest, prepared: Sequence[NewMessage], now: datetime
) -> Written:
    session_id, last = request.session_id, None
    if session_id is None and request.previous is not None:
        session, turn = previous_of(user_id, request, now)
        session_id, last = session.session_id, turn.assistant_seq or turn.user_seq
    if session_id is None:
        return lambda manner: _alone(request, prepared, manner)
    if last is None:
        header = log.read_header(session_id=session_id, user_id=user_id)
        last = header.message_count
    return lambda manner: _in_session(session_id, user_id, last, request, prepared, manner, now)


def _alone(
    request: ResponseRequest, prepared: Sequence[NewMessage], manner: Manner
) -> tuple[Request, Seen]:
    written = context.write_unstored(
        _numbered(prepared, behind=0), request.call.instructions, manner
    )
    tokens = sum(message.token_count for message in prepared)
    return written, Seen(tokens, 0, "", len(prepared), 0, ())


def _in_session(
    session_id: str,
    user_id: str,
    last: int,
    request: ResponseRequest,
    prepared: Sequence[NewMessage],
    manner: Manner,
    now: datetime,
) -> tuple[Request, Seen]:
    window = context.context_plan(
        session_id=session_id,
        user_id=user_id,
        max_tokens=None,
        strategy=None,
        query=None,
        now=now,
        until=last,
        tells_topics=False,
        instructions=request.call.instructions,
        manner=manner,
        unsaved=_numbered(prepared, behind=last),
    )
    if request.call.whole:
        context.require_whole(window)
    return window.request, turns.seen_of(window)


def _numbered(prepared: Sequence[NewMessage], *, behind: int) -> list[Message]:
    return [
        Message(
            message.id,
            seq,
            message.role,
            message.content,
            message.timestamp,
            message.token_count,
            name=message.name,
            tool_calls=message.tool_calls,
            tool_call_id=message.tool_call_id,
            reasoning=message.reasoning,
            extra=message.extra,
            items=message.items,
            parts=message.parts,
        )
        for seq, message in enumerate(prepared, behind + 1)
    ]


async def _run(feed: Feed, request: ResponseRequest, written: Written) -> None:
    try:
        ending = await _answer(feed, request, written)
        message = _message(ending, feed)
        spending.count(feed.user_id, message, feed.seen)
        feed.finish(Outcome(TurnState.DONE, message))
    except asyncio.CancelledError:
        feed.finish(Outcome(TurnState.CANCELLED))
        raise
    except SessionError as error:
        feed.finish(Outcome(TurnState.FAILED, error=error))
    except Exception:
        logger.exception("a response that is not stored failed")
        feed.finish(Outcome(TurnState.FAILED, error=TurnFailed()))


async def _answer(feed: Feed, request: ResponseRequest, written: Written) -> Ending:
    """As a turn does it: a server that refuses how it is written is asked in another manner."""
    call = request.call
    manner = await turns.stored(dialects.known, call.model)
    tried = [manner]
    while True:
        model_request, seen = await turns.stored(written, manner)
        feed.show(seen, None)
        try:
            return await _ask(feed, model_request, call.model, call.max_tokens, call.options)
        except ProviderRefused as refused:
            other = dialects.otherwise(
                refused, manner, has_attachments=model_request.has_attachments
            )
            if other is None or other in tried:
                raise
            tried.append(manner := other)


async def _ask(
    feed: Feed,
    model_request: Request,
    model: str | None,
    max_tokens: int | None,
    options: Mapping[str, Any],
) -> Ending:
    names = Names()
    messages = model_request.messages
    if model_request.has_attachments:
        messages = await turns.stored(attachments.filled, messages, user_id=feed.user_id)
    reply = providers.for_turns(count=tokenizer.count_tokens).stream(
        messages,
        model=model,
        max_tokens=max_tokens,
        options=written_options(options, names),
    )
    async with aclosing(aiter(reply)) as pieces:
        async for raw in pieces:
            if isinstance(raw, Thought):
                feed.think(storable(raw.text), raw.member)
            elif piece := storable(raw):
                feed.refuses = feed.refuses or isinstance(raw, Refusal)
                feed.add(piece)
    assert reply.ending is not None  # noqa: S101 - it has come to its end
    client_names = {**model_request.names, **names.known}
    calls = known_calls(reply.ending.tool_calls, client_names)
    return replace(reply.ending, tool_calls=calls)


def _message(ending: Ending, feed: Feed) -> Message:
    made = Generation(
        turn_id=feed.turn_id,
        reply_to=0,
        model=ending.model,
        finish_reason=ending.finish_reason,
        prompt_tokens=ending.prompt_tokens,
        completion_tokens=ending.completion_tokens,
        usage=ending.usage,
    )
    return Message(
        reply_id(feed.turn_id),
        0,
        Role.ASSISTANT,
        feed.text,
        feed.begun_at,
        tokenizer.count_tokens(feed.text),
        tool_calls=ending.tool_calls or None,
        reasoning=ending.reasoning or feed.thoughts or None,
        extra=asdict(ending.extra) if ending.extra else None,
        items=REFUSAL if feed.refuses else None,
        generation=made,
    )

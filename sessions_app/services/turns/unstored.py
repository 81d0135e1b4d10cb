"""Model calls on a conversation that is read at most, of which nothing is kept.

For what an application does beside a conversation, such as a guardrail or a classifier, and for
responses with `store: false`. No lease is taken, so a turn may be in progress meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.conf import settings

from sessions_app import event_loop, providers, tokenizer, tracing
from sessions_app.domain.alignment import align
from sessions_app.domain.data import Generation, Message, Role
from sessions_app.domain.dialect import Manner, Names, Request, known_calls, written_options
from sessions_app.domain.drafts import MessageDraft, NewMessage
from sessions_app.domain.errors import ProviderRefused, SessionError, TurnFailed
from sessions_app.domain.items import REFUSAL
from sessions_app.domain.limits import REPLY_MAX_CHARS
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.texts.text import storable
from sessions_app.domain.turns import Seen, TurnState, reply_id
from sessions_app.providers import Ending, Refusal, Thought
from sessions_app.repository import log
from sessions_app.services import attachments, context, dialects, identity, messages
from sessions_app.services.turns import spending
from sessions_app.services.turns.fanout import Feed, Outcome
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.turn import ModelCall, seen_of, stored

logger = logging.getLogger(__name__)

Written = Callable[[Manner], tuple[Request, Seen]]
# Beyond as many as the request has: how far back it may have left the conversation.
_MARGIN = 64


@dataclass(frozen=True, slots=True)
class SideCall:
    """A call for `drafts`, the last of which is answered, behind a session's window or alone.

    `until` is the last message of the session that the model may see, None for its newest. With
    `is_history`, the session may have any of the drafts already.
    """

    drafts: Sequence[MessageDraft]
    call: ModelCall
    session_id: str | None = None
    until: int | None = None
    is_history: bool = False


@tracing.step
def turn_unstored(
    *, user_id: str, side_call: SideCall, now: datetime
) -> tuple[Feed, Callable[[], object]]:
    """The feed of the answer, and what ends the call early.

    The session is read, and no lease is taken. Raises InvalidInput, TooLarge, SessionNotFound,
    SessionExpired, TooManyTurns.
    """
    now = lifecycle.to_milliseconds(now)
    if side_call.session_id is not None:
        side_call = _behind_session(user_id, side_call, side_call.session_id, now)
    prepared = [
        messages.message_prepare(draft=draft, now=now, max_chars=max_chars(draft))
        for draft in attachments.passed_on(side_call.drafts, user_id=user_id)
    ]
    call = side_call.call
    with Slot(user_id, call.model) as slot:
        written = _written(user_id, side_call, prepared, now)
        # A window that does not fit is refused with a status of its own.
        written(dialects.known(call.model))
        feed = Feed("", user_id, identity.new_turn_id(), now)
        work = event_loop.submit(_run(feed, call, written))
        slot.keep()
        work.add_done_callback(lambda _: slot.give_back())
    return feed, work.cancel


def max_chars(draft: MessageDraft) -> int:
    """The longest text of a message that is sent along and not stored."""
    is_reply = draft.role is Role.ASSISTANT
    return max(settings.MESSAGE_MAX_CHARS, REPLY_MAX_CHARS if is_reply else 0)


def _behind_session(user_id: str, side_call: SideCall, session_id: str, now: datetime) -> SideCall:
    """The call without what the session has already, up to its newest message."""
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    until = session.message_count if side_call.until is None else side_call.until
    if not side_call.is_history:
        return replace(side_call, until=until)
    opening = {message.content for message in log.read_opening(session)}
    instructions = [each for each in side_call.call.instructions if each.content not in opening]
    return replace(
        side_call,
        call=replace(side_call.call, instructions=instructions),
        drafts=_new_drafts(session_id, user_id, side_call.drafts),
        until=until,
    )


def _new_drafts(
    session_id: str, user_id: str, drafts: Sequence[MessageDraft]
) -> Sequence[MessageDraft]:
    """Those that the session does not have; of a history without any, the last, to be answered."""
    drafts = attachments.recognised(drafts, user_id=user_id)
    session, newest = log.read_newest(
        session_id=session_id, user_id=user_id, limit=len(drafts) + _MARGIN
    )
    old = align(drafts, newest, whole=len(newest) == session.message_count).old
    return drafts[min(old, len(drafts) - 1) :]


def _written(
    user_id: str, side_call: SideCall, prepared: Sequence[NewMessage], now: datetime
) -> Written:
    session_id, until, call = side_call.session_id, side_call.until, side_call.call
    if session_id is None or until is None:
        return lambda manner: _alone(call, prepared, manner)
    return lambda manner: _in_session(session_id, user_id, until, call, prepared, manner, now)


def _alone(call: ModelCall, prepared: Sequence[NewMessage], manner: Manner) -> tuple[Request, Seen]:
    written = context.write_unstored(_numbered(prepared, behind=0), call.instructions, manner)
    tokens = sum(message.token_count for message in prepared)
    return written, Seen(tokens, 0, "", len(prepared), 0, ())


def _in_session(
    session_id: str,
    user_id: str,
    until: int,
    call: ModelCall,
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
        until=until,
        tells_topics=False,
        instructions=call.instructions,
        manner=manner,
        unsaved=_numbered(prepared, behind=until),
    )
    if call.whole:
        context.require_whole(window)
    return window.request, seen_of(window)


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


async def _run(feed: Feed, call: ModelCall, written: Written) -> None:
    try:
        ending = await _answer(feed, call, written)
        message = _message(ending, feed)
        spending.count(feed.user_id, message, feed.seen)
        feed.finish(Outcome(TurnState.DONE, message))
    except asyncio.CancelledError:
        feed.finish(Outcome(TurnState.CANCELLED))
        raise
    except SessionError as error:
        feed.finish(Outcome(TurnState.FAILED, error=error))
    except Exception:
        logger.exception("a call that is not stored failed")
        feed.finish(Outcome(TurnState.FAILED, error=TurnFailed()))


async def _answer(feed: Feed, call: ModelCall, written: Written) -> Ending:
    """As a turn does it: a server that refuses how it is written is asked in another manner."""
    manner = await stored(dialects.known, call.model)
    tried = [manner]
    while True:
        model_request, seen = await stored(written, manner)
        feed.show(seen, None)
        try:
            return await _ask(feed, model_request, call)
        except ProviderRefused as refused:
            other = dialects.otherwise(refused, manner, model_request)
            if other is None or other in tried:
                raise
            tried.append(manner := other)


async def _ask(feed: Feed, model_request: Request, call: ModelCall) -> Ending:
    names = Names()
    written_messages = model_request.messages
    if model_request.has_attachments:
        written_messages = await stored(
            attachments.filled,
            written_messages,
            user_id=feed.user_id,
            files_in_words=model_request.files_in_words,
        )
    reply = providers.for_turns(count=tokenizer.count_tokens).stream(
        written_messages,
        model=call.model,
        max_tokens=call.max_tokens,
        options=written_options(call.options, names),
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

"""What is stored of a turn: the model's reply, and the record of how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app import instruments, providers, tokenizer
from sessions_app.domain.data import Generation, Message, Role
from sessions_app.domain.drafts import NewMessage, message_tokens
from sessions_app.domain.items import REFUSAL
from sessions_app.domain.limits import FINISH_REASON_MAX_CHARS, MODEL_NAME_MAX_CHARS
from sessions_app.domain.quotas import Usage
from sessions_app.domain.texts.text import storable
from sessions_app.domain.turns import Turn, TurnState, reply_id
from sessions_app.providers import Ending
from sessions_app.repository import log
from sessions_app.repository.turns import leases, records
from sessions_app.services import quotas
from sessions_app.services.tallies import tallies
from sessions_app.services.turns.fanout import Feed


def reply_store(
    *,
    session_id: str,
    user_id: str,
    turn_id: str,
    reply: NewMessage,
    supersedes: Sequence[int],
    now: datetime,
) -> Message | None:
    """The reply as stored; None when another turn has the session. Raises as `store_reply`.

    A reply that has come is stored whatever its user's quotas say: the turn has looked for room
    before it began.
    """
    message = leases.store_reply(
        session_id=session_id,
        user_id=user_id,
        turn_id=turn_id,
        reply=reply,
        supersedes=supersedes,
        now=now,
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
    )
    if message is not None:
        size = log.stored_size(log.encode_message(reply))
        quotas.note(user_id, Usage(messages=1, bytes=size))
    return message


def reply_of(turn: Turn, feed: Feed, ending: Ending, asked_model: str, now: datetime) -> NewMessage:
    """The reply that a turn's model has given, as far as it had come."""
    text = feed.text
    calls = ending.tool_calls or None
    return NewMessage(
        id=reply_id(turn.turn_id),
        role=Role.ASSISTANT,
        content=text,
        token_count=message_tokens(tokenizer.count_tokens, text, tool_calls=calls or ()),
        timestamp=now,
        tool_calls=calls,
        # Of a reply that was stopped, as far as it had come.
        reasoning=storable(ending.reasoning) or feed.thoughts or None,
        extra=asdict(ending.extra) if ending.extra else None,
        items=REFUSAL if feed.refuses else None,
        generation=Generation(
            turn_id=turn.turn_id,
            reply_to=turn.user_seq,
            model=storable(ending.model or asked_model)[:MODEL_NAME_MAX_CHARS],
            finish_reason=storable(ending.finish_reason)[:FINISH_REASON_MAX_CHARS],
            prompt_tokens=ending.prompt_tokens,
            completion_tokens=ending.completion_tokens,
            usage=ending.usage,
        ),
    )


def record_end(
    turn: Turn,
    feed: Feed,
    state: TurnState,
    outcome: Mapping[str, Any],
    model: str | None,
    now: datetime,
) -> None:
    """Record how a turn has ended, and count it; raises StorageUnavailable."""
    if (feed.early_thoughts or 0) < len(feed.thoughts):
        outcome = {**outcome, "early_thoughts": feed.early_thoughts}
    seen = feed.seen
    tallies.turn_ended(seen, failed=state is TurnState.FAILED, now=now)
    if seen is not None:
        instruments.window_sent(kept=seen.kept, dropped=seen.dropped)
    records.finish(
        session_id=turn.session_id,
        turn_id=turn.turn_id,
        state=state,
        seen=seen,
        ended_at=now,
        outcome=outcome,
        model=providers.counted_as(model),
    )


def outcome_of(reply: Message) -> dict[str, Any]:
    """What the record of a turn says of the reply that it has stored."""
    made = reply.generation
    assert made is not None  # noqa: S101 - a turn has made it
    return {
        "assistant_seq": reply.seq,
        "model": made.model,
        "finish_reason": made.finish_reason,
        "prompt_tokens": made.prompt_tokens,
        "completion_tokens": made.completion_tokens,
    }

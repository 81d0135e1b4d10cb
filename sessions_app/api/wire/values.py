"""The domain's data as JSON values. Plain functions: a page has hundreds of messages."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone

from sessions_app.domain.data import Generation, Message, MessagePage, Session
from sessions_app.domain.dialect import Change
from sessions_app.domain.search.data import SearchResults
from sessions_app.domain.window import Recalled, ShownSummary
from sessions_app.services.context import ContextWindow
from sessions_app.services.topics import TopicSegment


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds; `moment` is in UTC."""
    return None if moment is None else moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def message(stored: Message) -> dict[str, Any]:
    """A Message of the wire contract."""
    return {
        "id": stored.id,
        "seq": stored.seq,
        "role": stored.role.value,
        "content": stored.content,
        "timestamp": timestamp(stored.timestamp),
        "token_count": stored.token_count,
        "topic": stored.topic,
        "topic_shift": stored.topic_shift,
        "client_id": stored.client_id,
        "name": stored.name,
        "tool_calls": stored.tool_calls,
        "tool_call_id": stored.tool_call_id,
        "metadata": stored.metadata,
        "deleted": stored.deleted,
        "generation": _generation(stored.generation) if stored.generation else None,
        "superseded_by": stored.superseded_by,
        # Of the few messages that have them: what a model thought, and what its server wants back.
        **({"reasoning": stored.reasoning} if stored.reasoning else {}),
        **({"extra": stored.extra} if stored.extra else {}),
    }


def _generation(made: Generation) -> dict[str, Any]:
    """How it was generated; `usage` where the model's server counted anything."""
    written = asdict(made)
    if made.usage is None:
        del written["usage"]
    return written


def messages(stored: Sequence[Message]) -> list[dict[str, Any]]:
    """Several of them."""
    return [message(one) for one in stored]


def message_page(page: MessagePage) -> dict[str, Any]:
    """A page of a session's messages."""
    return {
        "results": messages(page.messages),
        "has_more": page.has_more,
        "latest_seq": page.latest_seq,
    }


def session(stored: Session) -> dict[str, Any]:
    """A Session of the wire contract, without messages."""
    policy = stored.context_policy
    return {
        "session_id": stored.session_id,
        "user_id": stored.user_id,
        "title": stored.title,
        "status": stored.status.value,
        "created_at": timestamp(stored.created_at),
        "updated_at": timestamp(stored.updated_at),
        "expires_at": timestamp(stored.expires_at),
        "message_count": stored.message_count,
        "token_count": stored.token_count,
        "metadata": stored.metadata,
        "context_policy": {
            "strategy": policy.strategy.value,
            "max_tokens": policy.max_tokens,
            "max_messages": policy.max_messages,
            "on_topic_shift": policy.on_topic_shift.value,
        },
        "context_start": stored.context_start,
        "topic": topic(stored),
        "turn_in_progress": stored.in_turn(now=timezone.now()),
    }


def topic(stored: Session) -> dict[str, Any] | None:
    """The topic at hand, as far as it has been judged."""
    if stored.topic is None or not stored.topic.judged:
        return None
    return {
        "topic": stored.topic.current,
        "start_seq": stored.topic.start_seq,
        "judged_seq": stored.topic.judged,
    }


def context(window: ContextWindow) -> dict[str, Any]:
    """A context window with its plan."""
    plan, summary, recalled = window.plan, window.summary, window.recalled
    changes = window.request.changes
    return {
        "messages": window.sent,
        "token_count": plan.token_count,
        "max_tokens": plan.max_tokens,
        "strategy": plan.strategy.value,
        "ranking": plan.ranking.value,
        "plan": [
            {
                "seq": each.seq,
                "role": each.role,
                "token_count": each.token_count,
                "topic": each.topic,
                "kept": each.kept,
                "reason": each.reason.value,
                **_sent_as([change for change in changes if change.seq == each.seq]),
            }
            for each in plan.messages
        ],
        "dropped_count": window.session.message_count - plan.kept_count,
        **({"summary": _summary(summary)} if summary else {}),
        **({"recalled": _recalled(recalled)} if recalled else {}),
    }


def _sent_as(changes: Sequence[Change]) -> dict[str, str]:
    """The gravest change of a message by its name, and why there are any."""
    if not changes:
        return {}
    reasons = "; ".join(change.reason for change in changes)
    return {"sent_as": changes[0].sent_as.value, "sent_as_reason": reasons}


def _summary(shown: ShownSummary) -> dict[str, int]:
    return {
        "first_seq": shown.first_seq,
        "last_seq": shown.last_seq,
        "token_count": shown.token_count,
    }


def _recalled(quoted: Recalled) -> dict[str, Any]:
    return {"seqs": list(quoted.seqs), "token_count": quoted.token_count}


def topics(segments: Sequence[TopicSegment]) -> dict[str, Any]:
    """A session's topics."""
    return {"results": [asdict(segment) for segment in segments]}


def search(found: SearchResults) -> dict[str, Any]:
    """What a search found; its own user's name is no news."""
    return {
        "results": [
            {
                "session_id": hit.session_id,
                "title": hit.title,
                "seq": hit.seq,
                "role": hit.role.value if hit.role else None,
                "snippet": hit.snippet,
                "timestamp": timestamp(hit.timestamp),
            }
            for hit in found.hits
        ],
        "complete": found.complete,
    }


def session_with_messages(stored: Session, newest: Sequence[Message]) -> dict[str, Any]:
    """A Session with its newest messages, oldest first."""
    return session(stored) | {
        "messages": messages(newest),
        "has_more": len(newest) < stored.message_count,
    }


def etag(stored: Session) -> str:
    """A strong validator (RFC 9110, 8.8.3): the session's version."""
    return f'"{stored.version}"'

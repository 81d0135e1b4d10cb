"""The domain's data as JSON values. Plain functions: a page has hundreds of messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Message, MessagePage, Session


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
    }


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
        # Nothing judges topics and nothing runs turns yet, so no session has either.
        "topic": None,
        "turn_in_progress": False,
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

"""What holds for a session that says nothing of it itself: its policy, and when it times out."""

from datetime import datetime

from django.conf import settings

from sessions_app.domain.data import (
    ContextPolicy,
    OnTopicShift,
    Strategy,
)
from sessions_app.domain.errors import (
    InvalidInput,
)
from sessions_app.domain.limits import CONTEXT_MAX_MESSAGES_DEFAULT
from sessions_app.domain.sessions import lifecycle


def policy_default() -> ContextPolicy:
    """The context policy of a session without one of its own, from the settings."""
    return ContextPolicy(
        strategy=Strategy(settings.CONTEXT_STRATEGY),
        max_tokens=settings.CONTEXT_MAX_TOKENS,
        max_messages=CONTEXT_MAX_MESSAGES_DEFAULT,
        on_topic_shift=OnTopicShift(settings.ON_TOPIC_SHIFT),
    )


def temporary_ttl(ttl_seconds: int | None) -> int:
    """The timeout of a temporary session; raises InvalidInput for none."""
    if ttl_seconds == 0:
        raise InvalidInput("A temporary session has a timeout.", attr="ttl_seconds")
    return int(ttl_seconds or settings.TEMPORARY_TTL_SECONDS)


def timeout_at(now: datetime, ttl_seconds: int | None) -> datetime | None:
    """When a session that is active at `now` expires, by its own timeout or the default one."""
    return lifecycle.expiry(
        now=now, ttl_seconds=ttl_seconds, default_ttl_seconds=settings.SESSION_TTL_SECONDS
    )

"""Sessions in a list, which one damaged session must not break."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sessions_app.documents import Session as SessionDocument
from sessions_app.documents import checking
from sessions_app.domain.data import OnTopicShift, Session, Status, Strategy
from sessions_app.domain.errors import DamagedSession
from sessions_app.domain.limits import CONTEXT_MAX_MESSAGES_DEFAULT, CONTEXT_TOKENS_DEFAULT
from sessions_app.repository.log import codec
from sessions_app.repository.log.codec import Stored

logger = logging.getLogger(__name__)

# What a list shows in place of what cannot be read.
_UNREADABLE: Stored = {
    "user_id": "",
    "status": Status.ACTIVE.value,
    "created_at": datetime.fromtimestamp(0, UTC),
    "updated_at": datetime.fromtimestamp(0, UTC),
    "context_policy": {
        "strategy": Strategy.HYBRID.value,
        "max_tokens": CONTEXT_TOKENS_DEFAULT,
        "max_messages": CONTEXT_MAX_MESSAGES_DEFAULT,
        "on_topic_shift": OnTopicShift.ADJUST.value,
    },
    **dict.fromkeys(("message_count", "token_count"), 0),
    **dict.fromkeys(("context_start", "tail_start", "version"), 1),
}


def decode_listed(stored: Mapping[str, Any]) -> Session:
    """A session's header for a list, which one damaged session must not break.

    Its `damage` says what cannot be read; in place of that stands a default.
    """
    try:
        return codec.decode_session(stored)
    except DamagedSession as error:
        logger.warning("damaged: %s", error.problem)
        sound = checking.readable(SessionDocument).sound_part(stored)
        # Pairs of wrong lengths are beyond what is declared.
        sound.pop("topic", None)
        live = {"turn_is_live": stored.get("turn_is_live", False)}
        return replace(
            codec.decode_unchecked(_UNREADABLE | {"_id": str(stored["_id"])} | sound | live),
            damage=error.problem,
        )

"""How a repeat of a request is told from a new request with the same body.

A client's own key says it. OpenAI's packages send none: they say how often they have sent the
request before. A repeat is then looked for by a digest of the request, since a moment; the same may
have been asked for on purpose, so that moment is as late as it can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import uuid_utils

from sessions_app.domain.data import Message
from sessions_app.repository import log
from sessions_app.repository.log import Repeat

# How long after its first attempt was stored a repeat comes, where others have written meanwhile.
_SOON = timedelta(seconds=60)
_FIRST, _AGAIN = "a", "b"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a request: under the client's `key`, or with a `digest` of what it asks for.

    `repeats` is how often it has been sent before, and `since` the earliest moment at which that
    can have been. Without key and digest nothing is known of repeats.
    """

    key: str | None = None
    digest: str | None = None
    repeats: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchKey:
    """The key of a batch to append, and the batches that it is a repeat of."""

    key: str | None
    repeat: Repeat | None = None


def batch_key(attempt: Attempt, session_id: str, user_id: str, now: datetime) -> BatchKey:
    """The key under which the items of an attempt are stored; raises SessionNotFound."""
    if attempt.key or not attempt.digest:
        return BatchKey(attempt.key)
    prefix = f"sdk_{attempt.digest}_"
    nonce = uuid_utils.uuid7().hex
    if attempt.since is None:
        # Its repeat may overtake it, where it waits for storage longer than its client does.
        return BatchKey(f"{prefix}{_FIRST}{nonce}", Repeat(f"{prefix}{_AGAIN}", now))
    _, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=1)
    if (key := _key_of(newest, prefix, attempt.since)) is not None:
        return BatchKey(key)
    return BatchKey(f"{prefix}{_AGAIN}{nonce}", Repeat(prefix, max(attempt.since, now - _SOON)))


def _key_of(newest: Sequence[Message], prefix: str, since: datetime) -> str | None:
    """The key of the newest batch where it is of this request: nothing was said since."""
    for message in newest:
        if (message.client_id or "").startswith(prefix) and message.timestamp >= since:
            return str(message.client_id).rpartition("/")[0]
    return None

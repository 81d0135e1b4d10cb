"""Finds what was stored before an append: under the same key, or by that very append."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sessions_app import instruments
from sessions_app.documents import MessageBucket, collection
from sessions_app.domain.data import Appended, Message
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import IdempotencyMismatch
from sessions_app.domain.limits import SEQ_LAST
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository.log import codec, pages


class Request(Protocol):
    """What is known of an append that may repeat an earlier one; see `appending.AppendRequest`."""

    @property
    def session_id(self) -> str:
        """The session."""

    @property
    def user_id(self) -> str:
        """Whose session it is to be."""

    @property
    def messages(self) -> Sequence[NewMessage]:
        """What is appended."""

    @property
    def now(self) -> datetime:
        """When it came."""


def own(request: Request, first: int) -> Appended | None:
    """What this very append has stored, from the seq `first` on, where its answer got lost."""
    _, messages = pages.read_range(
        session_id=request.session_id,
        user_id=request.user_id,
        first=first,
        last=SEQ_LAST,
    )
    number = len(request.messages)
    for at, message in enumerate(messages):
        if message.id == request.messages[0].id:
            instruments.messages_appended(number)
            return Appended(messages[at : at + number], replayed=False)
    return None


def find_in_buckets(session_id: str, keys: Sequence[str]) -> tuple[str, int] | None:
    """The first of `keys` that a bucket has, and the `seq` of its message."""
    bucket = collection(MessageBucket).find_one(
        {
            "session_id": session_id,
            "messages.client_id": keys[0] if len(keys) == 1 else {"$in": list(keys)},
        },
        {"first_seq": 1, "messages.client_id": 1},
    )
    if bucket is None:
        return None
    for seq, message in codec.run_of(bucket, "first_seq"):
        if message.get("client_id") in set(keys):
            return message["client_id"], seq
    return None


def replay(request: Request, key: str, seq: int) -> Appended:
    """The earlier append that stored `key` at `seq`; raises IdempotencyMismatch for another one."""
    messages = request.messages
    first = seq - [message.client_id for message in messages].index(key)
    if first < 1:
        raise IdempotencyMismatch
    session, earlier = pages.read_range(
        session_id=request.session_id,
        user_id=request.user_id,
        first=first,
        last=first + len(messages) - 1,
    )
    lifecycle.require_readable(session, now=request.now)
    if len(earlier) != len(messages) or not all(map(_is_repeat, messages, earlier)):
        raise IdempotencyMismatch
    return Appended(earlier, replayed=True)


def _is_repeat(new: NewMessage, stored: Message) -> bool:
    return new.client_id == stored.client_id and new.says_the_same_as(stored)

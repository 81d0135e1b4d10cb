"""What keeps a batch from being stored that is there already, without a key of the client's.

- An item of the OpenAI wire that comes with an id may be in a conversation once.
- OpenAI's packages repeat a request without a key, and say that it is a repeat. Its messages are
  found by what their keys begin with: a digest of the request.

Both are looked for in the buckets before an append and guarded against in the tail by it. A message
that moves between the two changes `tail_start`, which the append's guard names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app.documents import MessageBucket, collection
from sessions_app.domain.errors import DuplicateItem
from sessions_app.repository.log.codec import Stored


@dataclass(frozen=True, slots=True)
class Repeat:
    """Messages whose key begins with `prefix` and that were stored from `since` on."""

    prefix: str
    since: datetime

    def condition(self) -> Stored:
        """The same as a query's condition on messages."""
        # The prefix is made here and has no character that means something in a pattern.
        key = {"$regex": f"^{self.prefix}"}
        return {"messages": {"$elemMatch": {"client_id": key, "timestamp": {"$gte": self.since}}}}

    def key_in(self, messages: Sequence[Stored]) -> str | None:
        """The key of the whole batch that one of these messages belongs to."""
        for message in messages:
            key: str = message.get("client_id", "")
            if key.startswith(self.prefix) and message["timestamp"] >= self.since:
                return key.rpartition("/")[0]
        return None


def obstacles(repeat: Repeat | None, item_ids: Sequence[str]) -> list[Stored]:
    """Conditions of which none may hold for a session that is appended to."""
    known = [repeat.condition()] if repeat else []
    return known + ([{"messages.item_ids": {"$in": list(item_ids)}}] if item_ids else [])


def spilled_key(session_id: str, repeat: Repeat) -> str | None:
    """The key under which a bucket has the batch."""
    # The index leads to the few keys with this prefix.
    buckets = collection(MessageBucket).find(
        {
            "session_id": session_id,
            "messages.client_id": {"$regex": f"^{repeat.prefix}"},
            **repeat.condition(),
        },
        {"messages.client_id": 1, "messages.timestamp": 1},
    )
    return next(filter(None, (repeat.key_in(bucket["messages"]) for bucket in buckets)), None)


def refuse_spilled(session_id: str, item_ids: Sequence[str]) -> None:
    """Raise DuplicateItem when a bucket has an item with one of these ids."""
    bucket = collection(MessageBucket).find_one(
        {"session_id": session_id, "messages.item_ids": {"$in": list(item_ids)}},
        {"messages.item_ids": 1},
    )
    if bucket is not None:
        refuse_known(bucket["messages"], item_ids)


def refuse_known(messages: Sequence[Stored], item_ids: Sequence[str]) -> None:
    """Raise DuplicateItem when one of the messages has an item with one of these ids."""
    stored_ids = {item_id for message in messages for item_id in message.get("item_ids", ())}
    for item_id in item_ids:
        if item_id in stored_ids:
            raise DuplicateItem(item_id)

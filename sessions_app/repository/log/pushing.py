"""The update that adds messages to a session, for whoever has decided that they may be added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from sessions_app import instruments
from sessions_app.documents import Session, collection
from sessions_app.domain.data import NewLease
from sessions_app.repository.log import codec, tail
from sessions_app.repository.log.codec import Stored
from sessions_app.repository.log.headers import has_outgrown


@dataclass(frozen=True, slots=True)
class Push:
    """The update that adds stored `messages` to the session that `guard` matches.

    `size` are their bytes. `expires_at` is the session's timeout from then on, None for never.
    `lease` starts a turn in the same step; `ends_turn` ends the one that the guard names.
    """

    guard: Stored
    messages: Sequence[Stored]
    size: int
    now: datetime
    expires_at: datetime | None
    lease: NewLease | None = None
    ends_turn: bool = False


def push(update: Push, transaction: ClientSession | None = None) -> Stored | None:
    """Carry out the update; the session's counters after it, None when the guard did not match.

    Outside of this module for writers that hold a session by a lease; they call `after_push`, too.
    """
    header: Stored | None = collection(Session).find_one_and_update(
        update.guard,
        _changes(update) if update.lease is None else _changes_with_lease(update, update.lease),
        projection={"message_count": 1, "tail_start": 1, "tail_bytes": 1},
        return_document=ReturnDocument.AFTER,
        session=transaction,
    )
    return header


def _sums(update: Push) -> dict[str, int]:
    """What the counters of a session grow by."""
    return {
        "message_count": len(update.messages),
        "token_count": sum(message["token_count"] for message in update.messages),
        "tail_bytes": update.size,
        "version": 1,
    }


def _changes(update: Push) -> Stored:
    removed: Stored = {"turn": 1} if update.ends_turn else {}
    if update.expires_at is None:
        removed["expires_at"] = 1
    return {
        "$push": {"messages": {"$each": list(update.messages)}},
        "$inc": _sums(update),
        # Workers' clocks differ, if only by milliseconds: activity never moves backwards, and it
        # only ever extends a timeout.
        "$max": {
            "updated_at": update.now,
            **({"expires_at": update.expires_at} if update.expires_at else {}),
        },
        **({"$unset": removed} if removed else {}),
    }


def _changes_with_lease(update: Push, lease: NewLease) -> list[Stored]:
    """The same as a pipeline, which alone can tell the time of MongoDB's clock."""
    sums = {name: {"$add": [f"${name}", by]} for name, by in _sums(update).items()}
    # A session does not time out while it is in a turn, however short its timeout.
    until = (
        {"$max": ["$expires_at", update.expires_at, codec.lease_end()]}
        if update.expires_at
        else "$$REMOVE"
    )
    messages = {"$concatArrays": ["$messages", {"$literal": list(update.messages)}]}
    return [
        {
            "$set": {
                "messages": messages,
                **sums,
                "updated_at": {"$max": ["$updated_at", update.now]},
                "expires_at": until,
                "turn": codec.encode_lease(lease),
            }
        }
    ]


def after_push(session_id: str, header: Stored, number: int) -> None:
    """Count `number` messages that were stored, and spill a tail that has outgrown its bounds."""
    instruments.messages_appended(number)
    if has_outgrown(header):
        tail.tidy(session_id)

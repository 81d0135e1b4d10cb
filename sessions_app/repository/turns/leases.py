"""The lease of a session's one turn: taken, renewed, given up; and the reply that ends it.

A turn owns its session as long as the lease in the document names it. Whatever a turn writes is
guarded by that, so a worker that was thought dead and comes back can write nothing once another
turn has taken the session; until then a lease that has run out is still its turn's to renew.
Leases begin, are renewed and end by the clock of MongoDB.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import pymongo
from pymongo.client_session import ClientSession

from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain import data
from sessions_app.domain.data import NewLease, Status
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import failures, log, transactions
from sessions_app.repository.log import Stored

_ATTEMPTS = 20
_BATCH = 200
# What a worker asks again in a moment anyway, it need not wait for.
PROMPT_SECONDS = 2.0


class Mark(NamedTuple):
    """What a session says to whoever runs or follows its turn.

    `is_live`: the lease has not run out. `cancelled`: somebody wants the turn to stop. `followed`:
    somebody reads it at another worker. `erasures` grows with each message that is erased.
    `owner` is the process that runs it.
    """

    turn_id: str
    is_live: bool
    cancelled: bool
    followed: bool
    erasures: int
    owner: str


@failures.translated
def take(
    *,
    session_id: str,
    user_id: str,
    lease: NewLease,
    now: datetime,
    behind: int | None = None,
) -> bool:
    """Take a session without a new message; False when that cannot be now.

    With `behind`, only where that is the seq of the session's newest message.
    """
    newest = {} if behind is None else {"message_count": behind}
    taken = collection(Session).update_one(
        {
            "_id": session_id,
            "user_id": user_id,
            "status": Status.ACTIVE.value,
            "expires_at": {"$not": {"$lte": now}},
            **log.waiting.guard(lease),
            **newest,
        },
        [
            {
                "$set": {
                    "turn": log.encode_lease(lease),
                    "version": {"$add": ["$version", 1]},
                    **_lasting(),
                    **_out_of_line(lease),
                }
            }
        ],
    )
    return bool(taken.matched_count)


def _out_of_line(lease: NewLease) -> Stored:
    """Who takes the session waits no more."""
    return {log.waiting.LINE: log.waiting.left(lease.ticket)} if lease.ticket else {}


@failures.translated
def renew(turns: Iterable[tuple[str, str]]) -> None:
    """Hold on to the leases of these turns, given as session id and turn id."""
    session_ids, turn_ids = zip(*turns, strict=True)
    with pymongo.timeout(PROMPT_SECONDS):
        collection(Session).update_many(
            # An id of a turn stands in one session only, so each pair is as it was given.
            {"_id": {"$in": session_ids}, "turn.id": {"$in": turn_ids}},
            [{"$set": {"turn.deadline": log.lease_end(), **_lasting()}}],
        )


def _lasting() -> Stored:
    """A session does not time out before the lease of its turn; one without a timeout never."""
    until, end = "$expires_at", log.lease_end()
    return {"expires_at": {"$cond": [{"$gt": [until, None]}, {"$max": [until, end]}, "$$REMOVE"]}}


@failures.translated
def marks(session_ids: Iterable[str]) -> Mapping[str, Mark]:
    """What these sessions say of their turns, as far as they are there."""
    with pymongo.timeout(PROMPT_SECONDS):
        cursor = collection(Session).find(
            {"_id": {"$in": list(session_ids)}},
            {
                "turn.id": 1, "turn.cancelled": 1, "turn.followed": 1, "turn.owner": 1,
                "erasure_count": 1, "turn_is_live": log.LIVE,
            },
        )  # fmt: skip
        return {stored["_id"]: _mark_of(stored) for stored in cursor}


def _mark_of(stored: Stored) -> Mark:
    turn = stored.get("turn") or {}
    return Mark(
        turn.get("id", ""),
        stored["turn_is_live"],
        turn.get("cancelled", False),
        turn.get("followed", False),
        stored.get("erasure_count", 0),
        turn.get("owner", ""),
    )


@failures.translated
def cancel(*, session_id: str, user_id: str, turn_id: str) -> bool:
    """Ask whoever runs this turn to stop it; False when it no longer holds the session."""
    changed = collection(Session).update_one(
        {"_id": session_id, "user_id": user_id, "turn.id": turn_id},
        {"$set": {"turn.cancelled": True}},
    )
    return bool(changed.matched_count)


@failures.translated
def follow(*, session_id: str, turn_id: str) -> None:
    """Ask whoever runs this turn to write down what the model says, as it says it."""
    with pymongo.timeout(PROMPT_SECONDS):
        collection(Session).update_one(
            {"_id": session_id, "turn.id": turn_id}, {"$set": {"turn.followed": True}}
        )


@failures.translated
def release(*, session_id: str, turn_id: str) -> bool:
    """Give the lease up without a reply; False when another has it, or none."""
    changed = collection(Session).update_one(
        {"_id": session_id, "turn.id": turn_id}, {"$unset": {"turn": 1}, "$inc": {"version": 1}}
    )
    return bool(changed.matched_count)


@failures.translated
def release_lapsed(*, session_id: str, turn_id: str) -> bool:
    """Take away a lease that has run out; False where it is another's, none, or good again."""
    changed = collection(Session).update_one(
        {"_id": session_id, "turn.id": turn_id, "$expr": {"$not": [log.LIVE]}},
        {"$unset": {"turn": 1}, "$inc": {"version": 1}},
    )
    return bool(changed.matched_count)


@failures.translated
def release_of_dead(*, session_id: str, turn_id: str, owner: str) -> bool:
    """Take away the lease of a process that has died; False where it is another's, or none."""
    changed = collection(Session).update_one(
        {"_id": session_id, "turn.id": turn_id, "turn.owner": owner},
        {"$unset": {"turn": 1}, "$inc": {"version": 1}},
    )
    return bool(changed.matched_count)


@failures.translated
def overdue(*, after: str, before: datetime) -> list[tuple[str, str]]:
    """The next sessions, in order of their ids, whose lease ran out before `before`, with its turn.

    For operators: it walks the sessions.
    """
    cursor = collection(Session).find(
        {"_id": {"$gt": after}, "turn.deadline": {"$lt": before}}, {"turn.id": 1}
    )
    return [(stored["_id"], stored["turn"]["id"]) for stored in cursor.sort("_id", 1).limit(_BATCH)]


@failures.translated
def store_reply(
    *,
    session_id: str,
    user_id: str,
    turn_id: str,
    reply: NewMessage,
    supersedes: Sequence[int],
    now: datetime,
    default_ttl_seconds: int,
) -> data.Message | None:
    """Append the reply, mark what it supersedes, and give up the lease, in one step.

    None when the lease is lost. An archived session takes the reply, too: its turn had begun
    before. Raises SessionNotFound.
    """
    stored = log.encode_message(reply)
    for _ in range(_ATTEMPTS):
        session = log.read_header(session_id=session_id, user_id=user_id)
        if session.turn is None or session.turn.turn_id != turn_id:
            return _stored_already(session, reply)
        expires_at = lifecycle.expiry(
            now=now, ttl_seconds=session.ttl_seconds, default_ttl_seconds=default_ttl_seconds
        )
        if session.status is Status.ARCHIVED:
            expires_at = None
        update = log.Push(
            _guard(session, turn_id),
            [stored],
            log.stored_size(stored),
            now=now,
            expires_at=expires_at,
            ends_turn=True,
        )
        after = _push_in_place_of(update, supersedes) if supersedes else log.push(update)
        if after is not None:
            log.after_push(session_id, after, 1)
            return log.decode_message(stored, after["message_count"])
    raise StorageUnavailable


def _guard(session: data.Session, turn_id: str) -> Stored:
    return {
        "_id": session.session_id,
        "turn.id": turn_id,
        "status": session.status.value,
        "ttl_seconds": session.ttl_seconds,
    }


def _push_in_place_of(update: log.Push, supersedes: Sequence[int]) -> Stored | None:
    """The same update, with marks on the messages that the reply takes the place of."""

    def write(transaction: ClientSession) -> Stored | None:
        after = log.push(update, transaction)
        if after is not None:
            _mark(update.guard["_id"], after, supersedes, transaction)
        return after

    written: Stored | None = transactions.in_transaction(write)
    return written


def _mark(
    session_id: str, after: Stored, supersedes: Sequence[int], transaction: ClientSession
) -> None:
    """Write the new reply's seq on each of `supersedes`, in the tail or in its bucket."""
    by, tail_start = after["message_count"], after["tail_start"]
    # A summary that has heard of them would go on telling it.
    collection(Session).update_one(
        {"_id": session_id, "summary.last_seq": {"$gte": min(supersedes)}},
        {"$unset": {"summary": 1}},
        session=transaction,
    )
    in_tail = [seq - tail_start for seq in supersedes if seq >= tail_start]
    if in_tail:
        sessions = collection(Session)
        stored = sessions.find_one({"_id": session_id}, {"messages": 1}, session=transaction)
        marked = [stored["messages"][position] for position in in_tail] if stored else []
        grown = sum(
            log.stored_size(message | {"superseded_by": by}) - log.stored_size(message)
            for message in marked
        )
        sessions.update_one(
            {"_id": session_id},
            {
                "$set": {f"messages.{position}.superseded_by": by for position in in_tail},
                # A spill that has copied these without the mark will not be able to cut.
                "$inc": {"tail_revision": 1, "tail_bytes": grown},
            },
            session=transaction,
        )
    buckets = collection(MessageBucket)
    for seq in (seq for seq in supersedes if seq < tail_start):
        bucket = buckets.find_one(
            log.buckets_of_range(session_id, seq, seq) | {"last_seq": {"$gte": seq}},
            {"first_seq": 1},
            session=transaction,
        )
        if bucket is not None:
            buckets.update_one(
                {"_id": bucket["_id"], "session_id": session_id},
                {"$set": {f"messages.{seq - bucket['first_seq']}.superseded_by": by}},
                session=transaction,
            )


def _stored_already(session: data.Session, reply: NewMessage) -> data.Message | None:
    """The reply, where the answer to storing it got lost on the way."""
    _, newest = log.read_newest(
        session_id=session.session_id, user_id=session.user_id, limit=_LOOKED_THROUGH
    )
    return next((message for message in newest if message.id == reply.id), None)


_LOOKED_THROUGH = 100

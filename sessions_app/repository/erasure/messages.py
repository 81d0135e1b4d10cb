"""Erasing one message's content, whole or in part."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from pymongo.client_session import ClientSession

from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain import data
from sessions_app.domain.data import Status
from sessions_app.domain.errors import LegalHold, MessageNotFound, StorageUnavailable
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import failures, log, transactions
from sessions_app.repository.log import Stored
from sessions_app.repository.sessions import summaries
from sessions_app.repository.sessions.ratings import rating_changes

# An attempt fails only because another writer has just changed the session.
_ATTEMPTS = 20


Reduce = Callable[[data.Message], data.Message | None]
"""What is left of a message; None for nothing."""


def _nothing(_: data.Message) -> None:
    return None


@failures.translated
def erase_message(
    *,
    session_id: str,
    user_id: str,
    seq: int,
    now: datetime,
    default_ttl_seconds: int,
    reduce: Reduce = _nothing,
) -> int:
    """Put what `reduce` leaves at `seq`, mostly a tombstone; doing that twice is the same as once.

    How many bytes that has freed.

    Raises SessionNotFound, SessionExpired, SessionArchived, MessageNotFound, LegalHold, and what
    `reduce` raises, which is called for each attempt.
    """
    for _ in range(_ATTEMPTS):
        session, messages = log.read_range(
            session_id=session_id, user_id=user_id, first=seq, last=seq
        )
        lifecycle.require_writable(session, now=now)
        if seq < 1 or not messages:
            raise MessageNotFound
        if messages[0].deleted:
            _drop_stale_copy(session_id, user_id)
            return 0
        if session.legal_hold:
            raise LegalHold
        # Not erased: the message has moved or changed between the reading and this.
        erase = _erase_in_tail if seq >= session.tail_start else _erase_in_bucket
        freed = erase(session, seq, _activity(session, now, default_ttl_seconds), reduce)
        if freed is not None:
            _drop_stale_copy(session_id, user_id)
            return freed
    raise StorageUnavailable


def _reduced(stored: Stored, seq: int, reduce: Reduce) -> Stored:
    left = reduce(log.decode_message(stored, seq))
    return log.tombstone(stored) if left is None else log.encode_message(left)


class _Activity(NamedTuple):
    """What makes an erasure a change of its session: its condition, and what it writes."""

    guard: Stored
    max: Stored
    unset: Stored


def _activity(session: data.Session, now: datetime, default_ttl_seconds: int) -> _Activity:
    expires_at = lifecycle.expiry(
        now=now, ttl_seconds=session.ttl_seconds, default_ttl_seconds=default_ttl_seconds
    )
    return _Activity(
        guard={
            "_id": session.session_id,
            "user_id": session.user_id,
            "status": Status.ACTIVE.value,
            "expires_at": {"$not": {"$lte": now}},
            "ttl_seconds": session.ttl_seconds,
            "legal_hold": {"$ne": True},
        },
        # Activity only extends a timeout, whatever this worker's clock.
        max={"updated_at": now, **({"expires_at": expires_at} if expires_at else {})},
        unset={} if expires_at else {"expires_at": 1},
    )


def _erase_in_tail(
    session: data.Session, seq: int, activity: _Activity, reduce: Reduce
) -> int | None:
    position = seq - session.tail_start
    unmoved = Session.objects(pk=session.session_id, tail_start=session.tail_start)
    stored_session = (
        unmoved.owned_by(session.user_id).fields(slice__messages=[position, 1]).as_pymongo().first()
    )
    if stored_session is None or not stored_session["messages"]:
        # Spilled since: the next attempt finds it in a bucket.
        return None
    stored = stored_session["messages"][0]
    left = _reduced(stored, seq, reduce)
    freed = log.stored_size(stored) - log.stored_size(left)
    is_changed = _change_session(
        seq,
        activity.guard
        | {
            "tail_start": session.tail_start,
            # Of two erasures at once, one counts; of two of its items, each builds on the other.
            f"messages.{position}": stored,
        },
        {
            "$set": {f"messages.{position}": left},
            "$inc": {
                "token_count": left["token_count"] - stored["token_count"],
                "tail_bytes": -freed,
                # A spill that has already copied the old text will not be able to cut.
                "tail_revision": 1,
                "version": 1,
                "erasure_count": 1,
                **rating_changes(stored.get("feedback"), left.get("feedback")),
            },
            "$max": activity.max,
        },
        activity.unset,
    )
    return freed if is_changed else None


def _change_session(
    seq: int,
    guard: Stored,
    changes: Stored,
    unset: Stored,
    transaction: ClientSession | None = None,
) -> bool:
    """Count the erasure of `seq`, and drop a summary that may quote it, in one write.

    False when the session is no longer what `guard` asks for. By the driver: an erasure in a bucket
    does this in a transaction, and a queryset cannot set an element of an array by its position.
    """
    for covered, dropped in summaries.erasure_cases(seq):
        removed = unset | dropped
        result = collection(Session).update_one(
            guard | covered,
            changes | ({"$unset": removed} if removed else {}),
            session=transaction,
        )
        if result.matched_count:
            return True
    return False


def _drop_stale_copy(session_id: str, user_id: str) -> None:
    """Remove what a spill that stopped before its cut has copied of an older tail.

    That spill can no longer cut, as the tail's revision has grown, so nothing rests on the copy.
    """
    session = Session.objects(pk=session_id).owned_by(user_id).only("tail_start", "tail_revision")
    stored_session = session.as_pymongo().first()
    if stored_session is not None:
        copy = MessageBucket.objects.starting_at(session_id, stored_session["tail_start"])
        copy.filter(revision__lt=stored_session["tail_revision"]).delete()


def _erase_in_bucket(
    session: data.Session, seq: int, activity: _Activity, reduce: Reduce
) -> int | None:
    """The bucket and the session's token count change together or not at all.

    By the driver: MongoEngine's querysets take no transaction.
    """
    session_id = session.session_id

    def erase(transaction: ClientSession) -> int | None:
        bucket = collection(MessageBucket).find_one(
            log.buckets_of_range(session_id, seq, seq) | {"last_seq": {"$gte": seq}},
            session=transaction,
        )
        if bucket is None:
            return None
        position = seq - bucket["first_seq"]
        stored = bucket["messages"][position]
        if stored.get("deleted"):
            return None
        left = _reduced(stored, seq, reduce)
        tokens = left["token_count"] - stored["token_count"]
        collection(MessageBucket).update_one(
            {"_id": bucket["_id"], "session_id": session_id},
            {
                "$set": {f"messages.{position}": left},
                "$inc": {"token_count": tokens},
            },
            session=transaction,
        )
        if not _change_session(
            seq,
            activity.guard,
            {
                "$inc": {
                    "token_count": tokens,
                    "version": 1,
                    "erasure_count": 1,
                    **rating_changes(stored.get("feedback"), left.get("feedback")),
                },
                "$max": activity.max,
            },
            activity.unset,
            transaction,
        ):
            # The session has changed; the caller reads it again and decides anew.
            transaction.abort_transaction()
            return None
        return log.stored_size(stored) - log.stored_size(left)

    freed: int | None = transactions.in_transaction(erase)
    return freed

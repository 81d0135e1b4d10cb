"""Keeping a session's document small: moving the oldest messages of its tail to buckets.

Two writes, in this order, each safe to repeat:

1. the bucket is written (its `_id` is the session and the run's first `seq`);
2. the tail is cut, guarded by the `tail_start` and `tail_revision` that were read.

Between the two, the run is in both, and readers take it from the tail, because they
ignore whatever a bucket says from `tail_start` on. A message that is erased meanwhile changes
`tail_revision`, so the cut fails and the next attempt writes the bucket anew.
"""

import logging
from collections.abc import Sequence

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from sessions_app.documents import MessageBucket, Session, collection, versions
from sessions_app.domain import tail
from sessions_app.domain.errors import DamagedSession, StorageUnavailable
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.repository import failures
from sessions_app.repository.log import codec
from sessions_app.repository.log.codec import Stored
from sessions_app.repository.log.headers import has_outgrown, memory

logger = logging.getLogger(__name__)

# A slice's length in an aggregation must be positive; no tail is ever this long.
_EVERYTHING = 2**31 - 1


def new_bucket(
    session_id: str, first_seq: int, messages: Sequence[Stored], *, revision: int = 0
) -> Stored:
    """A run of stored messages as a bucket document."""
    return {
        "_id": bucket_id(session_id, first_seq),
        "session_id": session_id,
        "first_seq": first_seq,
        "last_seq": first_seq + len(messages) - 1,
        "messages": list(messages),
        "token_count": sum(message["token_count"] for message in messages),
        "revision": revision,
        **versions.STAMP,
    }


def tidy(session_id: str) -> None:
    """Spill until the tail is in bounds; called after a write that has been acknowledged.

    A failure here must not turn that write into an error: the next writer tries again, and no
    append is accepted onto a tail beyond TAIL_HARD_BYTES.
    """
    try:
        while spill(session_id):
            pass
    except (StorageUnavailable, DamagedSession) as error:
        logger.warning("the tail of session %s could not be spilled now: %r", session_id, error)


@failures.translated
def spill(session_id: str) -> bool:
    """Move one run from the tail to a bucket; whether there may be another to move."""
    sessions = collection(Session)
    stored_session = sessions.find_one(
        {"_id": session_id}, {"messages": 1, "tail_start": 1, "tail_revision": 1}
    )
    if stored_session is None:
        return False
    # Recomputed rather than read from `tail_bytes`, which says nothing of single messages.
    sizes = [
        codec.stored_size(message) for _, message in codec.run_of(stored_session, "tail_start")
    ]
    length = tail.next_run(sizes)
    if not length:
        return False
    written = _write_bucket(
        new_bucket(
            session_id,
            stored_session["tail_start"],
            stored_session["messages"][:length],
            revision=stored_session["tail_revision"],
        )
    )
    # Another worker has stored a newer state of this run: read the tail again.
    if written is None:
        return True
    after = _cut(session_id, stored_session, written, sum(sizes[:written]))
    # The tail was changed, cut by another worker, or deleted with its session meanwhile.
    if after is None:
        _drop_if_orphaned(session_id, stored_session["tail_start"])
        return True
    memory.remember(
        session_id, tail_start=after["tail_start"], ttl_seconds=after.get("ttl_seconds")
    )
    return has_outgrown(after)


def _write_bucket(new: Stored) -> int | None:
    """Store `new` unless a newer state of it is there; the length of the run that now is stored.

    None when another worker has stored a newer state: what was read is out of date.
    """
    buckets = collection(MessageBucket)
    bucket_key = {"_id": new["_id"], "session_id": new["session_id"]}
    try:
        buckets.insert_one(new)
    except DuplicateKeyError:
        existing = buckets.find_one(bucket_key, {"revision": 1, "first_seq": 1, "last_seq": 1})
        if existing is None or existing["revision"] > new["revision"]:
            return None
        if existing["revision"] == new["revision"]:
            # The same messages, left by a spill that stopped before its cut.
            return int(existing["last_seq"] - existing["first_seq"] + 1)
        replaced = buckets.replace_one(bucket_key | {"revision": existing["revision"]}, new)
        if not replaced.matched_count:
            return None
    return len(new["messages"])


def _cut(session_id: str, stored_session: Stored, length: int, freed: int) -> Stored | None:
    """Take the run off the tail; None when the tail is no longer the one that was read."""
    # By the driver: `modify` takes no pipeline, without which no update can keep a list's end.
    after: Stored | None = collection(Session).find_one_and_update(
        {
            "_id": session_id,
            "tail_start": stored_session["tail_start"],
            "tail_revision": stored_session["tail_revision"],
        },
        [
            {
                "$set": {
                    "messages": {"$slice": ["$messages", length, _EVERYTHING]},
                    "tail_start": stored_session["tail_start"] + length,
                    "tail_bytes": {"$subtract": ["$tail_bytes", freed]},
                }
            }
        ],
        projection=codec.HEADER,
        return_document=ReturnDocument.AFTER,
    )
    return after


def _drop_if_orphaned(session_id: str, first_seq: int) -> None:
    """Remove the bucket just written when its session was deleted at the same moment."""
    if not Session.objects.exists(pk=session_id):
        MessageBucket.objects.starting_at(session_id, first_seq).delete()

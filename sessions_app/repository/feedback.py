"""What users think of replies: written and removed on the message, in the tail or in its bucket."""

from pymongo.client_session import ClientSession

from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain import data
from sessions_app.domain.data import Feedback
from sessions_app.repository import failures, log, sessions
from sessions_app.repository.log import Stored


@failures.translated
def write(*, session: data.Session, seq: int, feedback: Feedback | None) -> bool:
    """Put it on the message at `seq`, or remove it; False when the session has changed."""

    def change(transaction: ClientSession) -> bool:
        guard = {
            "_id": session.session_id,
            "user_id": session.user_id,
            "version": session.version,
            "tail_start": session.tail_start,
        }
        # By the driver: MongoEngine's querysets take no transaction.
        stored = collection(Session).find_one(guard, {"messages": 1}, session=transaction)
        if stored is None:
            return False
        counted = {"version": 1, "tail_revision": 1}
        update: Stored = {"$inc": counted}
        if seq >= session.tail_start:
            position = seq - session.tail_start
            changes, grown = _change(stored["messages"][position], position, feedback)
            update |= changes
            counted["tail_bytes"] = grown
        else:
            _write_in_bucket(session.session_id, seq, feedback, transaction)
        collection(Session).update_one(guard, update, session=transaction)
        return True

    return bool(sessions.in_transaction(change))


def _write_in_bucket(
    session_id: str, seq: int, feedback: Feedback | None, transaction: ClientSession
) -> None:
    buckets = collection(MessageBucket)
    bucket = buckets.find_one(
        log.buckets_of_range(session_id, seq, seq) | {"last_seq": {"$gte": seq}},
        session=transaction,
    )
    if bucket is None:
        return
    position = seq - bucket["first_seq"]
    changes, _ = _change(bucket["messages"][position], position, feedback)
    buckets.update_one(
        {"_id": bucket["_id"], "session_id": session_id}, changes, session=transaction
    )


def _change(before: Stored, position: int, feedback: Feedback | None) -> tuple[Stored, int]:
    """The update of one message of a list, and by how many bytes it grows."""
    path = f"messages.{position}.feedback"
    after = {name: value for name, value in before.items() if name != "feedback"}
    changes: Stored = {"$unset": {path: ""}}
    if feedback is not None:
        after["feedback"] = log.encode_feedback(feedback)
        changes = {"$set": {path: after["feedback"]}}
    return changes, log.stored_size(after) - log.stored_size(before)

"""What users think of replies: written and removed on the message, in the tail or in its bucket."""

from pymongo.client_session import ClientSession

from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain import data
from sessions_app.domain.data import Feedback
from sessions_app.repository import failures, log, transactions
from sessions_app.repository.log import Stored
from sessions_app.repository.sessions.ratings import rating_changes


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
            before = stored["messages"][position]
            changes, counted["tail_bytes"] = _change(before, position, feedback)
            update |= changes
        else:
            before = _write_in_bucket(session.session_id, seq, feedback, transaction)
        counted.update(rating_changes(before.get("feedback"), _encoded(feedback)))
        if feedback is not None:
            update["$set"] = {**update.get("$set", {}), "rated_at": feedback.given_at}
        collection(Session).update_one(guard, update, session=transaction)
        return True

    return bool(transactions.in_transaction(change))


def _encoded(feedback: Feedback | None) -> Stored | None:
    return log.encode_feedback(feedback) if feedback else None


def _write_in_bucket(
    session_id: str, seq: int, feedback: Feedback | None, transaction: ClientSession
) -> Stored:
    """The message as it was."""
    buckets = collection(MessageBucket)
    bucket = buckets.find_one(
        log.buckets_of_range(session_id, seq, seq) | {"last_seq": {"$gte": seq}},
        session=transaction,
    )
    if bucket is None:
        return {}
    position = seq - bucket["first_seq"]
    before: Stored = bucket["messages"][position]
    changes, _ = _change(before, position, feedback)
    buckets.update_one(
        {"_id": bucket["_id"], "session_id": session_id}, changes, session=transaction
    )
    return before


def _change(before: Stored, position: int, feedback: Feedback | None) -> tuple[Stored, int]:
    """The update of one message of a list, and by how many bytes it grows."""
    path = f"messages.{position}.feedback"
    after = {name: value for name, value in before.items() if name != "feedback"}
    changes: Stored = {"$unset": {path: ""}}
    if feedback is not None:
        after["feedback"] = log.encode_feedback(feedback)
        changes = {"$set": {path: after["feedback"]}}
    return changes, log.stored_size(after) - log.stored_size(before)

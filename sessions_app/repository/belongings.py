"""What belongs to a session and lies in documents of its own, which go when the session goes.

Each has an `_id` that begins with "<session_id>/", and a `session_id`. A collection that is added
here is emptied with its session and searched for orphans; nothing else has to know of it.
"""

from collections.abc import Mapping, Sequence

from pymongo.client_session import ClientSession

from sessions_app.documents import (
    DeferredWork,
    MessageAnnotations,
    MessageBucket,
    SearchDocument,
    SessionAttachment,
    SessionName,
    StoredDocument,
    Turn,
    collection,
)
from sessions_app.documents.review import ReviewNote
from sessions_app.domain.audit.integrity import Damage
from sessions_app.repository import log
from sessions_app.repository.attachments import references

OF_SESSIONS: Mapping[Damage, type[StoredDocument]] = {
    Damage.ORPHANED_BUCKET: MessageBucket,
    Damage.ORPHANED_ANNOTATIONS: MessageAnnotations,
    Damage.ORPHANED_SEARCH_DOCUMENT: SearchDocument,
    Damage.ORPHANED_TURN: Turn,
    Damage.ORPHANED_REVIEW_NOTE: ReviewNote,
    Damage.ORPHANED_ATTACHMENT_LINK: SessionAttachment,
    Damage.ORPHANED_DEFERRED_WORK: DeferredWork,
}

# Found by the name, so neither its `_id` nor its shard key tell the session.
WITH_SESSIONS: Mapping[Damage, type[StoredDocument]] = {
    **OF_SESSIONS,
    Damage.ORPHANED_NAME: SessionName,
}
"""All that goes with its session."""


def delete_all(session_id: str, transaction: ClientSession) -> None:
    """Remove all that belongs to a session, in the transaction that removes the session."""
    delete_all_of([session_id], transaction)


def delete_all_of(session_ids: Sequence[str], transaction: ClientSession | None = None) -> None:
    """Remove all that belongs to these sessions."""
    # The shard key takes the deletion to the right shards, the ranges walk `_id` there.
    ranges = [{"_id": log.every_bucket(session_id)["_id"]} for session_id in session_ids]
    belonging = {"session_id": {"$in": list(session_ids)}, "$or": ranges}
    references.release(session_ids, transaction)
    for document in OF_SESSIONS.values():
        # By the driver: MongoEngine's querysets take no transaction.
        collection(document).delete_many(belonging, session=transaction)
    collection(SessionName).delete_many(
        {"session_id": {"$in": list(session_ids)}}, session=transaction
    )

"""What operators' commands read of all sessions, page by page, and how they have one judged anew.

A page of everybody's sessions walks `_id`. A page of one user's comes from that user's index
entries alone, sorted by `_id`; the hint keeps the planner from walking `_id` past everybody else.
"""

from collections.abc import Sequence

from sessions_app.documents import MessageAnnotations, Session
from sessions_app.domain.annotations import Block
from sessions_app.domain.audit.pages import ListedSession
from sessions_app.domain.identifiers import bucket_id
from sessions_app.repository import failures, log

PAGE = 200
_OF_A_USER = "user_status_activity"


@failures.translated
def page(*, after: str, user_id: str | None) -> list[ListedSession]:
    """The next sessions in order of `_id`, everybody's or one user's; empty at the end."""
    fields = {"_id": 1, "user_id": 1, "updated_at": 1}
    sessions = Session._get_collection()
    if user_id is None:
        found = sessions.find({"_id": {"$gt": after}}, fields)
    else:
        found = sessions.find({"_id": {"$gt": after}, "user_id": user_id}, fields)
        found = found.hint(_OF_A_USER)
    return [
        ListedSession(stored["_id"], stored["user_id"], stored["updated_at"])
        for stored in found.sort("_id", 1).limit(PAGE)
    ]


@failures.translated
def count_of(user_id: str) -> int:
    """How many sessions a user has, counted over the index alone."""
    found = Session._get_collection().find({"user_id": user_id}, {"_id": 1}).hint(_OF_A_USER)
    return sum(1 for _ in found)


@failures.translated
def with_vectors(session_ids: Sequence[str], encoder: str) -> set[str]:
    """Those of the sessions whose first block has vectors by `encoder`."""
    found = MessageAnnotations._get_collection().find(
        {
            "_id": {"$in": [bucket_id(session_id, 1) for session_id in session_ids]},
            "session_id": {"$in": list(session_ids)},
        },
        {"session_id": 1, "encoder": 1},
    )
    return {stored["session_id"] for stored in found if stored.get("encoder") == encoder}


@failures.translated
def blocks_made(session_id: str) -> list[Block]:
    """A session's blocks in order: how many messages each holds, and by which encoder."""
    found = MessageAnnotations._get_collection().find(
        log.every_bucket(session_id), {"first_seq": 1, "count": 1, "encoder": 1}
    )
    return [
        Block(session_id, stored["first_seq"], stored["count"], stored.get("encoder", ""))
        for stored in found.sort("_id", 1)
    ]

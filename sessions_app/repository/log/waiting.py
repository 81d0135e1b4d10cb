"""The line of requests that wait for a session's turn, as it stands in the session's document.

It is in the document so that taking the lease and leaving the line are one step, and so that the
order is that in which MongoDB took the requests, whichever workers they came to. Who waits renews
their place; one whose worker has died loses it by MongoDB's clock.
"""

from collections.abc import Mapping
from typing import Any

from sessions_app.documents import Session, collection
from sessions_app.domain.data import NewLease
from sessions_app.repository.log.codec import FREE, Stored

LINE = "turn_queue"
# Those who still wait, the first of them first.
LIVING: Mapping[str, Any] = {
    "$filter": {
        "input": {"$ifNull": [f"${LINE}", []]},
        "as": "place",
        "cond": {"$gt": ["$$place.until", "$$NOW"]},
    }
}


def guard(lease: NewLease) -> Stored:
    """The condition for taking a session: nobody has it, and nobody waits in front of `lease`."""
    first = {"$arrayElemAt": [{"$map": {"input": LIVING, "as": "each", "in": "$$each.id"}}, 0]}
    # Without anybody in the line, whoever comes is the first.
    is_first = {"$eq": [{"$ifNull": [first, lease.ticket]}, lease.ticket]}
    return {"$and": [FREE, {"$or": [{LINE: None}, {"$expr": is_first}]}]}


def left(ticket: str) -> Stored:
    """The line without `ticket` and without those who are gone, for an update by pipeline."""
    others = {"$filter": {"input": LIVING, "as": "other", "cond": {"$ne": ["$$other.id", ticket]}}}
    return {"$cond": [{"$eq": [others, []]}, "$$REMOVE", others]}


def is_awaited(session_id: str, lease: NewLease) -> bool:
    """Whether somebody waits in front of `lease`."""
    stored = collection(Session).find_one({"_id": session_id}, {"line": LIVING})
    line = stored.get("line", []) if stored else []
    return bool(line) and line[0]["id"] != lease.ticket

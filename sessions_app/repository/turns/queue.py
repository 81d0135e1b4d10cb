"""The places of those who wait for a session's turn; `log.waiting` says how a place is used.

A place is good for PLACE_SECONDS and renewed while its request waits, so that a worker that dies
holds up nobody for longer.
"""

from typing import NamedTuple

from pymongo import ReturnDocument

from sessions_app.documents import Session, collection
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored, waiting

PLACE_SECONDS = 10
RENEW_SECONDS = 3


class Standing(NamedTuple):
    """How many wait in front of a request, and whether a turn has the session."""

    ahead: int
    in_turn: bool

    @property
    def is_next(self) -> bool:
        """Whether it may take the session now."""
        return not (self.ahead or self.in_turn)


@failures.translated
def join(*, session_id: str, user_id: str, ticket: str, most: int) -> bool:
    """Wait behind all others; False where there are `most` already, or no such session."""
    place = {"id": ticket, "until": _end()}
    has_room = {"$lt": [{"$size": waiting.LIVING}, most]}
    longer = {"$concatArrays": [waiting.LIVING, [place]]}
    # A worker that asks twice, because the first answer was lost, has one place.
    line = {"$cond": [{"$and": [has_room, {"$not": [_has(ticket)]}]}, longer, f"${waiting.LINE}"]}
    after: Stored | None = collection(Session).find_one_and_update(
        {"_id": session_id, "user_id": user_id},
        [{"$set": {waiting.LINE: {"$ifNull": [line, []]}}}],
        projection={f"{waiting.LINE}.id": 1},
        return_document=ReturnDocument.AFTER,
    )
    return after is not None and any(each["id"] == ticket for each in after[waiting.LINE])


@failures.translated
def standing(*, session_id: str, ticket: str) -> Standing | None:
    """Where a request stands; None when it has lost its place, or there is no session any more."""
    stored = collection(Session).find_one(
        {"_id": session_id}, {"line": waiting.LIVING, "turn_is_live": log.LIVE}
    )
    if stored is None:
        return None
    tickets = [each["id"] for each in stored["line"]]
    if ticket not in tickets:
        return None
    return Standing(tickets.index(ticket), stored["turn_is_live"])


@failures.translated
def renew(*, session_id: str, ticket: str) -> None:
    """Keep a place for a further PLACE_SECONDS."""
    renewed = {"$mergeObjects": ["$$each", {"until": _end()}]}
    line = {
        "$map": {
            "input": f"${waiting.LINE}",
            "as": "each",
            "in": {"$cond": [{"$eq": ["$$each.id", ticket]}, renewed, "$$each"]},
        }
    }
    collection(Session).update_one(
        {"_id": session_id, f"{waiting.LINE}.id": ticket}, [{"$set": {waiting.LINE: line}}]
    )


@failures.translated
def leave(*, session_id: str, ticket: str) -> None:
    """Give a place up; nothing where it has been taken up, or lost."""
    collection(Session).update_one(
        {"_id": session_id, f"{waiting.LINE}.id": ticket},
        [{"$set": {waiting.LINE: waiting.left(ticket)}}],
    )


def _end() -> Stored:
    return {"$add": ["$$NOW", PLACE_SECONDS * 1_000]}


def _has(ticket: str) -> Stored:
    ids = {"$map": {"input": waiting.LIVING, "as": "each", "in": "$$each.id"}}
    return {"$in": [ticket, ids]}

"""Names of sessions: found with one look at an `_id`, and claimed in the session's own transaction.

A name and its session appear together and go together. One that is left behind by an import that
was cut off leads to no session, and is free.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from sessions_app.documents import Session, SessionName, collection, versions
from sessions_app.repository import failures
from sessions_app.repository.log import Stored


class NameTaken(Exception):
    """Another has claimed the name since it was looked for."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A name for a session that is to be stored.

    It is taken away from the session `replaced`; without one, nobody may have it.
    """

    name: str
    user_id: str
    session_id: str
    replaced: str | None = None


def _key(name: str, user_id: str) -> str:
    # No name has a slash, so that no two pairs meet.
    return f"{name}/{user_id}"


@failures.translated
def find(*, name: str, user_id: str) -> str | None:
    """The id of the session that has this name; whether that is still there is another question."""
    names = SessionName.objects(pk=_key(name, user_id)).only("session_id").as_pymongo()
    stored_name = names.first()
    return stored_name["session_id"] if stored_name else None


def claim(claimed: Claim, transaction: ClientSession) -> None:
    """Give the name to its session, in the transaction that stores it; raises NameTaken."""
    key = _key(claimed.name, claimed.user_id)
    # By the driver: MongoEngine's querysets take no transaction.
    names = collection(SessionName)
    if claimed.replaced is None:
        try:
            names.insert_one(
                {"_id": key, "session_id": claimed.session_id, **versions.STAMP},
                session=transaction,
            )
        except DuplicateKeyError as error:
            raise NameTaken from error
        return
    moved = names.update_one(
        {"_id": key, "session_id": claimed.replaced},
        {"$set": {"session_id": claimed.session_id}},
        session=transaction,
    )
    if not moved.matched_count:
        raise NameTaken
    collection(Session).update_one(
        {"_id": claimed.replaced, "user_id": claimed.user_id, "external_id": claimed.name},
        {"$unset": {"external_id": 1}, "$inc": {"version": 1}},
        session=transaction,
    )


@failures.translated
def claim_for_import(documents: Sequence[Stored]) -> None:
    """Claim the names of sessions that are about to be imported; those that are taken are left out.

    Before the sessions, each by itself: an import that is run again claims the rest.
    """
    for document in documents:
        if (external_id := document.get("external_id")) is None:
            continue
        key = _key(external_id, document["user_id"])
        names = SessionName.objects(pk=key)
        names.update_one(upsert=True, set_on_insert__session_id=document["_id"])
        holder = names.only("session_id").as_pymongo().first()
        if holder is None or holder["session_id"] != document["_id"]:
            del document["external_id"]

"""Titles that were made from the messages; a person's own is never touched."""

from typing import NamedTuple

from sessions_app.documents import Session
from sessions_app.repository import failures
from sessions_app.repository.log import Stored


class Untitled(NamedTuple):
    """A session whose title may be made, and what its making rests on."""

    title: str
    titled_from: int | None
    erasures: int | None


@failures.translated
def read(*, session_id: str, user_id: str) -> Untitled | None:
    """What a title would replace; None where a person has given one, or there is no session."""
    held = Session._get_collection().find_one(
        {"_id": session_id, "user_id": user_id},
        {"title": 1, "titled_from": 1, "erasure_count": 1},
    )
    if held is None or (held.get("title") and not held.get("titled_from")):
        return None
    return Untitled(held.get("title", ""), held.get("titled_from"), held.get("erasure_count"))


@failures.translated
def write(
    *,
    session_id: str,
    user_id: str,
    title: str,
    titled_from: int,
    replacing: Untitled,
) -> bool:
    """Give a title made from the messages up to `titled_from`.

    False when somebody has given one meanwhile, or has erased a message that it may quote.
    """
    changed = Session._get_collection().update_one(
        {
            "_id": session_id,
            "user_id": user_id,
            "title": replacing.title if replacing.title else {"$in": ["", None]},
            "titled_from": replacing.titled_from,
            "erasure_count": replacing.erasures,
        },
        {"$set": {"title": title, "titled_from": titled_from}, "$inc": {"version": 1}},
    )
    return bool(changed.matched_count)


@failures.translated
def forget_quoting(*, session_id: str, user_id: str, seq: int) -> None:
    """Take a title back that was made from messages up to `seq` or later ones."""
    Session._get_collection().update_one(
        {"_id": session_id, "user_id": user_id, "titled_from": {"$gte": seq}},
        {"$set": {"title": ""}, "$unset": {"titled_from": 1}, "$inc": {"version": 1}},
    )


def carried(source: Stored, title: str) -> Stored:
    """What a fork with this title takes along: that it was made from messages it has, too."""
    made = title and title == source.get("title") and source.get("titled_from")
    return {"titled_from": source["titled_from"]} if made else {}

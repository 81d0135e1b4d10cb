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
    """What a title would replace.

    None where a person has given one, the session is temporary, or there is none.
    """
    session = Session.objects(pk=session_id).owned_by(user_id).listed()
    stored_session = session.only("title", "titled_from", "erasure_count").as_pymongo().first()
    if stored_session is None:
        return None
    title, titled_from = stored_session.get("title", ""), stored_session.get("titled_from")
    if title and not titled_from:
        return None
    return Untitled(title, titled_from, stored_session.get("erasure_count"))


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
    unchanged = Session.objects(
        pk=session_id,
        user_id=user_id,
        # An empty title may be stored as such or not at all.
        title__in=[replacing.title] if replacing.title else ["", None],
        titled_from=replacing.titled_from,
        erasure_count=replacing.erasures,
    )
    return bool(
        unchanged.update_one(set__title=title, set__titled_from=titled_from, inc__version=1)
    )


@failures.translated
def forget_quoting(*, session_id: str, user_id: str, seq: int) -> None:
    """Take a title back that was made from messages up to `seq` or later ones."""
    # A title of a person has no `titled_from`, so it never matches.
    quoting = Session.objects(pk=session_id, user_id=user_id, titled_from__gte=seq)
    quoting.update_one(set__title="", unset__titled_from=1, inc__version=1)


def carried(source: Stored, title: str) -> Stored:
    """What a fork with this title takes along: that it was made from messages it has, too."""
    made = title and title == source.get("title") and source.get("titled_from")
    return {"titled_from": source["titled_from"]} if made else {}

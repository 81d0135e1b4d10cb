"""What operators' commands read of all sessions, page by page, and how they have one judged anew.

A page of everybody's sessions walks `_id`. A page of one user's comes from that user's index
entries alone, sorted by `_id`; the hint keeps the planner from walking `_id` past everybody else.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sessions_app.documents import MessageAnnotations, Session, checking
from sessions_app.domain.annotations import Block
from sessions_app.domain.audit.pages import ListedSession
from sessions_app.repository import derived, failures

PAGE = 200
_OF_A_USER = "user_status_activity"


@failures.translated
def page(*, after: str, user_id: str | None) -> list[ListedSession]:
    """The next sessions in order of `_id`, everybody's or one user's; empty at the end."""
    sessions = Session.objects.walk(after=after).only("user_id", "updated_at").limit(PAGE)
    if user_id is not None:
        # MongoDB sorts the entries of one user by `_id` in memory: they are few.
        sessions = sessions.owned_by(user_id).hint(_OF_A_USER)
    return [_listed(stored) for stored in sessions.as_pymongo()]


def _listed(stored: Mapping[str, Any]) -> ListedSession:
    # A damaged session is listed, too, so that a command can say so and go on.
    sound = checking.readable(Session).sound_part(stored)
    return ListedSession(
        stored["_id"],
        sound.get("user_id", ""),
        sound.get("updated_at", datetime.fromtimestamp(0, UTC)),
    )


@failures.translated
def count_of(user_id: str) -> int:
    """How many sessions a user has, counted over the index alone."""
    return int(Session.objects.owned_by(user_id).hint(_OF_A_USER).count())


@failures.translated
def with_vectors(session_ids: Sequence[str], encoder: str) -> set[str]:
    """Those of the sessions whose first block has vectors by `encoder`."""
    # The first block tells for all: a rebuild writes blocks in order.
    blocks = MessageAnnotations.objects.all_starting_at(session_ids, 1)
    return {
        stored["session_id"]
        for stored in blocks.only("session_id", "encoder").as_pymongo()
        if stored.get("encoder") == encoder
    }


@failures.translated
def blocks_made(session_id: str) -> list[Block]:
    """A session's blocks in order: how many messages each holds, and by which encoder."""
    blocks = MessageAnnotations.objects.of_session(session_id).only("first_seq", "count", "encoder")
    only = ("first_seq", "count", "encoder")
    return [
        Block(session_id, stored["first_seq"], stored["count"], stored.get("encoder", ""))
        for stored in derived.readable(
            MessageAnnotations, blocks.order_by("pk").as_pymongo(), only=only
        )
    ]

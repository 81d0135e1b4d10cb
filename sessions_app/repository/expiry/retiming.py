"""Giving idle sessions another timeout, counted from their last activity."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pymongo import UpdateOne

from sessions_app.documents import Session
from sessions_app.domain.data import Status
from sessions_app.repository import failures
from sessions_app.repository.log import Stored

_PAGE = 1_000


class Idle(NamedTuple):
    """A session that follows the default timeout: its last activity, and when it expires."""

    session_id: str
    updated_at: datetime
    expires_at: datetime | None


class Retimed(NamedTuple):
    """An idle session, and when it is to expire instead."""

    idle: Idle
    expires_at: datetime | None


@failures.translated
def following_default(*, after: str, now: datetime) -> list[Idle]:
    """The next active sessions without a timeout of their own, in order of their ids."""
    found = (
        Session._get_collection()
        .find({"_id": {"$gt": after}, **_open(now)}, {"updated_at": 1, "expires_at": 1})
        .sort("_id", 1)
        .limit(_PAGE)
    )
    return [Idle(held["_id"], held["updated_at"], held.get("expires_at")) for held in found]


@failures.translated
def retime(changes: Sequence[Retimed], *, now: datetime) -> int:
    """Write the new timeouts, but of sessions that are no longer idle; how many were written.

    Activity since they were read has given them a timeout of its own.
    """
    writes = [
        UpdateOne(
            {
                "_id": idle.session_id,
                "updated_at": idle.updated_at,
                **_open(now),
            },
            {
                **(
                    {"$set": {"expires_at": expires_at}}
                    if expires_at
                    else {"$unset": {"expires_at": 1}}
                ),
                "$inc": {"version": 1},
            },
        )
        for idle, expires_at in changes
    ]
    if not writes:
        return 0
    return int(Session._get_collection().bulk_write(writes, ordered=False).modified_count)


def _open(now: datetime) -> Stored:
    """Neither archived nor expired, and without a timeout of its own."""
    return {
        "status": Status.ACTIVE.value,
        "ttl_seconds": None,
        "expires_at": {"$not": {"$lte": now}},
    }

"""Giving idle sessions another timeout, counted from their last activity."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pymongo import UpdateOne

from sessions_app.documents import Session, checking, collection
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
    idle = Session.objects(ttl_seconds=None).active().unexpired(now).walk(after=after)
    idle = idle.only("updated_at", "expires_at").limit(_PAGE)
    return [_idle(stored) for stored in idle.as_pymongo()]


def _idle(stored: Stored) -> Idle:
    # One whose last activity cannot be read is as it was then: no write will match it.
    sound = checking.readable(Session).sound_part(stored)
    unknown = datetime.fromtimestamp(0, UTC)
    return Idle(stored["_id"], sound.get("updated_at", unknown), sound.get("expires_at"))


@failures.translated
def retime(changes: Sequence[Retimed], *, now: datetime) -> int:
    """Write the new timeouts, but of sessions that are no longer idle; how many were written.

    Activity since they were read has given them a timeout of its own.
    """
    writes = [
        UpdateOne(
            {
                "_id": idle.session_id,
                # Activity has given it a time already, from the same default.
                "updated_at": idle.updated_at,
                # Neither archived nor expired, and still without a timeout of its own.
                "status": Status.ACTIVE.value,
                "ttl_seconds": None,
                "expires_at": {"$not": {"$lte": now}},
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
    # By the driver: querysets have no bulk writes, and each session gets a time of its own.
    return int(collection(Session).bulk_write(writes, ordered=False).modified_count)

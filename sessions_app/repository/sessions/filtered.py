"""A user's sessions by what their product keeps on them: tags, metadata, pins.

Each filter has an index, in the order of creation; of several, the narrowest leads and the others
are judged on what it finds.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sessions_app.documents import Session, collection
from sessions_app.documents.sessions import BY_METADATA, BY_TAG, PINNED, TEMPORARY
from sessions_app.domain.data import SessionFilter, SessionPage, SessionPosition
from sessions_app.domain.limits import SESSIONS_COUNTED, VALUES_COUNTED
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored
from sessions_app.repository.sessions import pages as session_pages

_LISTED = "user_status_activity"


class ValueCount(NamedTuple):
    """How many sessions have a value."""

    value: str
    sessions: int


@failures.translated
def page(
    *,
    user_id: str,
    wanted: SessionFilter,
    now: datetime,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
) -> SessionPage:
    """A page of the user's sessions after (or, `backwards`, before) `position`, newest first."""
    return session_pages.read(
        Session.objects(__raw__=_query(user_id, wanted, now)).hint(_index(wanted)),
        by="created_at",
        descending=True,
        position=position,
        backwards=backwards,
        limit=limit,
    )


@failures.translated
def count(*, user_id: str, wanted: SessionFilter, now: datetime, held: bool | None = None) -> int:
    """How many of the user's sessions are meant, up to one more than SESSIONS_COUNTED.

    With `held`, of those under legal hold, or of those that are not.
    """
    query = _query(user_id, wanted, now) | _hold(held)
    # By the driver: MongoEngine's `count` passes no limit on.
    number: int = collection(Session).count_documents(
        query, limit=SESSIONS_COUNTED + 1, hint=_index(wanted)
    )
    return number


@failures.translated
def count_by_tag(*, user_id: str, wanted: SessionFilter, now: datetime) -> list[ValueCount]:
    """How many of the sessions have each tag, the commonest first."""
    query = _query(user_id, wanted, now)
    query.setdefault("tags", {"$exists": True})
    index = _index(wanted, instead=BY_TAG)
    return _counted([{"$match": query}], "$tags", index)


@failures.translated
def count_by_metadata(
    *, user_id: str, key: str, wanted: SessionFilter, now: datetime
) -> list[ValueCount]:
    """How many of the sessions have each value of a key of the metadata, the commonest first."""
    query = _query(user_id, wanted, now)
    query["$and"] = [*query.get("$and", []), {"metadata": {"$elemMatch": {"k": key}}}]
    query["metadata.0"] = {"$exists": True}
    of_key = {"$filter": {"input": "$metadata", "as": "each", "cond": {"$eq": ["$$each.k", key]}}}
    values = {"$map": {"input": of_key, "as": "each", "in": "$$each.v"}}
    return _counted([{"$match": query}], values, _index(wanted, instead=BY_METADATA))


def _counted(found: list[Stored], values: Any, index: str) -> list[ValueCount]:
    pipeline = [
        *found,
        {"$limit": SESSIONS_COUNTED},
        {"$project": {"values": values}},
        {"$unwind": "$values"},
        {"$group": {"_id": "$values", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": VALUES_COUNTED},
    ]
    counts = collection(Session).aggregate(pipeline, hint=index)
    return [ValueCount(each["_id"], each["count"]) for each in counts]


@failures.translated
def next_ids(
    *, user_id: str, wanted: SessionFilter, now: datetime, limit: int, with_held: bool
) -> list[str]:
    """Some of the user's sessions that are meant, without those under legal hold or with them."""
    query = _query(user_id, wanted, now) | _hold(None if with_held else False)
    sessions = Session.objects(__raw__=query).hint(_index(wanted)).only("pk")
    return [stored["_id"] for stored in sessions.limit(limit).as_pymongo()]


def _query(user_id: str, wanted: SessionFilter, now: datetime) -> Stored:
    query: Stored = {
        "user_id": user_id,
        "status": wanted.status.value,
        # Past its timeout means gone at once, whether or not a sweeper has passed.
        "expires_at": {"$not": {"$lte": now}},
        "temporary": True if wanted.temporary else {"$ne": True},
    }
    if wanted.tag is not None:
        query["tags"] = wanted.tag
    if wanted.pinned is not None:
        query["pinned"] = True if wanted.pinned else {"$ne": True}
    if wanted.metadata:
        entries = [log.encode_metadata({key: value})[0] for key, value in wanted.metadata.items()]
        query["$and"] = [{"metadata": {"$elemMatch": entry}} for entry in entries]
        # What the index says of itself, so that MongoDB knows that it has them all.
        query["metadata.0"] = {"$exists": True}
    return query


def _hold(held: bool | None) -> Stored:
    if held is None:
        return {}
    return {"legal_hold": True if held else {"$ne": True}}


def _index(wanted: SessionFilter, instead: str = _LISTED) -> str:
    """The index that answers a filter; `instead` where nothing is filtered by."""
    if wanted.tag is not None:
        return BY_TAG
    if wanted.metadata:
        return BY_METADATA
    if wanted.pinned:
        return PINNED
    return TEMPORARY if wanted.temporary else instead

"""How much each user has stored: one counter a user, that all workers share.

It is raised before something is stored, by one guarded update, so no race takes it over a quota.
Written to the primary only, as rate limits are: what a fail-over forgets is found when the counter
is counted anew.
"""

from collections.abc import Sequence
from datetime import datetime

from pymongo import ReturnDocument, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from sessions_app.documents import MessageBucket, Session, UsageCounter, collection, versions
from sessions_app.domain.quotas import Stock, Usage
from sessions_app.repository import failures
from sessions_app.repository.log import Stored

_SESSIONS_AT_A_TIME = 500
# About what a message takes beside its text, and a token of that; for counts that read no bucket.
_MESSAGE_BYTES, _TOKEN_BYTES = 200, 4
# BSON bytes of a bucket's messages, as a tail's are counted.
_BYTES = {"$sum": {"$map": {"input": "$messages", "in": {"$bsonSize": "$$this"}}}}


@failures.translated
def take(*, key: str, need: Usage, quotas: Usage) -> bool:
    """Raise the counter by `need` where the quotas allow it; False if not, or if there is none."""
    room = {
        stock.value: {"$lte": quota - needed}
        for stock, needed, quota in zip(Stock, need, quotas, strict=True)
        if quota and needed
    }
    return _counters().update_one({"_id": key, **room}, {"$inc": _by(need)}).matched_count == 1


@failures.translated
def add(*, key: str, change: Usage) -> None:
    """Change a counter whatever the quotas, if there is one."""
    _counters().update_one({"_id": key}, {"$inc": _by(change)})


@failures.translated
def read(key: str) -> tuple[Usage, datetime | None] | None:
    """What the counter says, and when it was counted; None where there is none."""
    stored = _counters().find_one({"_id": key})
    if stored is None:
        return None
    return Usage(*(stored[stock.value] for stock in Stock)), stored.get("counted_at")


@failures.translated
def begin(*, key: str, usage: Usage, now: datetime) -> None:
    """Make a counter that says this, unless another worker has made it."""
    counter = {"_id": key, **_by(usage), "counted_at": now, **versions.STAMP}
    try:
        _counters().insert_one(counter)
    except DuplicateKeyError:
        return


@failures.translated
def claim_count(*, key: str, before: datetime, now: datetime) -> Usage | None:
    """What the counter said, for whoever is to count it anew; None unless it is older than that."""
    stored = _counters().find_one_and_update(
        # One that a sweep has made uncertain has no time.
        {"_id": key, "counted_at": {"$not": {"$gte": before}}},
        {"$set": {"counted_at": now}},
        return_document=ReturnDocument.BEFORE,
    )
    return Usage(*(stored[stock.value] for stock in Stock)) if stored else None


@failures.translated
def doubt(keys: Sequence[str]) -> None:
    """Have these counters counted anew before they refuse anything."""
    _counters().update_many({"_id": {"$in": list(keys)}}, {"$unset": {"counted_at": 1}})


@failures.translated
def forget(key: str) -> None:
    """Remove a counter."""
    _counters().delete_one({"_id": key})


@failures.translated
def count(user_id: str, *, reads_buckets: bool) -> Usage:
    """What is stored of a user, counted session by session.

    The bytes of what lies in buckets are estimated by its tokens unless it `reads_buckets`, which
    takes as long as reading all that the user has.
    """
    usage, after = Usage(), ""
    while page := _page(user_id, after):
        after = page[-1]["_id"]
        spilled = [each for each in page if each.get("tail_start", 1) > 1]
        usage += Usage(
            len(page),
            sum(stored.get("message_count", 0) for stored in page),
            sum(stored.get("tail_bytes", 0) for stored in page)
            + (bucket_bytes([each["_id"] for each in spilled]) if reads_buckets else 0)
            + (0 if reads_buckets else sum(map(_estimate, spilled))),
        )
    return usage


@failures.translated
def count_between(first: str, beyond: str) -> Usage:
    """What is stored of all users from `first` to before `beyond`, counted in one pass.

    The bytes of what lies in buckets are estimated by its tokens: reading them would take as long
    as reading all that an application's users have.
    """
    in_buckets = {"$max": [0, {"$subtract": [{"$ifNull": ["$tail_start", 1]}, 1]}]}
    count = {"$ifNull": ["$message_count", 0]}
    part = {"$divide": [in_buckets, {"$max": [1, count]}]}
    tokens = {"$multiply": [part, {"$ifNull": ["$token_count", 0]}, _TOKEN_BYTES]}
    estimate = {"$add": [{"$multiply": [in_buckets, _MESSAGE_BYTES]}, tokens]}
    stages: list[Stored] = [
        {"$match": {"user_id": {"$gte": first, "$lt": beyond}}},
        {
            "$group": {
                "_id": None,
                "sessions": {"$sum": 1},
                "messages": {"$sum": count},
                "bytes": {"$sum": {"$add": [{"$ifNull": ["$tail_bytes", 0]}, estimate]}},
            }
        },
    ]
    [*groups] = collection(Session).aggregate(stages)
    return Usage(*(int(groups[0][stock.value]) for stock in Stock)) if groups else Usage()


def _page(user_id: str, after: str) -> list[Stored]:
    sessions = Session.objects.owned_by(user_id).walk(after=after).limit(_SESSIONS_AT_A_TIME)
    fields = ("message_count", "token_count", "tail_bytes", "tail_start")
    return list(sessions.only(*fields).as_pymongo())


def _estimate(stored: Stored) -> int:
    in_buckets = stored["tail_start"] - 1
    part = in_buckets / max(1, stored.get("message_count", 1))
    return int(in_buckets * _MESSAGE_BYTES + part * stored.get("token_count", 0) * _TOKEN_BYTES)


@failures.translated
def bucket_bytes(session_ids: Sequence[str]) -> int:
    """The bytes of these sessions' messages that lie in buckets."""
    if not session_ids:
        return 0
    stages: list[Stored] = [
        {"$match": {"session_id": {"$in": list(session_ids)}}},
        {"$group": {"_id": None, "bytes": {"$sum": _BYTES}}},
    ]
    [*groups] = collection(MessageBucket).aggregate(stages)
    return sum(group["bytes"] for group in groups)


def _by(usage: Usage) -> dict[str, int]:
    return {stock.value: amount for stock, amount in zip(Stock, usage, strict=True)}


def _counters() -> "Collection[Stored]":
    # By the driver: MongoEngine's updates take no write concern, and an append may wait for this.
    # What the primary has written is read at once, without waiting for a majority.
    return collection(UsageCounter).with_options(
        write_concern=WriteConcern(w=1, j=False), read_concern=ReadConcern("local")
    )

"""The threads of LangGraph's MongoDB checkpointer (langgraph-checkpoint-mongodb 0.5)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pymongo.database import Database

# The defaults of `MongoDBSaver`.
DATABASE, COLLECTION = "checkpointing_db", "checkpoints"


class Thread(NamedTuple):
    """A thread's newest checkpoint, the id of its oldest, and how many inner graphs have."""

    thread_id: str
    newest: dict[str, Any]
    oldest: str
    inner: int


def threads(database: Database[dict[str, Any]], collection: str | None) -> Iterator[Thread]:
    """Yield each thread with its newest checkpoint; the others are not read."""
    checkpoints = database[collection or COLLECTION]
    is_own = {"$in": [{"$ifNull": ["$checkpoint_ns", ""]}, ["", None]]}
    own_id = {"$cond": [is_own, "$checkpoint_id", None]}
    by_thread: list[dict[str, Any]] = [
        {
            "$group": {
                "_id": "$thread_id",
                # Ids sort by time; null sorts before them, and is passed over by `$min`.
                "newest": {"$max": own_id},
                "oldest": {"$min": own_id},
                "inner": {"$sum": {"$cond": [is_own, 0, 1]}},
            }
        },
        {"$sort": {"_id": 1}},
    ]
    for thread in checkpoints.aggregate(by_thread, allowDiskUse=True):
        newest = checkpoints.find_one(
            {"thread_id": thread["_id"], "checkpoint_id": thread["newest"]}
        )
        if newest is not None and thread["newest"] is not None:
            oldest = str(thread["oldest"])
            yield Thread(str(thread["_id"]), newest, oldest, thread["inner"])

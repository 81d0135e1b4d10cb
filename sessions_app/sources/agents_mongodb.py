"""The MongoDB sessions of the OpenAI Agents SDK (openai-agents 0.24, `mongodb_session.py`)."""

from collections.abc import Iterator
from itertools import chain, groupby
from typing import Any

from pymongo.database import Database

# The defaults of `MongoDBSession`.
DATABASE, COLLECTION, SESSIONS = "agents", "agent_messages", "agent_sessions"


def sessions(
    database: Database[dict[str, Any]], collection: str | None
) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Yield each session's id with its document and those of its messages, in their order.

    A group must be read before the next.
    """
    names = database[SESSIONS]
    documents = database[collection or COLLECTION].find({})
    ordered = documents.sort([("session_id", 1), ("seq", 1)]).allow_disk_use(True)
    for session_id, group in groupby(ordered, key=lambda each: each.get("session_id")):
        head = names.find_one({"session_id": session_id})
        yield str(session_id), chain([head] if head else [], group)

"""LangChain's collection in another MongoDB (langchain-mongodb 0.12)."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pymongo.database import Database

from sessions_app.domain.foreign.langchain import HISTORY_KEY, SESSION_KEY

# The defaults of `MongoDBChatMessageHistory`.
DATABASE, COLLECTION = "chat_history", "message_store"


def sessions(
    database: Database[dict[str, Any]], collection: str | None
) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Yield each session's id with its documents, oldest first.

    A group must be read before the next.
    """
    documents = database[collection or COLLECTION].find({}, {SESSION_KEY: 1, HISTORY_KEY: 1})
    # By id within a session: ObjectIds grow with time. The sort may exceed MongoDB's memory.
    ordered = documents.sort([(SESSION_KEY, 1), ("_id", 1)]).allow_disk_use(True)
    for session_id, group in groupby(ordered, key=lambda each: each.get(SESSION_KEY)):
        yield str(session_id), (each | {"_id": str(each["_id"])} for each in group)

"""LangChain's collection in another MongoDB (langchain-mongodb 0.12)."""

from collections.abc import Generator, Iterator
from itertools import groupby
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, PyMongoError

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign.langchain import HISTORY_KEY, SESSION_KEY

# The defaults of `MongoDBChatMessageHistory`.
DATABASE, COLLECTION = "chat_history", "message_store"
SCHEMES = ("mongodb://", "mongodb+srv://")
_WAIT_MS = 10_000


def sessions(
    uri: str, collection: str | None
) -> Generator[tuple[str, Iterator[dict[str, Any]]], None, None]:
    """Yield each session's id with its documents, oldest first; raises InvalidInput.

    The database is the one that the URI names. A group must be read before the next.
    """
    try:
        # A wrong address must fail in seconds, not after the default of 30.
        client: MongoClient[dict[str, Any]] = MongoClient(uri, serverSelectionTimeoutMS=_WAIT_MS)
    except (ConfigurationError, ValueError) as error:
        raise InvalidInput(f"the address is not valid: {error}") from error
    with client:
        messages = client.get_default_database(DATABASE)[collection or COLLECTION]
        try:
            documents = messages.find({}, {SESSION_KEY: 1, HISTORY_KEY: 1})
            # By id within a session: ObjectIds grow with time. The sort may exceed MongoDB's
            # memory.
            ordered = documents.sort([(SESSION_KEY, 1), ("_id", 1)]).allow_disk_use(True)
            for session_id, group in groupby(ordered, key=lambda each: each.get(SESSION_KEY)):
                yield str(session_id), (each | {"_id": str(each["_id"])} for each in group)
        except PyMongoError as error:
            raise InvalidInput(f"the MongoDB to read from failed: {error}") from error

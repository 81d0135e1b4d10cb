"""One document per message, and one growing array: bare driver calls, nothing checked."""

from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from benchmarks.harness import conversations
from benchmarks.shapes.shape import WINDOW, WORDS, Shape
from sessions_app.domain.data import Role
from sessions_app.domain.lifecycle import to_milliseconds

SESSION = "session"
_BATCH = 100


def message(number: int) -> dict[str, Any]:
    """A message with the fields that the service stores, too."""
    draft = conversations.drafts(number, number, words=WORDS)[0]
    return {
        "id": f"msg_{number:032d}",
        "role": (Role.USER if number % 2 else Role.ASSISTANT).value,
        "content": draft.content,
        "timestamp": to_milliseconds(conversations.now()),
        "token_count": WORDS,
        "client_id": f"key-{number}",
    }


class DocumentPerMessage(Shape):
    """A counter in the session's document gives `seq`; then the message is inserted."""

    name = "document per message"

    def __init__(self, database: Database[dict[str, Any]], length: int) -> None:
        self._headers = database[f"per_message_{length}"]
        self._messages = database[f"per_message_{length}_messages"]

    def fill(self, length: int) -> None:
        """With the index that window and order need."""
        self._messages.create_index([("session_id", ASCENDING), ("seq", ASCENDING)], unique=True)
        for first, last in conversations.batches(1, length):
            run = range(first, last + 1)
            self._messages.insert_many(
                [{"session_id": SESSION, "seq": n, **message(n)} for n in run]
            )
        self._headers.insert_one({"_id": SESSION, "user_id": "owner", "message_count": length})

    def append(self, number: int) -> object:
        """Two writes; a crash between them leaves a gap in `seq`."""
        header = self._headers.find_one_and_update(
            {"_id": SESSION, "user_id": "owner"}, {"$inc": {"message_count": 1}}
        )
        seq = header["message_count"] + 1
        return self._messages.insert_one({"session_id": SESSION, "seq": seq, **message(number)})

    def window(self) -> object:
        """The session, then its newest messages: two reads."""
        header = self._headers.find_one({"_id": SESSION, "user_id": "owner"})
        newest = self._messages.find({"session_id": SESSION}).sort("seq", DESCENDING).limit(WINDOW)
        return header, list(newest)[::-1]

    def everything(self) -> object:
        """In order of `seq`."""
        return list(self._messages.find({"session_id": SESSION}).sort("seq", ASCENDING))

    def collections(self) -> list[str]:
        """Headers and messages."""
        return [self._headers.name, self._messages.name]


class GrowingArray(Shape):
    """All messages in the session's document, pushed at the end."""

    name = "growing array"

    def __init__(self, database: Database[dict[str, Any]], length: int) -> None:
        self._sessions = database[f"array_{length}"]

    def fill(self, length: int) -> None:
        """In batches; raises the driver's WriteError where the document is full."""
        empty = {"_id": SESSION, "user_id": "owner", "message_count": 0, "messages": []}
        self._sessions.insert_one(empty)
        for first, last in conversations.batches(1, length):
            self.push([message(number) for number in range(first, last + 1)])

    def push(self, messages: list[dict[str, Any]]) -> object:
        """Append; the answer is the count."""
        return self._sessions.find_one_and_update(
            {"_id": SESSION, "user_id": "owner"},
            {"$push": {"messages": {"$each": messages}}, "$inc": {"message_count": len(messages)}},
            projection={"message_count": 1},
        )

    def append(self, number: int) -> object:
        """One write."""
        return self.push([message(number)])

    def window(self) -> object:
        """One read; the server finds the end of the array."""
        return self._sessions.find_one(
            {"_id": SESSION, "user_id": "owner"}, {"messages": {"$slice": -WINDOW}}
        )

    def everything(self) -> object:
        """The document."""
        return self._sessions.find_one({"_id": SESSION, "user_id": "owner"})

    def collections(self) -> list[str]:
        """One."""
        return [self._sessions.name]

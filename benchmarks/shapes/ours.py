"""Tail and buckets, through the service's own code: checked, counted, once per key."""

from benchmarks.harness import conversations, store
from benchmarks.shapes.shape import WINDOW, WORDS, Shape
from sessions_app import documents
from sessions_app.repository import indexes
from sessions_app.services import messages, sessions, transfer

_OWNER = "owner"


class TailAndBuckets(Shape):
    """In a database that is named, as the documents' collections have fixed names."""

    name = "tail and buckets"

    def __init__(self, client: store.Client, database: str) -> None:
        self._client, self.database = client, database
        self._session_id = ""

    def fill(self, length: int) -> None:
        """With the declared indexes."""
        store.use_database(self._client, self.database)
        indexes.ensure()
        self._session_id = conversations.create(_OWNER, length, words=WORDS)

    def append(self, number: int) -> object:
        """One guarded write; every message has a key, as any client should send one."""
        return messages.message_append(
            session_id=self._session_id,
            user_id=_OWNER,
            draft=conversations.drafts(number, number, words=WORDS)[0],
            now=conversations.now(),
        )

    def window(self) -> object:
        """The session with its newest messages: one read, as the tail holds them."""
        return sessions.session_get(
            session_id=self._session_id, user_id=_OWNER, limit=WINDOW, now=conversations.now()
        )

    def everything(self) -> object:
        """Bucket by bucket."""
        _, stream = transfer.session_stream(
            session_id=self._session_id, user_id=_OWNER, now=conversations.now()
        )
        return list(stream)

    def collections(self) -> list[str]:
        """Tail and buckets; nothing was derived from the messages yet."""
        return [document.COLLECTION for document in (documents.Session, documents.MessageBucket)]

"""What conversations and their items ask MongoDB, in a long conversation."""

from contextlib import suppress
from datetime import timedelta

from sessions_app.domain.errors import DuplicateItem
from sessions_app.domain.items import read_items
from sessions_app.services import conversations
from sessions_app.services.conversations import Attempt
from tests.repository.conftest import OWNER, append_many, now

_CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
_ITEMS = [{"id": "msg_mine", "type": "message", "role": "assistant", "content": "x"}, _CALL]
_FIRST, _AGAIN = Attempt(digest="d"), Attempt(digest="d", repeats=1, since=now())


def walk_items() -> None:
    """Create, add, repeat, read and delete, in the tail and in buckets."""
    session_id = _created()
    for position in range(3):
        digest, since = f"d{position}", now() - timedelta(seconds=9)
        _add(session_id, Attempt(digest=digest), position)
        append_many(session_id, ["x"] * 200)
        _add(session_id, Attempt(digest=digest, repeats=1, since=since), position)
        with suppress(DuplicateItem):
            _add(session_id, Attempt(), position)
    oldest = conversations.item_page(
        session_id=session_id, user_id=OWNER, after=None, limit=3, ascending=True, now=now()
    )
    for item in oldest.items:
        for ascending in (True, False):
            conversations.item_page(
                session_id=session_id,
                user_id=OWNER,
                after=str(item["id"]),
                limit=100,
                ascending=ascending,
                now=now(),
            )
        conversations.item_delete(
            session_id=session_id, user_id=OWNER, item_id=str(item["id"]), now=now()
        )


def _created() -> str:
    for attempt in (Attempt("key"), Attempt("key"), _FIRST, _AGAIN, Attempt()):
        session = conversations.conversation_create(
            user_id=OWNER,
            batch=read_items([], "items"),
            metadata={},
            body_digest="d",
            attempt=attempt,
            now=now(),
        )
    return session.session_id


def _add(session_id: str, attempt: Attempt, position: int) -> None:
    items = [_ITEMS[0] | {"id": f"msg_mine{position}"}, _ITEMS[1]]
    conversations.items_append(
        session_id=session_id,
        user_id=OWNER,
        batch=read_items(items, "items"),
        attempt=attempt,
        now=now(),
    )

"""Sessions with something of everything in them, for commands that take whole stores."""

from datetime import timedelta
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.services import context, erasure, sessions
from tests.repository.conftest import OWNER, append_many, new_session, now

CALLS = [
    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1.0}'}, "x": 1.0}
]


def everything(database: Any) -> list[str]:
    """Sessions of two users with every field that there is; their ids."""
    rich = new_session(
        title="Lisbon – “dogs”",
        system_prompt="You plan trips.",
        metadata={"a.b": "$c", "z": "", "line\nbreak": "\u2028"},
        ttl_seconds=0,
        policy={"max_tokens": 777},
        history=[
            MessageDraft(Role.USER, "hello\r\n\t“there” 🐕", "key-1", "Ann", metadata={"$k": "v"}),
            MessageDraft(Role.ASSISTANT, "", tool_calls=CALLS),
            MessageDraft(Role.TOOL, "42", tool_call_id="c1"),
        ],
    ).session_id
    context.context_reset(session_id=rich, user_id=OWNER, undo=False, now=now())
    append_many(rich, ["more"])
    erasure.message_delete(session_id=rich, user_id=OWNER, seq=2, now=now())
    moment = now().replace(microsecond=123_000)
    summary = {"text": "…", "first_seq": 1, "last_seq": 3, "token_count": 1, "model": "m"}
    database.sessions.update_one(
        {"_id": rich},
        {"$set": {"summary": summary | {"made_at": moment}, "topic": _judged(undone=3)}},
    )
    archived = new_session(title="archived").session_id
    append_many(archived, [f"message {n}" for n in range(500)])
    erasure.message_delete(session_id=archived, user_id=OWNER, seq=7, now=now())
    sessions.session_archive(session_id=archived, user_id=OWNER, now=now())
    on_hold = new_session().session_id
    database.sessions.update_one(
        {"_id": on_hold},
        {"$set": {"legal_hold": True, "expires_at": now() - timedelta(days=1)}},
    )
    draft = SessionDraft(title="Bob's")
    bobs = sessions.session_create(user_id="bob", draft=draft, now=now()).session_id
    return [rich, archived, on_hold, bobs]


def _judged(*, undone: int) -> dict[str, Any]:
    standing = {"judged": 4, "current": 1, "start_seq": 1, "recent": [[1, 1]], "state": {}}
    return standing | {"undone": undone}


def empty(database: Any) -> None:
    """Remove everything that is stored."""
    for name in ("sessions", "message_buckets", "message_annotations", "erased_users"):
        database[name].delete_many({})

"""Records of an export as its new owner may have them, who is no operator.

An export names ids and orders of staff's. A stranger must not learn from them which sessions there
are, nor give orders.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sessions_app.domain.foreign.conversations import deterministic_session_id, text_time
from sessions_app.domain.records.writing import Record
from sessions_app.repository import records as records_store

_SOURCE = "chat-sessions/export"
# What staff decide, and what names the store that it came from.
_NOT_THEIRS = frozenset({"legal_hold", "external_id"})


def owned(numbered: Iterator[tuple[int, Record]], user_id: str) -> Iterator[tuple[int, Record]]:
    """The records with ids of the owner's own; a session of theirs that is there keeps its id."""
    original, session_id = None, ""
    for number, record in numbered:
        if record["type"] == "session":
            original = record.get("session_id")
            session_id = _id_for(record, user_id)
            kept = {name: each for name, each in record.items() if name not in _NOT_THEIRS}
            yield number, {**kept, "session_id": session_id}
        elif record["type"] == "message" and record.get("session_id") == original:
            yield number, {**record, "session_id": session_id}
        else:
            yield number, record


def _id_for(record: Mapping[str, Any], user_id: str) -> str:
    original = record.get("session_id")
    if not isinstance(original, str):
        # It is refused with its line.
        return str(original)
    if records_store.importing.is_owned(original, user_id=user_id):
        return original
    identity = (_SOURCE, user_id, original)
    return deterministic_session_id(identity, text_time(record.get("created_at")))

"""Stored sessions and messages as the records of an export: every field but how they are stored.

How a session is divided into tail and buckets is left out, and what is derived from its messages:
both are made anew from the records. All else is carried by its name, so a field that a document
gains is carried too.
"""

import json
from collections.abc import Mapping
from typing import Any

from sessions_app.documents import Message, Session, fields_of, versions
from sessions_app.domain.records.writing import Record
from sessions_app.repository import log
from sessions_app.repository.log import Stored

# The tail's place and size, the topics judged so far, the lease of a turn that is running with
# those who wait for it, and the form of it all.
NOT_CARRIED = frozenset(
    {
        "messages",
        "tail_start",
        "tail_bytes",
        "tail_revision",
        "topic",
        "turn",
        "turn_queue",
        versions.NAME,
    }
)
# What a turn has for those who watch it run.
_OF_RUNNING_TURNS = {
    "_id", "user_id", "deadline", "fingerprint", "text", "thoughts", versions.NAME
}  # fmt: skip

JSON_TEXTS = frozenset({"tool_calls", "extra", "items", "parts"})
"""Members of a message that are stored as JSON text, whatever their keys."""

_SESSION_FIELDS = [name for name in fields_of(Session) if name not in NOT_CARRIED | {"session_id"}]
# Which ids are in its `items` is read from these again.
DERIVED = frozenset({"item_ids"})
_MESSAGE_FIELDS = [name for name in fields_of(Message) if name not in DERIVED]


def session_record(stored_session: Mapping[str, Any]) -> Record:
    """A session's document, without its messages, as a record."""
    record: Stored = {"type": "session", "session_id": stored_session["_id"]}
    for name in _SESSION_FIELDS:
        if name in stored_session:
            record[name] = _session_value(name, stored_session[name])
    # That the reset of a shift was undone is the user's doing, and follows from no message.
    if undone := (stored_session.get("topic") or {}).get("undone"):
        record["topic_undone"] = undone
    return record


def _session_value(name: str, value: Any) -> Any:
    return log.decode_metadata(value) if name == "metadata" else value


def message_record(session_id: str, stored: Mapping[str, Any], seq: int) -> Record:
    """A stored message as a record."""
    record: Stored = {"type": "message", "session_id": session_id, "seq": seq}
    for name in _MESSAGE_FIELDS:
        if name in stored:
            record[name] = _value(name, stored[name])
    return record


def _value(name: str, value: Any) -> Any:
    if name == "metadata":
        return log.decode_metadata(value)
    return json.loads(value) if name in JSON_TEXTS else value


def turn_record(stored: Mapping[str, Any]) -> Record:
    """A model call as a record: what was asked for, what the model saw, what came of it."""
    carried = {name: value for name, value in stored.items() if name not in _OF_RUNNING_TURNS}
    return {"type": "turn", **carried}

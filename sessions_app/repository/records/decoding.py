"""Records of an export as what is stored, held to the documents' declarations first.

Stricter than MongoEngine, which takes "5" for a number and stores it as it came.
"""

import json
import re
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from functools import partial
from typing import Any

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocumentField,
    IntField,
    ListField,
    LongField,
    StringField,
)
from mongoengine.base import BaseField
from mongoengine.errors import ValidationError

from sessions_app.documents import Message, Session, fields_of, versions
from sessions_app.documents.checking import declared
from sessions_app.domain.data import Role
from sessions_app.domain.dialect import usage_of
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.items import problem_of
from sessions_app.domain.parts import are_parts
from sessions_app.domain.sessions import names as session_names
from sessions_app.domain.texts.text import is_storable, json_problem
from sessions_app.repository import log
from sessions_app.repository.log import Stored
from sessions_app.repository.records.codec import DERIVED, JSON_TEXTS, NOT_CARRIED

# It begins the ids of all that belongs to its session, where a "/" ends it.
_SESSION_ID = re.compile(r"[0-9A-Za-z-]{1,36}")
# As `timestamp` writes a time.
_AS_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_COUNTED = frozenset({"type", "session_id", "topic_undone"})
_OF_A_LINE = frozenset({"type", "session_id", "seq"})

Read = Callable[[Any], Any]
"""Makes what is stored of a member's value; raises InvalidInput."""


def stored_session(record: Mapping[str, Any]) -> Stored:
    """A session's document without its messages; raises InvalidInput naming what is wrong."""
    session_id = record.get("session_id")
    if not isinstance(session_id, str) or not _SESSION_ID.fullmatch(session_id):
        raise InvalidInput("session_id is not one")
    stored: Stored = {"_id": session_id, **_decoded(record, _OF_SESSION, passed_over=_COUNTED)}
    external_id = stored.get("external_id")
    if external_id is not None and not session_names.is_external_id(external_id):
        raise InvalidInput(f"external_id is not one: {session_names.RULE}")
    undone = record.get("topic_undone")
    if undone is not None:
        nothing_judged = {"judged": 0, "current": 0, "start_seq": 0, "recent": []}
        stored["topic"] = nothing_judged | {"undone": _checked("topic_undone", undone, int)}
    # A revision above that of what an earlier import may have left in buckets.
    whole = stored | {"messages": [], "tail_start": 1, "tail_bytes": 0, "tail_revision": 1}
    whole |= versions.STAMP
    # A record may say these, too.
    counted = {"message_count": 0, "token_count": 0} | whole
    # As MongoEngine would judge it, which takes a hundred times as long to make a document first.
    if declared(Session).first_problem(counted):
        _refuse_as_mongoengine(session_id, counted)
    return whole


def _refuse_as_mongoengine(session_id: str, whole: Stored) -> None:
    """Raise InvalidInput in MongoEngine's words, which name the field."""
    of_document = {name: value for name, value in whole.items() if name != "_id"}
    try:
        Session(pk=session_id, **of_document).validate()
    except ValidationError as error:
        raise InvalidInput(_reason(error)) from error
    raise InvalidInput(f"session: {declared(Session).first_problem(whole)}")


def stored_message(record: Mapping[str, Any]) -> Stored:
    """A message as it is stored; raises InvalidInput naming what is wrong."""
    stored = _decoded(record, _OF_MESSAGE, passed_over=_OF_A_LINE)
    if "items" in stored:
        stored |= log.encode_items(_items(record["items"]))
    # A message that only calls tools may have none; every reader expects it.
    stored.setdefault("content", "")
    if (attached := record.get("parts")) is not None and not are_parts(attached):
        raise InvalidInput("parts are not those of a message")
    if stored.get("deleted") and log.tombstone(stored) != stored:
        raise InvalidInput("a deleted message has something left in it")
    if problem := declared(Message).first_problem(stored):
        _refuse_message(stored, problem)
    return stored


def _refuse_message(stored: Stored, problem: str) -> None:
    """Raise InvalidInput in MongoEngine's words where it has any."""
    try:
        log.validate_message(stored)
    except ValidationError as error:
        raise InvalidInput(_reason(error)) from error
    raise InvalidInput(problem)


def _items(items: Mapping[str, Any]) -> Mapping[str, Any]:
    # Held to the shape that they are read in: whatever else is in them would be lost unseen.
    if problem := problem_of(items):
        raise InvalidInput(f"items: {problem}")
    return items


def _reason(error: ValidationError) -> str:
    """What MongoEngine says, with the name of the field."""
    reasons = error.to_dict() or {error.field_name: error.message}
    return "; ".join(f"{name}: {reason}" for name, reason in reasons.items())


def _decoded(
    record: Mapping[str, Any], readers: Mapping[str, Read], *, passed_over: Set[str]
) -> Stored:
    members = dict(record)
    if record.get("role") == Role.TOOL and isinstance(content := members.pop("content", ""), str):
        # A terminal's output may hold control characters.
        members["content"] = content if not is_storable(content) else ""
    # So may what came as an item, which is held to its own rules.
    if "items" in members and (problem := json_problem(members.pop("items"), raw=True)):
        raise InvalidInput(problem)
    if problem := json_problem(members):
        raise InvalidInput(problem)
    if unknown := sorted(record.keys() - readers.keys() - passed_over):
        raise InvalidInput(f"unknown: {', '.join(unknown)}")
    return {
        name: readers[name](value)
        for name, value in record.items()
        if name not in passed_over and name in readers
    }


def _readers(fields: Mapping[str, BaseField]) -> dict[str, Read]:
    return {name: _reader(name, field) for name, field in fields.items()}


def _reader(name: str, field: BaseField) -> Read:
    """What reads a member, found once rather than for each value."""
    if name == "metadata":
        return _metadata
    if name in JSON_TEXTS:
        kind = list if name in {"tool_calls", "parts"} else dict
        return lambda value: log.encode_json(_checked(name, value, kind))
    if isinstance(field, DictField):
        return lambda value: usage_of(_checked(name, value, dict)) or {}
    if isinstance(field, EmbeddedDocumentField):
        inner = _readers(fields_of(field.document_type))
        return lambda value: _decoded(_checked(name, value, dict), inner, passed_over=frozenset())
    if isinstance(field, ListField):
        # A list without a declared kind has none that an export could carry.
        each = _reader(name, field.field) if field.field is not None else _any
        return lambda value: list(map(each, _checked(name, value, list)))
    return partial(next(read for kind, read in _READ.items() if isinstance(field, kind)), name)


def _any(value: Any) -> Any:
    return value


def _metadata(value: Any) -> Any:
    pairs = _checked("metadata", value, dict)
    return log.encode_metadata({key: _checked(key, v, str) for key, v in pairs.items()})


def _checked(name: str, value: Any, kind: type) -> Any:
    # Not `isinstance`: True is an int.
    if type(value) is not kind:
        raise InvalidInput(f"{name} is {json.dumps(value)[:40]}, which is no {_KINDS[kind]}")
    return value


def _moment(name: str, value: Any) -> datetime:
    text = _checked(name, value, str)
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{name} is no time") from error
    # What cannot be given back as it came would differ in the next export.
    if not _AS_WRITTEN.fullmatch(text):
        raise InvalidInput(
            f"{name} is no time in UTC with milliseconds, as 2026-11-22T10:00:00.250Z"
        )
    return moment


_KINDS = {str: "text", int: "whole number", bool: "true or false", dict: "object", list: "list"}
_READ: dict[type, Callable[[str, Any], Any]] = {
    StringField: lambda name, value: _checked(name, value, str),
    IntField: lambda name, value: _checked(name, value, int),
    LongField: lambda name, value: _checked(name, value, int),
    BooleanField: lambda name, value: _checked(name, value, bool),
    DateTimeField: _moment,
}
# MongoEngine gives the fields of a class, whose order and kinds do not change.
_OF_SESSION = _readers({n: f for n, f in fields_of(Session).items() if n not in NOT_CARRIED})
_OF_MESSAGE = _readers({n: f for n, f in fields_of(Message).items() if n not in DERIVED})

"""Between what is stored and the domain's data. Nulls and defaults are left out of storage."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import bson
from mongoengine import ValidationError

from sessions_app.documents import Message as MessageDocument
from sessions_app.documents import Session as SessionDocument
from sessions_app.documents import checking, fields_of, versions
from sessions_app.domain.data import (
    ContextPolicy,
    Feedback,
    Generation,
    Message,
    NewLease,
    NewSession,
    OnTopicShift,
    Rating,
    Role,
    Session,
    Status,
    Strategy,
    TopicStanding,
    TurnLease,
)
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import DamagedSession
from sessions_app.domain.items import brought_ids
from sessions_app.domain.limits import TURN_LEASE_SECONDS

logger = logging.getLogger(__name__)

Stored = dict[str, Any]

# Whether the turn's lease is good: by the clock of MongoDB, as those of the workers' hosts differ.
LIVE: Mapping[str, Any] = {"$gt": ["$turn.deadline", "$$NOW"]}
# The condition for taking a session: without a lease, or with one that has run out.
FREE: Mapping[str, Any] = {"$or": [{"turn": None}, {"$expr": {"$not": [LIVE]}}]}

# A session without its messages. Listed rather than excluded, because a projection that computes
# a slice of the messages must name what else it wants.
HEADER: Mapping[str, Any] = dict.fromkeys(
    (
        "user_id", "title", "status", "created_at", "updated_at", "expires_at", "archived_at",
        "ttl_seconds", "metadata", "context_policy", "context_start", "message_count",
        "token_count", "tail_start", "tail_bytes", "version", "legal_hold", "context_resets",
        "topic", "turn", "external_id", "tags", "pinned", "temporary", "schema_version",
    ),
    1,
) | {"turn_is_live": LIVE}  # fmt: skip


# What `HEADER` reads, and a session's id.
_OF_HEADER = frozenset({"_id", *HEADER}) - {"turn_is_live"}
# What goes wrong when a document is decoded that is not what it should be.
_MISSHAPEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def encode_metadata(metadata: Mapping[str, str]) -> list[Stored]:
    """A client's metadata as it is stored; see `documents.MetadataEntry`."""
    return [{"k": key, "v": value} for key, value in metadata.items()]


def decode_metadata(pairs: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """A client's metadata as it came."""
    return {pair["k"]: pair["v"] for pair in pairs or ()}


def encode_json(value: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> str:
    """A client's or a server's own JSON as it is stored: as text, whatever its keys."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode_policy(policy: ContextPolicy) -> Stored:
    """A context policy as it is stored."""
    return {
        "strategy": policy.strategy.value,
        "max_tokens": policy.max_tokens,
        "max_messages": policy.max_messages,
        "on_topic_shift": policy.on_topic_shift.value,
    }


def encode_message(message: NewMessage | Message) -> Stored:
    """A message as it is stored, validated by the document that declares it."""
    optional: Stored = {
        "client_id": message.client_id,
        "name": message.name,
        # Not as sub-documents: a client's keys may hold dots and dollars.
        "tool_calls": (encode_json(message.tool_calls) if message.tool_calls is not None else None),
        "tool_call_id": message.tool_call_id,
        "metadata": encode_metadata(message.metadata) or None,
        "generation": encode_generation(message.generation) if message.generation else None,
        "reasoning": message.reasoning or None,
        "extra": encode_json(message.extra) if message.extra else None,
        **encode_items(message.items),
        "parts": encode_json(message.parts) if message.parts else None,
        "replaces": message.replaces,
    }
    if isinstance(message, Message):
        optional["topic"] = message.topic
        optional["topic_shift"] = message.topic_shift or None
        optional["deleted"] = message.deleted or None
        optional["superseded_by"] = message.superseded_by
        optional["superseded_with"] = message.superseded_with
        optional["feedback"] = encode_feedback(message.feedback) if message.feedback else None
    stored: Stored = {
        "id": message.id,
        "role": message.role.value,
        "content": message.content,
        "timestamp": message.timestamp,
        "token_count": message.token_count,
        **{name: value for name, value in optional.items() if value is not None},
    }
    validate_message(stored)
    return stored


def encode_feedback(feedback: Feedback) -> Stored:
    """What a user thinks of a reply, as it is stored."""
    comment = {"comment": feedback.comment} if feedback.comment else {}
    return {"rating": feedback.rating.value, **comment, "given_at": feedback.given_at}


def decode_feedback(stored: Mapping[str, Any] | None) -> Feedback | None:
    """What a user thinks of a reply; None where nothing was said."""
    if not stored:
        return None
    return Feedback(Rating(stored["rating"]), stored.get("comment", ""), stored["given_at"])


def encode_items(items: Mapping[str, Any] | None) -> Stored:
    """What a message's items have beyond it, and the ids to find them by."""
    if not items:
        return {}
    ids = brought_ids(items)
    return {"items": encode_json(items), **({"item_ids": ids} if ids else {})}


# `metadata` and `generation` are documents of their own, made of parts that were checked before.
_DECLARED = fields_of(MessageDocument)
_MESSAGE_FIELDS = [
    (name, field)
    for name, field in _DECLARED.items()
    if name not in {"metadata", "generation", "feedback"}
]


def validate_message(stored: Mapping[str, Any]) -> None:
    """Raise mongoengine's ValidationError when a message about to be stored breaks its document.

    An atomic `$push` goes past MongoEngine, which validates on `save()` only, so every write of a
    message calls this first.
    """
    for name, field in _MESSAGE_FIELDS:
        value = stored.get(name)
        if value is not None:
            if field.choices and value not in field.choices:
                field.error(f"Value must be one of {field.choices}")
            field.validate(value)
        elif field.required:
            field.error(f"{name} is required")
    # The loop sees declared fields only: a misspelt one would be stored unchecked.
    if unknown := stored.keys() - _DECLARED.keys():
        raise ValidationError(f"not fields of a message: {sorted(unknown)}")


# A page decodes hundreds of messages, and calling the enumeration takes four times a look-up.
_ROLES = {role.value: role for role in Role}


_Shape = tuple[tuple[str, ...], tuple[type, ...]]
# Which fields and types have been checked, and whether they are those of a plain message: a page is
# mostly of a few shapes, and looking one up takes a tenth of checking every field. None has lists
# or documents, whose contents may differ.
_sound_shapes: dict[_Shape, bool] = {}
_MOST_SHAPES = 1_000
_PLAIN = frozenset({"id", "role", "content", "timestamp", "token_count", "client_id"})


def decode_message(stored: Mapping[str, Any], seq: int) -> Message:
    """The message at `seq`; raises DamagedSession."""
    try:
        shape = tuple(stored), tuple(map(type, stored.values()))
        if shape not in _sound_shapes:
            _check_message(stored, shape)
        return _decode_message(stored, seq)
    except _MISSHAPEN as error:
        raise DamagedSession(f"message {seq}: {error!r}") from error


def _check_message(stored: Mapping[str, Any], shape: _Shape) -> None:
    problem = checking.readable(MessageDocument).first_problem(stored)
    if problem:
        raise ValueError(problem)
    if not {list, dict} & set(shape[1]) and len(_sound_shapes) < _MOST_SHAPES:
        _sound_shapes[shape] = _PLAIN.issuperset(shape[0])


def _decode_message(stored: Mapping[str, Any], seq: int) -> Message:
    # Positional and without lookups of attributes: a page decodes hundreds of messages.
    get = stored.get
    calls = get("tool_calls")
    return Message(
        stored["id"],
        seq,
        _ROLES[stored["role"]],
        get("content", ""),
        stored["timestamp"],
        stored["token_count"],
        get("topic"),
        get("topic_shift", False),
        get("client_id"),
        get("name"),
        json.loads(calls) if calls is not None else None,
        get("tool_call_id"),
        decode_metadata(get("metadata")),
        get("deleted", False),
        decode_generation(get("generation")),
        get("superseded_by"),
        get("reasoning"),
        json.loads(extra) if (extra := get("extra")) else None,
        json.loads(items) if (items := get("items")) else None,
        json.loads(parts) if (parts := get("parts")) else None,
        get("superseded_with"),
        get("replaces"),
        decode_feedback(get("feedback")),
    )


def run_of(document: Mapping[str, Any], first: str) -> Iterator[tuple[int, Stored]]:
    """The stored messages of a bucket or a tail with their seqs; the field `first` has the first.

    Raises DamagedSession where they cannot be told.
    """
    first_seq, messages = document.get(first), document.get("messages")
    if not isinstance(first_seq, int) or not isinstance(messages, list):
        raise DamagedSession(f"{document.get('_id')}: {first} or messages cannot be read")
    if not all(isinstance(message, dict) for message in messages):
        raise DamagedSession(f"{document.get('_id')}: a message is not a document")
    return iter(enumerate(messages, first_seq))


def encode_generation(generation: Generation) -> Stored:
    """How a message was generated, as it is stored."""
    return {name: value for name, value in asdict(generation).items() if value is not None}


def decode_generation(stored: Mapping[str, Any] | None) -> Generation | None:
    """How a message was generated; None where a client wrote it."""
    return Generation(**stored) if stored else None


def decode_messages(stored: Sequence[Mapping[str, Any]], first_seq: int) -> list[Message]:
    """Consecutive messages, the first of them at `first_seq`; raises DamagedSession."""
    sound, make, roles, nothing = _sound_shapes, Message._make, _ROLES, _NOTHING_ELSE
    messages: list[Message] = []
    for seq, message in enumerate(stored, first_seq):
        # The plain ones here: they are most of a page, and a page is most of a request.
        is_plain = sound.get((tuple(message), tuple(map(type, message.values()))))
        role = roles.get(message["role"]) if is_plain else None
        if role is None:
            messages.append(decode_message(message, seq))
            continue
        get = message.get
        content, key = get("content", ""), get("client_id")
        plain = (message["id"], seq, role, content, message["timestamp"], message["token_count"],
                 None, False, key)  # fmt: skip
        messages.append(make(plain + nothing))
    return messages


# What a plain message does not have: all fields behind its key.
_NOTHING_ELSE = tuple(Message._field_defaults[name] for name in Message._fields[9:])


def appended(messages: Iterable[NewMessage], first_seq: int) -> list[Message]:
    """What reading consecutive messages would give that have just been stored as they are."""
    return [_appended(message, seq) for seq, message in enumerate(messages, first_seq)]


def _appended(new: NewMessage, seq: int) -> Message:
    # Positional, as in `_decode_message`.
    return Message(
        new.id,
        seq,
        new.role,
        new.content,
        new.timestamp,
        new.token_count,
        None,
        False,
        new.client_id,
        new.name,
        new.tool_calls,
        new.tool_call_id,
        new.metadata,
        False,
        new.generation,
        None,
        new.reasoning or None,
        new.extra or None,
        new.items or None,
        new.parts or None,
        None,
        new.replaces,
        None,
    )


def tombstone(stored: Mapping[str, Any]) -> Stored:
    """What is left of an erased message: its position, its times and its idempotency key."""
    names = (
        "id", "role", "timestamp", "client_id", "tool_call_id", "topic", "topic_shift",
        "generation", "superseded_by", "superseded_with", "replaces",
    )  # fmt: skip
    return {
        **{name: stored[name] for name in names if name in stored},
        "content": "",
        "token_count": 0,
        "deleted": True,
    }


def stored_size(stored: Mapping[str, Any]) -> int:
    """Bytes that a stored message takes in BSON."""
    # The same encoding that MongoDB stores, so sums of it stay exact over spills and erasures.
    return len(bson.encode(stored))


def size_of(messages: Iterable[NewMessage]) -> int:
    """Bytes that these will take once they are stored."""
    return sum(stored_size(encode_message(message)) for message in messages)


def encode_session(new: NewSession) -> Stored:
    """A session as it is stored, before it has messages."""
    optional = {
        "ttl_seconds": new.ttl_seconds,
        "expires_at": new.expires_at,
        "external_id": new.external_id,
        "tags": list(new.tags) or None,
        "pinned": new.pinned or None,
        "temporary": new.temporary or None,
    }
    return {
        "_id": new.session_id,
        "user_id": new.user_id,
        "status": Status.ACTIVE.value,
        "title": new.title,
        "metadata": encode_metadata(new.metadata),
        "messages": [],
        "tail_start": 1,
        "tail_bytes": 0,
        # Grows with each change inside the tail: a spill must not cut what it did not copy.
        "tail_revision": 0,
        "message_count": 0,
        "token_count": 0,
        "context_policy": encode_policy(new.context_policy),
        "context_start": 1,
        "version": 1,
        "created_at": new.now,
        "updated_at": new.now,
        **versions.STAMP,
        **{name: value for name, value in optional.items() if value is not None},
    }


def encode_changes(changes: Mapping[str, Any]) -> tuple[Stored, Stored]:
    """What `$set` and `$unset` take for a change of some of a session's fields; None unsets.

    So do no tags and no pin, which are left out of storage.
    """
    absent: dict[str, tuple[Any, ...]] = {"tags": (None, [], ()), "pinned": (None, False)}
    written = {
        name: value for name, value in changes.items() if value not in absent.get(name, (None,))
    }
    if "metadata" in written:
        written["metadata"] = encode_metadata(written["metadata"])
    if "context_policy" in written:
        written["context_policy"] = encode_policy(written["context_policy"])
    return written, dict.fromkeys(changes.keys() - written.keys(), 1)


def decode_standing(stored: Mapping[str, Any] | None) -> TopicStanding | None:
    """What a session knows of its topics."""
    if not stored:
        return None
    return TopicStanding(
        judged=stored["judged"],
        current=stored["current"],
        start_seq=stored["start_seq"],
        recent=tuple(map(_beginning, stored["recent"])),
        undone=stored.get("undone", 0),
    )


def _beginning(stored: Sequence[int]) -> tuple[int, int, float]:
    """First seq, topic and probability; judged before probabilities were kept, it is certain."""
    first, topic, *thousandths = stored
    return first, topic, thousandths[0] / 1000 if thousandths else 1.0


def decode_session(stored: Mapping[str, Any]) -> Session:
    """A session's header; raises DamagedSession."""
    problem = checking.readable(SessionDocument).first_problem(stored, only=_OF_HEADER)
    if problem:
        raise DamagedSession(f"session {stored.get('_id')}: {problem}")
    try:
        return decode_unchecked(stored)
    except _MISSHAPEN as error:
        raise DamagedSession(f"session {stored.get('_id')}: {error!r}") from error


def decode_unchecked(stored: Mapping[str, Any]) -> Session:
    """A session's header of which every field has been checked."""
    policy = stored["context_policy"]
    return Session(
        session_id=stored["_id"],
        user_id=stored["user_id"],
        title=stored.get("title", ""),
        status=Status(stored["status"]),
        created_at=stored["created_at"],
        updated_at=stored["updated_at"],
        expires_at=stored.get("expires_at"),
        archived_at=stored.get("archived_at"),
        ttl_seconds=stored.get("ttl_seconds"),
        metadata=decode_metadata(stored.get("metadata")),
        context_policy=ContextPolicy(
            strategy=Strategy(policy["strategy"]),
            max_tokens=policy["max_tokens"],
            max_messages=policy["max_messages"],
            on_topic_shift=OnTopicShift(policy["on_topic_shift"]),
        ),
        context_start=stored["context_start"],
        message_count=stored["message_count"],
        token_count=stored["token_count"],
        tail_start=stored["tail_start"],
        version=stored["version"],
        legal_hold=stored.get("legal_hold", False),
        context_resets=stored.get("context_resets", ()),
        topic=decode_standing(stored.get("topic")),
        turn=decode_lease(stored.get("turn"), is_live=stored.get("turn_is_live", False)),
        external_id=stored.get("external_id"),
        tags=tuple(stored.get("tags", ())),
        pinned=stored.get("pinned", False),
        temporary=stored.get("temporary", False),
    )


def decode_lease(stored: Mapping[str, Any] | None, *, is_live: bool) -> TurnLease | None:
    """The lease that the last turn has taken, if it has not given it back."""
    if not stored:
        return None
    return TurnLease(
        turn_id=stored["id"],
        owner=stored["owner"],
        deadline=stored["deadline"],
        is_live=is_live,
        client_id=stored.get("client_id"),
    )


def encode_lease(lease: NewLease) -> Stored:
    """The lease of a turn that begins, for an update by pipeline: its end is by MongoDB's clock."""
    optional = {"client_id": lease.client_id} if lease.client_id else {}
    values = {"id": lease.turn_id, "owner": lease.owner, **optional}
    return {"$mergeObjects": [{"$literal": values}, {"deadline": lease_end()}]}


def lease_end() -> Stored:
    """When a lease ends that is taken or renewed now."""
    return {"$add": ["$$NOW", TURN_LEASE_SECONDS * 1_000]}

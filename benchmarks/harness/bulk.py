"""Hundreds of thousands of sessions into a store: one made by the repository's codec, then copies.

Copies are inserted with w:1, and at the end one write waits until a majority has them all.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import uuid_utils
from pymongo import WriteConcern
from pymongo.database import Database

from benchmarks.harness import conversations
from sessions_app.domain.data import NewSession
from sessions_app.domain.figures.daily import first_id
from sessions_app.repository import log
from sessions_app.services import messages, sessions

BATCH = 5_000

Document = dict[str, Any]


def template(now: datetime) -> Document:
    """A stored session with two messages, to be copied with another `_id` and owner."""
    new = NewSession(
        session_id="",
        user_id="",
        title="Where the garden table should stand",
        metadata={"channel": "web"},
        context_policy=sessions.policy_default(),
        ttl_seconds=None,
        expires_at=now + timedelta(days=30),
        now=now,
    )
    stored = [
        log.encode_message(replace(message, timestamp=now))
        for message in messages.batch_prepare(batch=conversations.drafts(1, 2, words=30), now=now)
    ]
    return log.encode_session(new) | {
        "messages": stored,
        "message_count": len(stored),
        "token_count": sum(message["token_count"] for message in stored),
        "tail_bytes": sum(map(log.stored_size, stored)),
    }


def copy(original: Document, user_id: str, moment: datetime, **fields: Any) -> Document:
    """A session like `original`, last active at `moment`; a field that is None is left out."""
    copied = original | {
        "_id": first_id(moment)[:14] + str(uuid_utils.uuid7())[14:],
        "user_id": user_id,
        "created_at": moment,
        "updated_at": moment,
        **fields,
    }
    return {name: value for name, value in copied.items() if value is not None}


def insert(
    database: Database[Document], documents: Iterable[Document], name: str = "sessions"
) -> list[str]:
    """Insert them quickly; their ids."""
    collection = database.get_collection(name, write_concern=WriteConcern(w=1))
    ids: list[str] = []
    remaining = iter(documents)
    while batch := list(islice(remaining, BATCH)):
        collection.insert_many(batch, ordered=False)
        ids += [document["_id"] for document in batch]
    database["markers"].insert_one({})  # majority: it waits for everything before it
    return ids

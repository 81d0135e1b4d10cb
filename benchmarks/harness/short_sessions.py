"""Very many short sessions, all unlike in length, and now and then one long enough for buckets.

Sessions of each length are made by the codec, and copied with ids, owners and times of their own,
in two processes; `first_id` keeps ids in the order of their times, as the service makes them.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any, NamedTuple

import uuid_utils
from pymongo import MongoClient, WriteConcern

Document = dict[str, Any]

PROCESSES = 2
BATCH = 5_000
# Messages of a session, about as often as people write them.
LENGTHS = (2, 2, 2, 4, 4, 4, 6, 6, 8, 12)
# One in so many is long: its window drops messages, and it has a bucket.
LONG_EVERY, LONG = 200, 150
USERS = 10_000
DAYS = 90
_TEMPLATES = 200


class Template(NamedTuple):
    """A stored session and its buckets, to be copied."""

    session: Document
    buckets: Sequence[Document]


@dataclass(frozen=True)
class Filled:
    """What a store was filled with."""

    sessions: int
    messages: int
    long: int


def fill(uri: str, database: str, number: int) -> Filled:
    """Insert so many sessions into an empty store that has its indexes."""
    templates = _made()
    began = datetime.now(UTC) - timedelta(days=DAYS)
    share = -(-number // PROCESSES)
    parts = [
        (uri, database, templates, first, min(share, number - first), number, began)
        for first in range(0, number, share)
    ]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        messages = sum(pool.map(_insert, parts))
    return Filled(number, messages, number // LONG_EVERY)


def _made() -> list[Template]:
    """Short ones, and last a long one, made by the repository's codec."""
    chosen = random.Random(1)
    lengths = [chosen.choice(LENGTHS) for _ in range(_TEMPLATES)]
    return [_template(length, seed) for seed, length in enumerate([*lengths, LONG])]


def _template(length: int, seed: int) -> Template:
    # Here, so that a process that only inserts loads nothing of the service.
    from benchmarks.harness import bulk, conversations
    from sessions_app.domain import tail
    from sessions_app.domain.limits import TAIL_MAX_MESSAGES
    from sessions_app.repository import log
    from sessions_app.services import messages

    now = datetime.now(UTC).replace(microsecond=0)
    first = seed * LONG
    drafts = conversations.drafts(first + 1, first + length, words=30, keyed=False)
    stored = [
        log.encode_message(replace(message, timestamp=now))
        for message in messages.batch_prepare(batch=drafts, now=now)
    ]
    buckets, start, tokens = [], 1, sum(message["token_count"] for message in stored)
    while len(stored) > TAIL_MAX_MESSAGES:
        run = tail.next_run(list(map(log.stored_size, stored)))
        buckets.append(log.new_bucket("", start, stored[:run]))
        stored, start = stored[run:], start + run
    session = bulk.template(now) | {
        "messages": stored,
        "message_count": length,
        "token_count": tokens,
        "tail_start": start,
        "tail_bytes": sum(map(log.stored_size, stored)),
    }
    return Template(session, buckets)


def _insert(
    part: tuple[str, str, Sequence[Template], int, int, int, datetime],
) -> int:
    uri, database, templates, first, count, number, began = part
    messages = 0
    with MongoClient[Document](uri) as client:
        store = client[database]
        sessions, buckets = (
            store.get_collection(name, write_concern=WriteConcern(w=1))
            for name in ("sessions", "message_buckets")
        )
        for start in range(first, first + count, BATCH):
            numbers = range(start, min(start + BATCH, first + count))
            made = [_copy(templates, each, number, began) for each in numbers]
            of_long = [bucket for _, its_buckets in made for bucket in its_buckets]
            if of_long:
                buckets.insert_many(of_long, ordered=False)
            sessions.insert_many([session for session, _ in made], ordered=False)
            messages += sum(session["message_count"] for session, _ in made)
        store["markers"].insert_one({})  # majority: it waits for everything before it
    return messages


def _copy(
    templates: Sequence[Template], place: int, number: int, began: datetime
) -> tuple[Document, list[Document]]:
    is_long = place % LONG_EVERY == LONG_EVERY - 1
    original = templates[-1] if is_long else templates[place % (len(templates) - 1)]
    moment = began + timedelta(milliseconds=round(place / number * DAYS * 86_400_000))
    digits = f"{int(moment.timestamp() * 1000):012x}"
    session_id = f"{digits[:8]}-{digits[8:]}-{str(uuid_utils.uuid7())[14:]}"
    ids = _message_ids()
    session = original.session | {
        "_id": session_id,
        "user_id": f"user-{place % USERS}",
        "created_at": moment,
        "updated_at": moment,
        "messages": _as_new(original.session["messages"], moment, ids),
    }
    return session, [
        bucket
        | {
            "_id": f"{session_id}/{bucket['first_seq']:012}",
            "session_id": session_id,
            "messages": _as_new(bucket["messages"], moment, ids),
        }
        for bucket in original.buckets
    ]


def _message_ids() -> Iterator[str]:
    while True:
        yield f"msg_{uuid_utils.uuid7().hex}"


def _as_new(messages: Sequence[Document], moment: datetime, ids: Iterator[str]) -> list[Document]:
    return [{**message, "id": next(ids), "timestamp": moment} for message in messages]

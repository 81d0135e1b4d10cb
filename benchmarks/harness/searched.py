"""Conversations to be searched: words that follow Zipf's law, in many sessions of many users."""

import itertools
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import uuid_utils
from pymongo import WriteConcern

from benchmarks.harness import conversations, report, store
from sessions_app.domain import search
from sessions_app.domain.data import NewSession, Role
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.figures.daily import first_id
from sessions_app.domain.identifiers import bucket_id, message_id
from sessions_app.domain.lifecycle import to_milliseconds
from sessions_app.repository import indexes, log
from sessions_app.repository.log import new_bucket
from sessions_app.repository.search.index import TITLE
from sessions_app.services import sessions

FILLED = "benchmark"
VOCABULARY = 30_000
TAIL, RUN = 64, 64
_chosen = random.Random(3)
WORDS = [
    "".join(_chosen.choices("abcdefghijklmnopqrstuvwxyz", k=3 + n % 8)) for n in range(VOCABULARY)
]
_weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))
START = to_milliseconds(conversations.now()) - timedelta(days=60)


def _text(words: int) -> str:
    return " ".join(_chosen.choices(WORDS, cum_weights=_weights, k=words))


def _message(number: int, words: int) -> dict[str, Any]:
    return log.encode_message(
        NewMessage(
            id=message_id(str(uuid_utils.uuid7())),
            role=Role.USER if number % 2 else Role.ASSISTANT,
            content=_text(words * 2 // 5 if number % 2 else words * 8 // 5),
            token_count=words,
            timestamp=START + timedelta(seconds=number),
        )
    )


def _session(user_id: str, number: int, tail: list[dict[str, Any]], start: int) -> dict[str, Any]:
    moment = START + timedelta(seconds=number)
    new = NewSession(
        session_id=str(uuid_utils.uuid7()),
        user_id=user_id,
        title=_text(4),
        metadata={},
        context_policy=sessions.policy_default(),
        ttl_seconds=None,
        expires_at=moment + timedelta(days=90),
        now=moment,
    )
    return log.encode_session(new) | {
        "messages": tail,
        "tail_start": start,
        "tail_bytes": sum(map(log.stored_size, tail)),
        "message_count": start - 1 + len(tail),
        "token_count": 40,
    }


def insert_sessions(collection: Any, number: int) -> None:
    """Sessions of many users with two messages each, over the last 60 days."""
    talks = [[_message(n, 30) for n in (1, 2)] for _ in range(500)]
    for batch in _batches(range(number)):
        held = []
        for n in batch:
            one = _session(f"user-{n // 50}", n, talks[n % 500], 1)
            moment = START + timedelta(days=60) * (n / number)
            held.append(one | {"_id": _id_at(moment), "expires_at": moment + timedelta(days=30)})
        _insert(collection, held)
    collection.database["markers"].insert_one({})


def _id_at(moment: datetime) -> str:
    """A UUIDv7 of that moment."""
    return first_id(moment)[:14] + str(uuid_utils.uuid7())[14:]


def fill(client: store.Client, number: int) -> None:
    """Others' sessions with two messages each, indexed as the service would."""
    report.progress(f"{number:,} sessions of others …")
    database = client[FILLED]
    for name in ("user_terms", "terms"):
        database.search_documents.drop_index(name)
    # A few hundred different conversations: making them all different took most of the time.
    talks = [[_message(n, 30) for n in (1, 2)] for _ in range(500)]
    known = [sorted({w for m in talk for w in m["content"].split()}) for talk in talks]
    for batch in _batches(range(number)):
        held = [_session(f"user-{n // 50}", n, talks[n % 500], 1) for n in batch]
        _insert(database.sessions, held)
        _insert(
            database.search_documents,
            [_block(one, 1, known[n % 500]) for n, one in zip(batch, held, strict=True)]
            + [_head(one) for one in held],
        )
    report.progress("indexes of the search …")
    indexes.ensure()
    database.search_progress.insert_one(
        {"_id": "*", "indexed_until": START + timedelta(seconds=number)}
    )


def _block(session: dict[str, Any], first_seq: int, terms: list[str]) -> dict[str, Any]:
    return {
        "_id": bucket_id(session["_id"], first_seq),
        "session_id": session["_id"],
        "user_id": session["user_id"],
        "first_seq": first_seq,
        "first_at": session["created_at"],
        "terms": terms,
    }


def _head(session: dict[str, Any]) -> dict[str, Any]:
    terms = [TITLE + term for term in sorted(search.text.terms(session["title"]))]
    progress = {"indexed": session["message_count"], "erasure_count": 0, "forgotten": 0}
    title = {"holes": [], "title": session["title"]}
    return _block(session, 0, terms) | progress | title


def fill_user(client: store.Client, user_id: str, number: int) -> None:
    """A user's sessions: of a hundred, one is as long as the others together."""
    report.progress(f"{number:,} messages of one user …")
    long, short = number // 2 // max(1, number // 10_000), number // 2 // max(1, number // 100)
    made = turn = 0
    database = client[FILLED]
    held: list[dict[str, Any]] = []
    while made < number:
        length = long if turn % 100 == 50 else short
        batch = [_message(n, 40) for n in range(1, length + 1)]
        start = max(0, (length - TAIL) // RUN * RUN)
        session = _session(user_id, turn, batch[start:], start + 1)
        held.append(session)
        buckets = [
            new_bucket(session["_id"], n + 1, batch[n : n + RUN]) for n in range(0, start, RUN)
        ]
        _insert(database.message_buckets, buckets)
        made, turn = made + length, turn + 1
        if len(held) == 100:
            _insert(database.sessions, held)
            held = []
    _insert(database.sessions, held)
    database["markers"].insert_one({})


def _batches(numbers: Iterable[int]) -> Iterator[list[int]]:
    left = iter(numbers)
    while batch := list(itertools.islice(left, 5_000)):
        yield batch


def _insert(collection: Any, documents: list[dict[str, Any]]) -> None:
    if documents:
        fast = collection.with_options(write_concern=WriteConcern(w=1))
        fast.insert_many(documents, ordered=False)

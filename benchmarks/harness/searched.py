"""Conversations to be searched: words that follow Zipf's law, in many sessions of many users."""

import itertools
import random
from datetime import timedelta

import uuid_utils

from benchmarks.harness import bulk, conversations, report, store
from benchmarks.harness.bulk import Document
from sessions_app.domain import search
from sessions_app.domain.data import NewSession, Role
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.repository import indexes, log
from sessions_app.repository.log import new_bucket
from sessions_app.repository.search.index import TITLE
from sessions_app.services import messages, sessions

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


def _message(number: int, words: int) -> Document:
    return log.encode_message(
        NewMessage(
            id=messages.new_message_id(),
            role=Role.USER if number % 2 else Role.ASSISTANT,
            content=_text(words * 2 // 5 if number % 2 else words * 8 // 5),
            token_count=words,
            timestamp=START + timedelta(seconds=number),
        )
    )


def _session(user_id: str, number: int, tail: list[Document], start: int) -> Document:
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


def fill(client: store.Client, number: int) -> None:
    """Others' sessions with two messages each, indexed as the service would."""
    report.progress(f"{number:,} sessions of others …")
    database = client[FILLED]
    for name in ("user_terms", "terms"):
        database.search_documents.drop_index(name)
    # A few hundred different conversations: making them all different took most of the time.
    talks = [[_message(n, 30) for n in (1, 2)] for _ in range(500)]
    known = [sorted({w for m in talk for w in m["content"].split()}) for talk in talks]
    for first in range(0, number, bulk.BATCH):
        batch = range(first, min(first + bulk.BATCH, number))
        stored = [_session(f"user-{n // 50}", n, talks[n % 500], 1) for n in batch]
        bulk.insert(database, stored)
        blocks = [_block(one, 1, known[n % 500]) for n, one in zip(batch, stored, strict=True)]
        bulk.insert(database, [*blocks, *map(_head, stored)], "search_documents")
    report.progress("indexes of the search …")
    indexes.ensure()
    database.search_progress.insert_one(
        {"_id": "*", "indexed_until": START + timedelta(seconds=number)}
    )


def _block(session: Document, first_seq: int, terms: list[str]) -> Document:
    return {
        "_id": bucket_id(session["_id"], first_seq),
        "session_id": session["_id"],
        "user_id": session["user_id"],
        "first_seq": first_seq,
        "first_at": session["created_at"],
        "terms": terms,
    }


def _head(session: Document) -> Document:
    terms = [TITLE + term for term in sorted(search.text.terms(session["title"]))]
    progress = {"indexed": session["message_count"], "erasure_count": 0, "forgotten": 0}
    return _block(session, 0, terms) | progress | {"holes": [], "title": session["title"]}


def fill_user(client: store.Client, user_id: str, number: int) -> None:
    """A user's sessions: of a hundred, one is as long as the others together."""
    report.progress(f"{number:,} messages of one user …")
    long, short = number // 2 // max(1, number // 10_000), number // 2 // max(1, number // 100)
    made, stored, database = 0, [], client[FILLED]
    while made < number:
        length = long if len(stored) % 100 == 50 else short
        messages = [_message(n, 40) for n in range(1, length + 1)]
        start = max(0, (length - TAIL) // RUN * RUN)
        session = _session(user_id, len(stored), messages[start:], start + 1)
        runs = range(0, start, RUN)
        buckets = (new_bucket(session["_id"], n + 1, messages[n : n + RUN]) for n in runs)
        bulk.insert(database, buckets, "message_buckets")
        stored.append(session)
        made += length
    bulk.insert(database, stored)

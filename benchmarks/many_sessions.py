"""Does a user with very many sessions, on a server with even more, wait longer than one with few?

Two databases on one server: 1,000 sessions of one user and nothing else, and 100,000 sessions of
that user among 1,000,000 in all, with the same indexes. The first page of the user's list (50
sessions) and one of their sessions, chosen at random, are read through the services from either
database in turn. The documents are made by the repository's own codec, with two messages each, and
inserted with w:1; in the large database they take more room than MongoDB's cache (256 MB here), so
a random session there may have to come from the file system: that is part of the question.
"""

import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import uuid_utils
from pymongo import WriteConcern

from benchmarks.harness import conversations, report, rounds, store
from sessions_app.domain.data import NewSession, Status
from sessions_app.domain.lifecycle import to_milliseconds
from sessions_app.repository import indexes, log
from sessions_app.services import messages, sessions

USER = "somebody"
TARGET = 1.5
BATCH = 10_000
OTHERS = 50  # sessions that each of the other users has
SMALL, LARGE = "benchmark_small", "benchmark_large"


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--few", type=int, default=1_000, help="sessions in the small database")
    parser.add_argument("--own", type=int, help="of the user in the large database")
    parser.add_argument("--total", type=int, help="sessions in the large database")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    own = given.own or (10_000 if given.short else 100_000)
    total = given.total or (100_000 if given.short else 1_000_000)
    number = given.rounds or (200 if given.short else 1_000)
    result = report.Report("many_sessions")
    with store.own_store(given.dir, result) as client:
        ids = {
            name: _fill(client, name, of_user, of_all)
            for name, of_user, of_all in ((SMALL, given.few, given.few), (LARGE, own, total))
        }
        for question, ask in _questions(ids).items():
            samples = _alternating(client, ask, number)
            base = statistics.median(samples[SMALL])
            for name, of_user, of_all in ((SMALL, given.few, given.few), (LARGE, own, total)):
                result.add(
                    question,
                    sessions_of_user=of_user,
                    sessions_in_all=of_all,
                    **report.timing(samples[name]),
                    ratio=round(statistics.median(samples[name]) / base, 2),
                    target=TARGET,
                )
    result.table()


def _questions(ids: Mapping[str, Sequence[str]]) -> dict[str, Callable[[str], object]]:
    chosen = random.Random(2)

    def first_page(_database: str) -> object:
        return sessions.session_list(
            user_id=USER,
            status=Status.ACTIVE,
            limit=50,
            position=None,
            backwards=False,
            now=conversations.now(),
        )

    def one_session(database: str) -> object:
        return sessions.session_get(
            session_id=chosen.choice(ids[database]),
            user_id=USER,
            limit=50,
            now=conversations.now(),
        )

    return {"first page of the list": first_page, "one session": one_session}


def _alternating(
    client: store.Client, ask: Callable[[str], object], number: int
) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {SMALL: [], LARGE: []}
    order = [SMALL, LARGE]
    for _ in range(number):
        order.reverse()
        for name in order:
            store.use_database(client, name)
            samples[name].append(rounds.milliseconds(partial(ask, name)))
    return samples


def _fill(client: store.Client, name: str, of_user: int, total: int) -> list[str]:
    """Insert the sessions, the user's spread evenly among the others'; the ids of the user's."""
    report.progress(f"{total:,} sessions, {of_user:,} of them of one user …")
    store.use_database(client, name)
    indexes.ensure()
    collection = client[name].get_collection("sessions", write_concern=WriteConcern(w=1))
    own: list[str] = []
    stored = _documents(of_user, total, own)
    while batch := list(islice(stored, BATCH)):
        collection.insert_many(batch, ordered=False)
    # Readers see what a majority has: this write waits until that is everything before it.
    client[name]["markers"].insert_one({})
    return own


def _documents(of_user: int, total: int, own: list[str]) -> Iterator[dict[str, Any]]:
    """Session documents like the one that the repository's codec makes; `own` collects ids."""
    start = to_milliseconds(conversations.now())
    template = _template(start)
    step = total // of_user
    for number in range(total):
        mine = number % step == 0 and len(own) < of_user
        session_id = str(uuid_utils.uuid7())
        if mine:
            own.append(session_id)
        moment = start + timedelta(milliseconds=number)
        yield template | {
            "_id": session_id,
            "user_id": USER if mine else f"user-{number // OTHERS}",
            "created_at": moment,
            "updated_at": moment,
        }


def _template(now: datetime) -> dict[str, Any]:
    new = NewSession(
        session_id="",
        user_id=USER,
        title="Where the garden table should stand",
        metadata={"channel": "web"},
        context_policy=sessions.policy_default(),
        ttl_seconds=None,
        expires_at=now + timedelta(days=30),
        now=now,
    )
    batch = conversations.drafts(1, 2, words=30)
    stored = [
        log.encode_message(replace(message, timestamp=now))
        for message in messages.batch_prepare(batch=batch, now=now)
    ]
    return log.encode_session(new) | {
        "messages": stored,
        "message_count": len(stored),
        "token_count": sum(one["token_count"] for one in stored),
        "tail_bytes": sum(map(log.stored_size, stored)),
    }


if __name__ == "__main__":
    main()

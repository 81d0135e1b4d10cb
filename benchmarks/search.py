"""How long does a search take, and what does being able to search cost an append?

One server holds a user with 10,000 sessions and 1,000,000 messages (a hundredth of the sessions
are a hundred times as long as the others) among 1,000,000 sessions of other users. Words follow
Zipf's law over 30,000 made-up words, about 40 of them in a message; some words are rare on
purpose. All documents are inserted as the repository's codec makes them, with w:1. Then:

- `index`: how fast `rebuild_search` indexes the user's messages, with all indexes in place;
- `own …`: the user's own search through the service: a rare word, a common one, two common ones, a
  beginning, a rare phrase of common words, a word that does not occur, and the first search after
  an append;
- `staff …`: the same through everybody's sessions;
- `not indexed`: the first search of somebody whose messages nobody has indexed;
- `append`: the same appends, in turn, to databases without and with the indexes for searching.
"""

import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import uuid_utils
from pymongo import WriteConcern

from benchmarks.harness import conversations, report, rounds, store
from sessions_app.domain import search_text
from sessions_app.domain.daily import first_id
from sessions_app.domain.data import NewMessage, NewSession, Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.identifiers import bucket_id, message_id
from sessions_app.domain.lifecycle import to_milliseconds
from sessions_app.domain.search_data import SearchFilter
from sessions_app.repository import codec, indexes
from sessions_app.repository.search_index import TITLE
from sessions_app.repository.tail import bucket
from sessions_app.services import messages, search, sessions
from sessions_app.services.search_rebuilding import search_rebuild

USER, NEWCOMER = "somebody", "newcomer"
WITHOUT, WITH = "benchmark_without", "benchmark"
VOCABULARY = 30_000
LIMIT = 20
TAIL, RUN = 64, 64
_chosen = random.Random(3)
_words = [
    "".join(_chosen.choices("abcdefghijklmnopqrstuvwxyz", k=3 + n % 8)) for n in range(VOCABULARY)
]
_weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))
START = to_milliseconds(conversations.now()) - timedelta(days=60)


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--messages", type=int, help="of the user who searches")
    parser.add_argument("--others", type=int, help="sessions of everybody else")
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    own = given.messages or (20_000 if given.short else 1_000_000)
    others = given.others or (5_000 if given.short else 1_000_000)
    number = given.rounds or (10 if given.short else 50)
    result = report.Report("search")
    with store.own_store(given.dir, result) as client:
        _fill(client, others)
        _fill_user(client, USER, own)
        _index(result, own)
        facts = {"messages_of_user": own, "sessions_in_all": others + own // 100}
        _fill_user(client, NEWCOMER, min(own, 20_000))
        _measure_newcomer(result, min(own, 20_000))
        if "search" not in given.skip:
            _measure(result, number, facts)
        if "append" not in given.skip:
            _measure_appends(client, result, number * 20)
    result.table()


def _measure(result: report.Report, number: int, facts: dict[str, Any]) -> None:
    own: dict[str, Callable[[], object]] = {}
    for name, texts in _queries().items():
        asked = itertools.cycle(texts)
        own[f"own, {name}"] = partial(_own, asked)
        own[f"staff, {name}"] = partial(_staff, asked)
    for name, ask in own.items():
        report.progress(name)
        first = ask()
        times = [rounds.milliseconds(ask) for _ in range(number)]
        result.add(
            name, **facts, hits=len(first.hits), complete=first.complete, **report.timing(times)
        )
    session_id = _a_session(WITH)
    draft = MessageDraft(role=Role.USER, content="something quite new")
    after = []
    for _ in range(number):
        messages.message_append(
            session_id=session_id, user_id=USER, draft=draft, now=conversations.now()
        )
        after.append(rounds.milliseconds(partial(_own, itertools.cycle(["something new"]))))
    result.add("own, after an append", **facts, **report.timing(after))


def _queries() -> dict[str, list[str]]:
    common = [word for word in _words[:30] if len(word) > 3]
    middle = [word for word in _words[2_000:2_100] if len(word) > 4]
    return {
        "a rare word": [f"{word} " for word in _words[-200:-150]],
        "a common word": common,
        "two common words": [f"{a} {b}" for a, b in itertools.pairwise(common)],
        "a middling word": middle,
        "a beginning of three letters": [word[:3] for word in middle],
        "a beginning of two letters": [word[:2] for word in middle],
        "a phrase": [f'"{a} {b}"' for a, b in itertools.pairwise(_words[40:80])],
        "no such word": ["qqqqqqqq"],
    }


def _own(asked: Iterator[str]) -> Any:
    return search.search_own(user_id=USER, text=next(asked), limit=LIMIT, now=conversations.now())


def _staff(asked: Iterator[str]) -> Any:
    return search.search_all(
        text=next(asked), limit=LIMIT, wanted=SearchFilter(), now=conversations.now()
    )


def _index(result: report.Report, number: int) -> None:
    report.progress(f"indexing {number:,} messages …")
    started = time.perf_counter()
    done = list(
        search_rebuild(
            user_id=USER, only_missing=True, progress=lambda _: None, now=conversations.now()
        )
    )
    seconds = time.perf_counter() - started
    count = sum(one.messages for one in done)
    result.add(
        "index", messages=count, seconds=round(seconds, 1), per_second=round(count / seconds)
    )


def _measure_newcomer(result: report.Report, number: int) -> None:
    asked = partial(
        search.search_own, user_id=NEWCOMER, text="zzzz none", limit=LIMIT, now=conversations.now()
    )
    for name in ("not indexed, first search", "not indexed, second search"):
        took = rounds.milliseconds(asked)
        result.add(name, messages_of_user=number, complete=asked().complete, ms=round(took, 1))


def _measure_appends(client: store.Client, result: report.Report, number: int) -> None:
    """Appends in turn to a database without what searching needs, and to the one with it."""
    store.use_database(client, WITHOUT)
    indexes.ensure()
    client[WITHOUT].sessions.drop_index("review_activity")
    sessions_of: dict[str, list[str]] = {}
    for name in (WITHOUT, WITH):
        store.use_database(client, name)
        sessions_of[name] = [conversations.create(f"appender-{n}", 60, words=40) for n in range(8)]
    samples: dict[str, list[float]] = {WITHOUT: [], WITH: []}
    for turn, order in enumerate(rounds.orders(samples, number)):
        for name in order:
            store.use_database(client, name)
            ids = sessions_of[name]
            append = partial(
                messages.message_append,
                session_id=ids[turn % len(ids)],
                user_id=f"appender-{turn % len(ids)}",
                draft=conversations.drafts(turn, turn, words=40, keyed=False)[0],
                now=conversations.now(),
            )
            took = rounds.milliseconds(append)
            if turn > 20:
                samples[name].append(took)
    base = statistics.median(samples[WITHOUT])
    for name, label in ((WITHOUT, "without"), (WITH, "with")):
        ratio = round(statistics.median(samples[name]) / base, 3)
        result.add(f"append, {label}", **report.timing(samples[name]), ratio=ratio, target=1.05)


def _text(words: int) -> str:
    return " ".join(_chosen.choices(_words, cum_weights=_weights, k=words))


def _message(number: int, words: int) -> dict[str, Any]:
    return codec.stored_message(
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
    return codec.stored_session(new) | {
        "messages": tail,
        "tail_start": start,
        "tail_bytes": sum(map(codec.size, tail)),
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


def _fill(client: store.Client, number: int) -> None:
    """Others' sessions with two messages each, indexed as the service would."""
    report.progress(f"{number:,} sessions of others …")
    database = client[WITH]
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
    terms = [TITLE + term for term in sorted(search_text.terms(session["title"]))]
    progress = {"indexed": session["message_count"], "erasure_count": 0, "forgotten": 0}
    title = {"holes": [], "title": session["title"]}
    return _block(session, 0, terms) | progress | title


def _fill_user(client: store.Client, user_id: str, number: int) -> None:
    """A user's sessions: of a hundred, one is as long as the others together."""
    report.progress(f"{number:,} messages of one user …")
    long, short = number // 2 // max(1, number // 10_000), number // 2 // max(1, number // 100)
    made = turn = 0
    database = client[WITH]
    held: list[dict[str, Any]] = []
    while made < number:
        length = long if turn % 100 == 50 else short
        batch = [_message(n, 40) for n in range(1, length + 1)]
        start = max(0, (length - TAIL) // RUN * RUN)
        session = _session(user_id, turn, batch[start:], start + 1)
        held.append(session)
        buckets = [bucket(session["_id"], n + 1, batch[n : n + RUN]) for n in range(0, start, RUN)]
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


def _a_session(_name: str) -> str:
    page = sessions.session_list(
        user_id=USER,
        status=sessions.Status.ACTIVE,
        limit=1,
        position=None,
        backwards=False,
        now=conversations.now(),
    )
    return page.sessions[0].session_id


if __name__ == "__main__":
    main()

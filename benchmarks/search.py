"""How long does a search take, and what does being able to search cost an append?

One server holds a user with 1,000 sessions and 100,000 messages (a hundredth of the sessions
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
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks.harness import conversations, report, rounds, store
from benchmarks.harness.searched import FILLED, WORDS, fill, fill_user
from sessions_app.domain.data import Role, SessionFilter
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.search.data import SearchFilter
from sessions_app.repository import indexes
from sessions_app.services import messages, search, sessions
from sessions_app.services.search import search_rebuild

USER, NEWCOMER = "somebody", "newcomer"
WITH, WITHOUT = FILLED, "benchmark_without"
LIMIT = 20


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--messages", type=int, help="of the user who searches")
    parser.add_argument("--others", type=int, help="sessions of everybody else")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    own = options.messages or (20_000 if options.short else 100_000)
    others = options.others or (5_000 if options.short else 1_000_000)
    number = options.rounds or (10 if options.short else 50)
    result = report.Report("search")
    with store.own_store(options.dir, result, cache_gb=store.LARGE_CACHE_GB) as client:
        fill(client, others)
        fill_user(client, USER, own)
        _index(result, own)
        facts = {"messages_of_user": own, "sessions_in_all": others + own // 100}
        fill_user(client, NEWCOMER, min(own, 20_000))
        _measure_newcomer(result, min(own, 20_000))
        if "search" not in options.skip:
            _measure(result, number, facts)
        if "append" not in options.skip:
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
    common = [word for word in WORDS[:30] if len(word) > 3]
    middle = [word for word in WORDS[2_000:2_100] if len(word) > 4]
    return {
        "a rare word": [f"{word} " for word in WORDS[-200:-150]],
        "a common word": common,
        "two common words": [f"{a} {b}" for a, b in itertools.pairwise(common)],
        "a middling word": middle,
        "a beginning of three letters": [word[:3] for word in middle],
        "a beginning of two letters": [word[:2] for word in middle],
        "a phrase": [f'"{a} {b}"' for a, b in itertools.pairwise(WORDS[40:80])],
        "no such word": ["qqqqqqqq"],
    }


def _own(asked: Iterator[str]) -> Any:
    return search.search_own(user_id=USER, text=next(asked), limit=LIMIT, now=conversations.now())


def _staff(asked: Iterator[str]) -> Any:
    return search.search_all(
        text=next(asked), limit=LIMIT, wanted=SearchFilter(), staff_id="1", now=conversations.now()
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
    appends = {}
    for name in (WITHOUT, WITH):
        store.use_database(client, name)
        appends[name] = conversations.appends()
    samples = rounds.interleaved(
        appends, rounds=number, warm_up=20, before=partial(store.use_database, client)
    )
    rounds.compare(result, "append, {}", samples, {WITHOUT: "without", WITH: "with"})


def _a_session(_name: str) -> str:
    page = sessions.session_list(
        user_id=USER,
        wanted=SessionFilter(),
        limit=1,
        position=None,
        backwards=False,
        now=conversations.now(),
    )
    return page.sessions[0].session_id


if __name__ == "__main__":
    main()

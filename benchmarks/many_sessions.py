"""Does a user with very many sessions, on a server with even more, wait longer than one with few?

Two databases on one server: 1,000 sessions of one user and nothing else, and 100,000 sessions of
that user among 1,000,000 in all, with the same indexes. The first page of the user's list (50
sessions) and one of their sessions, chosen at random, are read through the services from either
database in turn. In the large one the documents take more room than MongoDB's cache (256 MB here),
so a random session there may have to come from the file system: that is part of the question.
"""

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from benchmarks.harness import bulk, conversations, report, rounds, store
from sessions_app.domain.data import SessionFilter
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.repository import indexes
from sessions_app.services import sessions

USER = "somebody"
TARGET = 1.5
OTHERS = 50  # sessions that each of the other users has
SMALL, LARGE = "benchmark_small", "benchmark_large"


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--few", type=int, default=1_000, help="sessions in the small database")
    parser.add_argument("--own", type=int, help="of the user in the large database")
    parser.add_argument("--total", type=int, help="sessions in the large database")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    own = options.own or (10_000 if options.short else 100_000)
    total = options.total or (100_000 if options.short else 1_000_000)
    number = options.rounds or (200 if options.short else 1_000)
    result = report.Report("many_sessions")
    with store.own_store(options.dir, result) as client:
        ids = {
            name: _fill(client, name, of_user, of_all)
            for name, of_user, of_all in ((SMALL, options.few, options.few), (LARGE, own, total))
        }
        for question, ask in _questions(ids).items():
            samples = _alternating(client, ask, number)
            base = statistics.median(samples[SMALL])
            for name, of_user, of_all in ((SMALL, options.few, options.few), (LARGE, own, total)):
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
            wanted=SessionFilter(),
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
    start = to_milliseconds(conversations.now())
    original, step = bulk.template(start), total // of_user
    documents = (
        bulk.copy(
            original,
            f"user-{number // OTHERS}" if number % step else USER,
            start + timedelta(milliseconds=number),
        )
        for number in range(total)
    )
    return bulk.insert(client[name], documents)[::step]


if __name__ == "__main__":
    main()

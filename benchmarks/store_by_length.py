"""Does the store notice how long a conversation is?

Sessions of 10 to 100,000 messages, every message with an idempotency key, in one database. Each
operation runs through the services, one call per length and round in a new order, so that noise
falls on all lengths alike. Ratios are of medians: to the session of 10 messages and, because that
one has fewer messages to give than a page holds, also to the one of 100.

"Context" is the window that the service plans by the strategy `recent`, its topics judged before;
"newest until" is what the store alone does for that.

A process that has not written to a session guesses where its tail starts, and is wrong once for a
long session; "unknown here" is that first append, which has no target.

An append lengthens its session, so short sessions are many, and each gets one append. From 1,000
messages on one session takes all of them, and every 64th append moves a run of messages to a
bucket: that shows in the mean.
"""

import itertools
from collections.abc import Callable, Iterator

from benchmarks.harness import contexts, conversations, report, rounds, store
from benchmarks.harness.conversations import now
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.repository import log
from sessions_app.services import messages, sessions

USER = "benchmark"
LENGTHS = (10, 100, 1_000, 10_000, 100_000)
SHORT_LENGTHS = (10, 100, 1_000, 5_000)
CONTEXT_TOKENS = 2_000
PAGE = 50
CONTEXT = "context of 2,000 tokens"
TARGETS = {
    "append": 1.3,
    "append keyed": 1.3,
    "newest 50": 1.3,
    CONTEXT: 1.3,
    "newest until 2,000 tokens": 1.3,
    "delta of 10": 1.5,
    "middle page of 50": 2.0,
}
_POOLED = 500  # sessions up to this length get one append each

Operations = dict[str, dict[int, Callable[[], object]]]


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--words", type=int, default=60, help="of a message, in the mean")
    options = parser.parse_args()
    lengths = options.lengths or (SHORT_LENGTHS if options.short else LENGTHS)
    number = options.rounds or (100 if options.short else 500)
    result = report.Report("store_by_length")
    with store.own_store(options.dir, result):
        ids = {length: _filled(length, options.words) for length in lengths}
        if CONTEXT not in options.skip:
            report.progress("their topics …")
            for session_id in ids.values():
                contexts.prepare(session_id, USER)
        operations = _reads(ids) | _appends(ids, number, options.words)
        for name, variants in operations.items():
            if name in options.skip:
                continue
            samples = rounds.interleaved(variants, rounds=number)
            result.by_length(name, samples, target=TARGETS.get(name))
    result.table()


def _filled(length: int, words: int) -> str:
    report.progress(f"a session of {length:,} messages …")
    return conversations.create(USER, length, words=words)


def _reads(ids: dict[int, str]) -> Operations:
    def newest(session_id: str) -> object:
        return sessions.session_get(session_id=session_id, user_id=USER, limit=PAGE, now=now())

    def page(session_id: str, after: int) -> object:
        return messages.message_page(
            session_id=session_id, user_id=USER, after=after, before=None, limit=PAGE, now=now()
        )

    def each(make: Callable[[int, str], Callable[[], object]]) -> dict[int, Callable[[], object]]:
        return {length: make(length, session_id) for length, session_id in ids.items()}

    return {
        "newest 50": each(lambda _, one: lambda: newest(one)),
        CONTEXT: each(lambda _, one: lambda: contexts.recent(one, USER, CONTEXT_TOKENS)),
        "newest until 2,000 tokens": each(
            lambda _, one: lambda: contexts.newest_until(one, USER, CONTEXT_TOKENS)
        ),
        "delta of 10": each(lambda length, one: lambda: page(one, length - 10)),
        "middle page of 50": each(
            lambda length, one: lambda: page(one, max(0, length // 2 - PAGE // 2))
        ),
    }


def _appends(ids: dict[int, str], number: int, words: int) -> Operations:
    numbers = itertools.count(10_000_000)
    pools = {
        length: _targets(length, session_id, number, words) for length, session_id in ids.items()
    }

    def append(length: int, *, keyed: bool) -> Callable[[], object]:
        def call() -> object:
            place = next(numbers)
            draft = MessageDraft(
                role=Role.USER,
                content=conversations.text(place, words),
                client_id=f"new-{place}" if keyed else None,
            )
            return messages.message_append(
                session_id=next(pools[length]), user_id=USER, draft=draft, now=now()
            )

        return call

    def unknown(length: int) -> Callable[[], object]:
        keyed = append(length, keyed=True)

        def call() -> object:
            log.memory.forget()
            return keyed()

        return call

    return {
        "append": {length: append(length, keyed=False) for length in ids},
        "append keyed": {length: append(length, keyed=True) for length in ids},
        "append to a session unknown here": {length: unknown(length) for length in ids},
    }


def _targets(length: int, session_id: str, number: int, words: int) -> Iterator[str]:
    """The sessions that take appends in turn, twice over: without and with a key."""
    if length > _POOLED:
        return itertools.repeat(session_id)
    report.progress(f"{number} sessions of {length:,} messages to append to …")
    # The warm-up takes a few more; that they come round once more does not matter.
    pool = [conversations.create(USER, length, words=words) for _ in range(number)]
    return itertools.cycle(pool)


if __name__ == "__main__":
    main()

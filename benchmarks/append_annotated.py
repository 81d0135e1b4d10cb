"""What do vectors and topics cost an append?

Two sessions of equal length: of one, every message has its vector and its topic, and before each
append what came since gets them too, as the windows of a conversation's turns do; of the other
nothing was ever derived. Appends go to both in turn, through the services; the catching up lies
between the appends and is not timed, as no append waits for it. The ratio is of the medians.
"""

import itertools
from collections.abc import Callable

from benchmarks.harness import conversations, report, rounds, store
from benchmarks.harness.conversations import now
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import messages, topics

USER = "benchmark"
LENGTHS = (60, 100, 1_000)
OFF, ON, WARM = "without", "with", "warm-up"
TARGET = 1.10
WORDS = 60


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    number = options.rounds or (200 if options.short else 1_000)
    result = report.Report("append_annotated")
    with store.own_store(options.dir, result):
        for length in LENGTHS[:2] if options.short else LENGTHS:
            samples = _measured(length, number)
            medians = {name: report.quantile(taken, 0.5) for name, taken in samples.items()}
            for name, taken in samples.items():
                result.add(
                    f"append, {name}",
                    messages=length,
                    **report.timing(taken),
                    ratio=round(medians[name] / medians[OFF], 3),
                    **({"target": TARGET} if name == ON else {}),
                )
    result.table()


def _measured(length: int, number: int) -> rounds.Samples[str]:
    """Appends in rounds, with the vectors and topics caught up between them."""
    ids = {name: conversations.create(USER, length, words=WORDS) for name in (WARM, OFF, ON)}
    samples: rounds.Samples[str] = {OFF: [], ON: []}
    appends = {name: _append(session_id) for name, session_id in ids.items()}
    for order in rounds.orders(samples, number):
        while not topics.catch_up(session_id=ids[ON], user_id=USER, seconds=60).complete:
            pass
        # What comes first after the encoder finds the processor's caches full of it.
        appends[WARM]()
        for name in order:
            samples[name].append(rounds.milliseconds(appends[name]))
    return samples


def _append(session_id: str) -> Callable[[], object]:
    numbers = itertools.count(10_000_000)

    def call() -> object:
        draft = MessageDraft(role=Role.USER, content=conversations.text(next(numbers), WORDS))
        return messages.message_append(session_id=session_id, user_id=USER, draft=draft, now=now())

    return call


if __name__ == "__main__":
    main()

"""Beside what people pick today: what do an append, the newest messages and a context cost?

LangChain's `MongoDBChatMessageHistory` and the OpenAI Agents SDK's `MongoDBSession` against this
service's store, on the same `mongod`, with the same write concern (majority, journaled) and the
same messages; appends are measured after everything else, as they lengthen a session. The peers
run in an environment of their own, whose Python is told with --peers-python:

    python3.11 -m venv .venv/peers
    .venv/peers/bin/pip install -r benchmarks/requirements.txt

Only the call is timed, each in its own process; one call of each store and length per round, in a
new order. Ours checks and counts tokens, keeps the order, and with a key stores a message once; the
peers do none of that. The peers have no read by tokens: LangChain loads all and trims with
`trim_messages`, the Agents SDK returns all items and the caller counts backwards.
"""

import itertools
import json
import os
import statistics
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import contexts, conversations, report, rounds, store
from benchmarks.harness.conversations import now
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import messages, sessions

USER = "benchmark"
OURS = "ours"
CONTEXT = "context of 2,000 tokens"
LENGTHS = (10, 100, 1_000, 10_000, 100_000)
SHORT_LENGTHS = (10, 100, 1_000)
NEWEST, BUDGET, WORDS, FILL = 20, 2_000, 60, 1_000
# Reading everything takes seconds at 100,000 messages: fewer rounds there.
_LONG = 10_000

# do, session, what → milliseconds
Ask = Callable[[str, str, Any], float]
Question = Callable[[], tuple[str, Any]]  # what to do, and with what


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+")
    parser.add_argument("--rounds", type=int)
    parser.add_argument(
        "--peers-python",
        type=Path,
        default=Path(".venv/peers/bin/python"),
        help="of an environment with benchmarks/requirements.txt",
    )
    parser.add_argument("--only-ours", action="store_true", help="without the peers")
    options = parser.parse_args()
    if not (options.only_ours or options.peers_python.exists()):
        parser.error(f"{options.peers_python} is not there; see --help, or use --only-ours")
    lengths = options.lengths or (SHORT_LENGTHS if options.short else LENGTHS)
    number = options.rounds or (20 if options.short else 100)
    result = report.Report("peers_store")
    with store.own_store(options.dir, result), ExitStack() as stack:
        ours = Ours()
        askers: dict[str, Ask] = {OURS: ours}
        if not options.only_ours:
            uri = os.environ["MONGODB_URI"]
            peers = stack.enter_context(peers_at(options.peers_python, uri))
            askers |= {name: partial(peers.ask, name) for name in peers.versions}
            result.add("versions", **peers.versions)
        for length in lengths:
            report.progress(f"{length:,} messages in each store …")
            for ask in askers.values():
                _fill(ask, length)
        if CONTEXT not in options.skip:
            ours.prepare()
        for name, question in _questions(options.skip).items():
            _measure(result, name, question, askers, lengths, number)
    result.table()


def _questions(skip: Sequence[str]) -> dict[str, Question]:
    fresh = itertools.count(1_000_000)

    def message() -> list[dict[str, str]]:
        number = next(fresh)
        return _plain(number, number)

    questions: dict[str, Question] = {
        "newest 20": lambda: ("newest", NEWEST),
        CONTEXT: lambda: ("context", BUDGET),
        "append": lambda: ("append", message()),
    }
    return {name: question for name, question in questions.items() if name not in skip}


def _measure(
    result: report.Report,
    name: str,
    question: Question,
    askers: dict[str, Ask],
    lengths: Sequence[int],
    number: int,
) -> None:
    samples: dict[tuple[str, int], list[float]] = {}
    for some in _by_patience(lengths):
        asked = {(who, length): ask for who, ask in askers.items() for length in some}
        times = max(3, number // 10) if some[0] > _LONG else number
        samples |= _interleaved(asked, question, times)
    for (who, length), taken in samples.items():
        ours = statistics.median(samples[OURS, length])
        result.add(
            name,
            store=who,
            messages=length,
            **report.timing(taken),
            times_ours=round(statistics.median(taken) / ours, 2),
        )


def _by_patience(lengths: Sequence[int]) -> list[list[int]]:
    """The lengths to measure in the same rounds."""
    quick = [length for length in lengths if length <= _LONG]
    return [group for group in (quick, [n for n in lengths if n > _LONG]) if group]


def _interleaved(
    asked: dict[tuple[str, int], Ask], question: Question, times: int
) -> dict[tuple[str, int], list[float]]:
    samples: dict[tuple[str, int], list[float]] = {key: [] for key in asked}
    for order in rounds.orders(asked, times + 2):
        for key in order:
            do, what = question()
            samples[key].append(asked[key](do, f"session-{key[1]}", what))
    return {key: taken[2:] for key, taken in samples.items()}  # the first two rounds warm up


def _fill(ask: Ask, length: int) -> None:
    for first in range(1, length + 1, FILL):
        batch = _plain(first, min(first + FILL - 1, length))
        ask("fill", f"session-{length}", batch)


def _plain(first: int, last: int) -> list[dict[str, str]]:
    """The messages as every store takes them."""
    return [
        {"role": draft.role.value, "content": draft.content}
        for draft in conversations.drafts(first, last, words=WORDS)
    ]


class Ours:
    """This service's store, through its services, called like the peers."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._keys = itertools.count()

    def __call__(self, do: str, session: str, what: Any) -> float:
        """Milliseconds of one call."""
        return rounds.milliseconds(lambda: getattr(self, do)(session, what))

    def fill(self, session: str, batch: list[dict[str, str]]) -> None:
        """Append many messages."""
        if session not in self._ids:
            self._ids[session] = conversations.create(USER, 0, words=WORDS)
        for first, last in conversations.batches(0, len(batch) - 1):
            messages.message_append_batch(
                session_id=self._ids[session],
                user_id=USER,
                batch=[self._draft(each) for each in batch[first : last + 1]],
                now=now(),
            )

    def prepare(self) -> None:
        """Have the topics judged, as the turns of a conversation would have done."""
        report.progress("their topics …")
        for session_id in self._ids.values():
            contexts.prepare(session_id, USER)

    def append(self, session: str, batch: list[dict[str, str]]) -> None:
        """Append one message, with a key."""
        messages.message_append(
            session_id=self._ids[session], user_id=USER, draft=self._draft(batch[0]), now=now()
        )

    def newest(self, session: str, limit: int) -> None:
        """The session and its newest messages."""
        sessions.session_get(session_id=self._ids[session], user_id=USER, limit=limit, now=now())

    def context(self, session: str, budget: int) -> None:
        """The newest messages that fit a budget."""
        contexts.recent(self._ids[session], USER, budget)

    def _draft(self, message: dict[str, str]) -> MessageDraft:
        key = f"key-{next(self._keys)}"
        return MessageDraft(Role(message["role"]), message["content"], client_id=key)


class Peers:
    """The process that drives the peers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.versions: dict[str, str] = self._read()

    def ask(self, peer: str, do: str, session: str, what: Any) -> float:
        """Milliseconds of one call, as the peer's process took them."""
        assert self._process.stdin is not None
        order = {"peer": peer, "do": do, "session": session, "what": what}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return float(self._read()["ms"])

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the peers' process has ended")
        return json.loads(line)


@contextmanager
def peers_at(python: Path, uri: str) -> Iterator[Peers]:
    """The peers, in an environment of their own."""
    worker = Path(__file__).with_name("peers") / "worker.py"
    with subprocess.Popen(
        [python, worker, uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Peers(process)
        finally:
            process.kill()


if __name__ == "__main__":
    main()

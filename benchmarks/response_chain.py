"""What does a chain of responses cost in storage and per request?

Each response continues the one before by `previous_response_id`, through the services on a real
`mongod`, answered at once by a model that says a fixed text. Storage is what the documents of the
chain take (BSON bytes, by collection), against the same number of turns over REST, whose records
have no parameters to keep. Requests are timed at the chain's beginning and at its end, with the
commands that MongoDB was sent for each; what a fork in the middle costs stands beside them.
"""

import itertools
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from pymongo import monitoring

from benchmarks.harness import conversations, report, store
from benchmarks.harness.conversations import now

LENGTH, WORDS = 200, 60
USER = "chain"
TEXT = conversations.text(1, WORDS)
INSTRUCTIONS = conversations.text(2, 100)
SCHEMA = {"type": "object", "properties": {f"field{n}": {"type": "string"} for n in range(8)}}
TOOLS = [
    {"type": "function", "name": f"tool{n}", "description": TEXT, "parameters": SCHEMA}
    for n in range(5)
]
WITH_TOOLS = {"instructions": INSTRUCTIONS, "tools": TOOLS, "tool_choice": "auto"}


class Counter(monitoring.CommandListener):
    """Counts the commands that MongoDB is sent, by whichever thread."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """One more."""
        self.count += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing: it has been counted."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing: it has been counted."""


class Reply:
    """One answer, at once."""

    def __init__(self) -> None:
        self.ending: Any = None

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        """The text, whole."""
        from sessions_app.providers import Ending

        yield TEXT
        self.ending = Ending("stop", 100, 80, "instant")


class Instant:
    """A model that has thought of its answer before."""

    name = "instant"

    def complete(self, messages: Any, *, max_tokens: int) -> Any:
        """A title."""
        from sessions_app.providers import Completion

        return Completion("A title", 10, 3, "instant")

    def stream(self, messages: Any, **call: Any) -> Reply:
        """The same answer to everything."""
        return Reply()


def main() -> None:
    """Parse, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--length", type=int, help="responses in the chain")
    options = parser.parse_args()
    length = options.length or (20 if options.short else LENGTH)
    counter = Counter()
    monitoring.register(counter)
    result = report.Report("response_chain")
    with store.own_store(options.dir, result) as client:
        _answer_at_once()
        turns = _chain(length, _turns(), counter)
        result.add("turns over REST", **_cost(client, turns, counter))
        plain = _chain(length, _responses({}), counter)
        result.add("responses", **_cost(client, plain, counter))
        tools = _chain(length, _responses(WITH_TOOLS), counter)
        result.add("responses with 5 tools", **_cost(client, tools, counter))
        result.add("fork in the middle", **_fork(client, plain, counter))
        for name, call in _reads(plain).items():
            result.add(name, **_timed(call, counter, 3 if options.short else 30))
    result.table()


def _answer_at_once() -> None:
    from sessions_app import providers

    providers.for_turns = lambda **_: Instant()  # type: ignore[assignment, misc]


class Chain:
    """A session with its responses, and what each request took."""

    def __init__(self) -> None:
        self.session_ids: set[str] = set()
        self.names: list[Any] = []
        self.taken: list[tuple[float, int]] = []


Step = Callable[[Chain], Any]


def _chain(length: int, step: Step, counter: Counter) -> Chain:
    from sessions_app.services import turns

    chain = Chain()
    for _ in range(length):
        started, counted = time.perf_counter(), counter.count
        feed = step(chain)
        turns.turn_wait(feed=feed)
        taken = (time.perf_counter() - started) * 1e3
        # What goes on behind the answer, such as judging topics, is not the request's.
        chain.taken.append((taken, counter.count - counted))
        chain.session_ids.add(feed.session_id)
        _rest(counter)
    return chain


def _rest(counter: Counter) -> None:
    """Let what was begun behind an answer come to its end."""
    before = -1
    while counter.count != before:
        before = counter.count
        time.sleep(0.05)


def _responses(parameters: Mapping[str, Any]) -> Step:
    from sessions_app.domain.data import Role
    from sessions_app.domain.drafts import MessageDraft
    from sessions_app.domain.responses import ResponseName, ResponseTerms
    from sessions_app.services import responses
    from sessions_app.services.responses import ResponseRequest
    from sessions_app.services.turns import ModelCall

    def respond(chain: Chain) -> Any:
        previous = chain.names[-1] if chain.names else None
        request = ResponseRequest(
            [MessageDraft(Role.USER, TEXT)],
            ModelCall(),
            ResponseTerms(
                parameters={"model": "instant", **parameters},
                previous=str(previous) if previous else None,
            ),
            previous=previous,
        )
        feed = responses.response_start(user_id=USER, request=request, now=now())
        chain.names.append(ResponseName(feed.session_id, feed.turn_id))
        return feed

    return respond


def _turns() -> Step:
    from sessions_app.domain.data import Role
    from sessions_app.domain.drafts import MessageDraft, SessionDraft
    from sessions_app.services import sessions, turns
    from sessions_app.services.turns import TurnRequest

    session = sessions.session_create(user_id=USER, draft=SessionDraft(), now=now())
    keys = itertools.count()

    def ask(chain: Chain) -> Any:
        draft = MessageDraft(Role.USER, TEXT, client_id=f"k{next(keys)}")
        return turns.turn_start(
            session_id=session.session_id,
            user_id=USER,
            request=TurnRequest([draft]),
            now=now(),
        )

    return ask


def _cost(client: store.Client, chain: Chain, counter: Counter) -> dict[str, Any]:
    first, last = chain.taken[1:11], chain.taken[-10:]
    return {
        "responses": len(chain.taken),
        **_bytes(client, chain.session_ids, len(chain.taken)),
        "first_ms": report.timing([taken for taken, _ in first])["p50_ms"],
        "last_ms": report.timing([taken for taken, _ in last])["p50_ms"],
        "commands": round(sum(count for _, count in last) / len(last), 1),
    }


def _bytes(client: store.Client, session_ids: set[str], number: int) -> dict[str, Any]:
    """BSON bytes of the messages and of the records."""

    def size(name: str, field: str) -> int:
        matched = {"$match": {field: {"$in": list(session_ids)}}}
        total = {"$group": {"_id": None, "bytes": {"$sum": {"$bsonSize": "$$ROOT"}}}}
        rows = list(client[store.DATABASE][name].aggregate([matched, total]))
        return int(rows[0]["bytes"]) if rows else 0

    messages = size("sessions", "_id") + size("message_buckets", "session_id")
    records = size("turns", "session_id")
    return {
        "message_bytes": messages,
        "record_bytes": records,
        "bytes_each": round((messages + records) / number),
    }


def _fork(client: store.Client, chain: Chain, counter: Counter) -> dict[str, Any]:
    """One response behind the middle of the chain."""
    from sessions_app.services import turns

    branch = Chain()
    branch.names = chain.names[: len(chain.names) // 2]
    started, counted = time.perf_counter(), counter.count
    feed = _responses({})(branch)
    turns.turn_wait(feed=feed)
    taken = (time.perf_counter() - started) * 1e3
    return {
        "responses": 1,
        **_bytes(client, {feed.session_id}, 1),
        "last_ms": round(taken, 3),
        "commands": counter.count - counted,
    }


def _reads(chain: Chain) -> dict[str, Callable[[], object]]:
    from sessions_app.services import responses

    name = chain.names[len(chain.names) // 2]
    return {
        "retrieve": lambda: responses.response_get(name=name, user_id=USER, now=now()),
        "input items": lambda: responses.response_input(name=name, user_id=USER, now=now()),
    }


def _timed(call: Callable[[], object], counter: Counter, rounds: int) -> dict[str, Any]:
    samples = []
    counted = counter.count
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        samples.append((time.perf_counter() - started) * 1e3)
    commands = (counter.count - counted) / rounds
    return {"last_ms": report.timing(samples)["p50_ms"], "commands": round(commands, 1)}


if __name__ == "__main__":
    main()

"""Sessions in the states that the tests of the API begin with."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from sessions_app import encoders
from sessions_app.repository.log import headers, spilled_keys
from sessions_app.services.turns import starting, taking
from sessions_app.services.turns.worker import Worker
from tests.api.bodies import NO_SESSION, UNKNOWN, path
from tests.conftest import Create, Person, use_database
from tests.waiting import Threads

Append = Callable[..., dict[str, Any]]
Act = Callable[[dict[str, Any]], None]
Stored = Callable[[], dict[str, Any]]


@pytest.fixture
def session(create: Create) -> dict[str, Any]:
    """A session of Alice's, without messages."""
    return create()


@pytest.fixture
def append(alice: Person) -> Append:
    """Alice appends a message; the answer's body."""

    def append_message(session: dict[str, Any], content: str = "Hello", **body: Any):
        response = alice.client.post(path(session, "message"), {"content": content, **body})
        assert response.status_code == 201, response.content
        return response.json()

    return append_message


@pytest.fixture
def fill(alice: Person) -> Callable[[dict[str, Any], int], None]:
    """Alice appends so many messages, `message 1` and so on."""

    def append_many(session: dict[str, Any], number: int) -> None:
        texts = [f"message {n}" for n in range(1, number + 1)]
        for start in range(0, number, 100):
            batch = [{"content": text} for text in texts[start : start + 100]]
            response = alice.client.post(path(session, "messages"), {"messages": batch})
            assert response.status_code == 201, response.content

    return append_many


@pytest.fixture
def expire(database: Any) -> Act:
    """Let a session's timeout pass."""

    def expire_session(session: dict[str, Any]) -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        changed = database.sessions.update_one(
            {"_id": session["session_id"]}, {"$set": {"expires_at": past}}
        )
        assert changed.modified_count == 1

    return expire_session


@pytest.fixture
def archive(alice: Person) -> Act:
    """Alice archives a session."""

    def archive_session(session: dict[str, Any]) -> None:
        assert alice.client.post(path(session, "archive")).status_code == 200

    return archive_session


@pytest.fixture
def stored(database: Any) -> Stored:
    """Everything that is stored, to compare before and after."""

    def everything() -> dict[str, Any]:
        return {
            name: list(database[name].find().sort("_id", 1))
            for name in ("sessions", "message_buckets", "erased_users")
        }

    return everything


@pytest.fixture
def hidden(bob: Person, carol: Person, create: Create, stored: Stored) -> Callable[..., None]:
    """A route answers a stranger, and staff, about Alice's session as about one that never was."""

    def check(method: str, *more: Any, body: Any = None) -> None:
        session = create(messages=[{"content": "secret"}])
        before = stored()
        for stranger in (bob, carol):
            answers = [
                getattr(stranger.client, method)(path(session_id, *more), body)
                for session_id in (session["session_id"], UNKNOWN)
            ]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].json() == NO_SESSION
            assert answers[0].content == answers[1].content
            assert answers[0].headers == answers[1].headers
        assert stored() == before

    return check


@pytest.fixture
def without_mongodb(database: Any, use: Callable[[Any], None]) -> Iterator[Callable[[], None]]:
    """Call it, and MongoDB is away: its address answers no more."""
    away: MongoClient[dict[str, Any]] = MongoClient(
        "mongodb://127.0.0.1:1", timeoutMS=50, serverSelectionTimeoutMS=50, connect=False
    )

    yield lambda: use_database(away, "away")
    use(database)
    away.close()


@pytest.fixture(
    params=[
        "Grüße, Ω≈ç√",
        "e\u0301 is not \u00e9",
        "👩‍👩‍👧‍👦 🦉 𝔘𝔫𝔦",
        "שלום \u202eabc\u202c مرحبا",
        "one\r\ntwo\n\tthree",
        "  spaces around  ",
        '<script>alert("&amp;")</script>',
        "\ufeffbom \u2028 \u2029 \u00ad \ufffe",
    ],
    ids=["latin", "decomposed", "astral", "rtl", "newlines", "spaces", "markup", "oddities"],
)
def any_text(request: pytest.FixtureRequest) -> str:
    """Texts that careless handling changes."""
    return request.param


@pytest.fixture
def other_worker() -> Callable[[], None]:
    """From here on, answer as a worker process that has not seen these sessions."""

    def forget() -> None:
        headers.memory.forget()
        spilled_keys.forget()

    return forget


@pytest.fixture(params=["the same worker", "another worker"])
def next_worker(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """From here on, turns are asked after at this worker, or at one that runs none of them."""
    other = Worker()

    def go_on() -> None:
        if request.param == "another worker":
            monkeypatch.setattr(starting, "worker", other)
            monkeypatch.setattr(taking, "worker", other)

    yield go_on
    other.let_go()


@pytest.fixture
def together() -> Iterator[Callable[..., Future[Any]]]:
    """Have something done meanwhile, on a thread."""
    with Threads() as pool:
        yield pool.submit


@pytest.fixture
def use(mongo_client: "MongoClient[dict[str, Any]]") -> Callable[[Any], None]:
    """Point the documents at a database again."""
    return lambda database: use_database(mongo_client, database.name)


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the model: a long session would take minutes to encode here."""
    monkeypatch.setattr(encoders, "load_encoder", lambda: None)

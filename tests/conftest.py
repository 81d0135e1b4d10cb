"""What every test may ask for: a real MongoDB, three people, and clients that speak for them."""

import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import mongoengine
import pytest
from pymongo import MongoClient
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from chatproject import mongo
from chatproject.mongod import embedded as mongod
from sessions_app import documents, providers
from sessions_app.repository import indexes
from sessions_app.repository.log import headers, spilled_keys
from sessions_app.services import throttling
from sessions_app.services.turns import taking as turns
from tests.repository.commands import recorder
from tests.services.turns.scripted import ScriptedModel


# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure() -> None:
    """Let the processes that tests start be interrupted.

    A shell starts what runs in the background with Ctrl-C ignored, and children inherit that.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked as slow")


# Tests of a service's processes, of a browser before it, of clusters: five to ten processes each,
# which a machine that does much else at once may keep from answering for longer than a test waits.
# They are run up to twice more, and the summary names those that were; what is wrong fails thrice.
_HERE = Path(__file__).parent
_MANY_PROCESSES = {"chatproject", "web", "review", "sharding", "faults"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _MANY_PROCESSES.intersection(item.path.parts[len(_HERE.parts) :]):
            item.add_marker(pytest.mark.flaky(reruns=2))
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@pytest.fixture(scope="session")
def mongod_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `mongod`, started when the first test of this process asks for it."""
    with mongod.throwaway(tmp_path_factory.mktemp("mongod")) as uri:
        yield uri


@pytest.fixture(scope="session")
def mongo_client(mongod_uri: str) -> "Iterator[MongoClient[dict[str, Any]]]":
    mongoengine.disconnect()
    client = mongoengine.connect(
        host=mongod_uri, event_listeners=[recorder], **mongo.client_options(timeout_ms=10_000)
    )
    yield client
    mongoengine.disconnect_all()


@pytest.fixture(scope="session")
def database_name() -> str:
    """One database for all tests of this process: making one costs more than most tests do."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture
def database(mongo_client: "MongoClient[dict[str, Any]]", database_name: str) -> Any:
    """An empty database with the indexes, behind the documents."""
    use_database(mongo_client, database_name)
    if indexes.differences():
        mongo_client.drop_database(database_name)
        indexes.ensure()
    for document in documents.ALL:
        documents.collection(document).delete_many({})
    return mongo_client[database_name]


# By `id`: what gives MongoEngine a client that is there already.
_GIVING: dict[int, Callable[..., Any]] = {}


def use_database(client: "MongoClient[dict[str, Any]]", name: str) -> None:
    """Point the documents at a database, and forget what this process remembers of another."""
    # MongoEngine closes a client with the last alias that has it; `client` is the caller's.
    options: Any = {
        "mongo_client_class": _GIVING.setdefault(id(client), lambda **_: client),
        "uuidRepresentation": "standard",
    }
    mongoengine.connect(alias=f"kept-{id(client)}", **options)
    with suppress(mongoengine.ConnectionFailure):
        mongoengine.get_db()  # documents forget only a database that has been asked for
    mongoengine.disconnect()
    mongoengine.connect(db=name, **options)
    documents.collection.cache_clear()
    headers.memory.forget()
    spilled_keys.forget()
    throttling.forget()


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    id: str
    client: APIClient


def person(*, is_staff: bool = False) -> Person:
    user_id = str(uuid.uuid4())
    token = AccessToken()
    token["sub"] = user_id
    token["username"] = f"user-{user_id[:8]}"
    token["is_staff"] = is_staff
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return Person(user_id, client)


@pytest.fixture
def alice(database: Any) -> Person:
    """She owns the sessions."""
    return person()


@pytest.fixture
def bob(database: Any) -> Person:
    """A stranger."""
    return person()


@pytest.fixture
def carol(database: Any) -> Person:
    """She is staff, which gives no right to a session over the API."""
    return person(is_staff=True)


@pytest.fixture
def anybody() -> APIClient:
    """Somebody without a token."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


Create = Callable[..., dict[str, Any]]


@pytest.fixture
def create(alice: Person) -> Create:
    """Alice creates a session; the answer's body."""

    def create_session(**body: Any) -> dict[str, Any]:
        response = alice.client.post("/session/create", body)
        assert response.status_code == 201, response.content
        return response.json()

    return create_session


def error(
    code: str, detail: str, attr: str | None = None, kind: str | None = None
) -> dict[str, Any]:
    """The whole body of an error."""
    kind = kind or ("validation_error" if attr else "client_error")
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedModel]:
    """The model that turns are answered by; when the test ends, so have all turns."""
    scripted = ScriptedModel()
    monkeypatch.setattr(providers, "for_turns", lambda **_: scripted)
    yield scripted
    for script in scripted.played:
        script.open()
    turns.turns_shut_down(seconds=10)

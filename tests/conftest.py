"""What every test may ask for: a real MongoDB, three people, and clients that speak for them."""

import signal
import uuid
from collections.abc import Callable, Iterable, Iterator
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

from accounts.authentication import KNOWN_KEY, KnownKey
from accounts.credentials import service_keys
from accounts.models import Application, ServiceKey
from chatproject.databases import mongo
from chatproject.mongod import embedded as mongod
from sessions_app import documents, providers
from sessions_app.domain.applications import EndUser, Scope
from sessions_app.repository import indexes
from sessions_app.repository import revocations as revocations_store
from sessions_app.repository.log import headers, spilled_keys
from sessions_app.services import quotas, revocations, throttling
from sessions_app.services.turns import taking as turns
from tests import collected_static, mongodb_in_memory
from tests.changed_collections import changed_collections
from tests.drills import pytest_terminal_summary, saw
from tests.repository.commands import recorder
from tests.services.turns.scripted import ScriptedModel
from tests.time_limits import pytest_runtest_setup, pytest_runtest_teardown
from tests.traced_queries import TracedQueries

__all__ = ["pytest_runtest_setup", "pytest_runtest_teardown", "pytest_terminal_summary", "saw"]

# Examples of a property; one that matters more than others is tried with a multiple of it.
hypothesis.settings.register_profile("full", max_examples=60, deadline=None)
hypothesis.settings.register_profile("quick", max_examples=10, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples a property is tried with; let children be interrupted.

    A shell starts what runs in the background with Ctrl-C ignored, and children inherit that.
    """
    hypothesis.settings.load_profile("quick" if config.getoption("--quick") else "full")
    collected_static.share()
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked as slow")
    parser.addoption(
        "--quick",
        action="store_true",
        help="run what needs no process of its own, on mongomock instead of a mongod",
    )


_HERE = Path(__file__).parent
# What `--quick` runs, with those that are marked `mongod` left out.
QUICK = ("domain", "repository", "services", "api", "openai_api", "test_documents.py")
# Bytes that stand in the name of a test as they are.
_LONGEST_NAME = 40
# A browser is a dozen processes, and a signal arrives when the kernel gets to it: on a machine that
# does much else at once either may take longer than a test waits. These are run up to twice more,
# and the summary names those that were. Nothing else is run again, but what stood still until its
# time was over: a race or a fault that is lost once is a finding.
RERUN = ("web", "review/test_in_a_browser.py", "review/test_dashboard_in_a_browser.py",
         "chatproject/serving/test_stopping.py")  # fmt: skip


def is_under(path: Path, parts: Iterable[str]) -> bool:
    """Whether `path` is, or is in, one of these files and directories of `tests`."""
    return any(path.is_relative_to(_HERE / part) for part in parts)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--quick`, do not even import what it leaves out."""
    if not config.getoption("--quick") or _HERE.is_relative_to(collection_path):
        return None
    return None if is_under(collection_path, QUICK) else True


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a file by how it begins: whole, its name fills a screen, and an archive has its time."""
    if isinstance(val, bytes) and len(val) > _LONGEST_NAME:
        return f"{val[:8]!r} of {len(val)}"
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if is_under(item.path, RERUN):
            item.add_marker(pytest.mark.flaky(reruns=2))
        else:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun="from pytest-timeout"))
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.timeout(0))
            if not config.getoption("--slow"):
                item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))
    if config.getoption("--quick"):
        left_out = [item for item in items if "mongod" in item.keywords]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if "mongod" not in item.keywords]


@pytest.fixture(scope="session")
def mongod_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `mongod`, started when the first test of this process asks for it."""
    with mongod.throwaway(tmp_path_factory.mktemp("mongod")) as uri:
        yield uri


@pytest.fixture(scope="session")
def mongo_client(request: pytest.FixtureRequest) -> "Iterator[MongoClient[dict[str, Any]]]":
    """A client of a real `mongod`, or of mongomock with `--quick`."""
    mongoengine.disconnect()
    if request.config.getoption("--quick"):
        in_memory: Any = mongodb_in_memory.connect()
        yield mongoengine.connect(
            mongo_client_class=lambda **_: in_memory, uuidRepresentation="standard"
        )
    else:
        yield mongoengine.connect(
            host=request.getfixturevalue("mongod_uri"),
            event_listeners=[recorder, changed_collections, TracedQueries()],
            # A disk that another test fills may keep this one's from writing for a while.
            **mongo.client_options(timeout_ms=30_000),
        )
    mongoengine.disconnect_all()


@pytest.fixture(scope="session")
def database_name() -> str:
    """One database for all tests of this process: making one costs more than most tests do."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture
def database(
    request: pytest.FixtureRequest,
    mongo_client: "MongoClient[dict[str, Any]]",
    database_name: str,
) -> Any:
    """An empty database with the indexes, behind the documents."""
    use_database(mongo_client, database_name)
    database = mongo_client[database_name]
    if isinstance(mongo_client, mongodb_in_memory.InMemoryClient):
        mongo_client.drop_database(database_name)
        mongodb_in_memory.create_indexes(mongo_client, database_name)
        return database
    if changed_collections.all_may_differ:
        if indexes.differences():
            mongo_client.drop_database(database_name)
            indexes.ensure()
        written = list(indexes.declared())
    else:
        written = changed_collections.of(database)
    for name in written:
        database[name].delete_many({})
    changed_collections.forget(database)
    # Who asks for the address lets another process write.
    changed_collections.all_may_differ = "mongod_uri" in request.fixturenames
    return database


def _is_used(client: "MongoClient[dict[str, Any]]", name: str) -> bool:
    try:
        database = mongoengine.get_db()
    except mongoengine.ConnectionFailure:
        return False
    return database.client is client and database.name == name


# By `id`: what gives MongoEngine a client that is there already.
_GIVING: dict[int, Callable[..., Any]] = {}


def use_database(client: "MongoClient[dict[str, Any]]", name: str) -> None:
    """Point the documents at a database, and forget what this process remembers of another."""
    if not _is_used(client, name):
        _connect(client, name)
    headers.memory.forget()
    spilled_keys.forget()
    throttling.forget()
    quotas.forget()
    revocations.forget()


def _connect(client: "MongoClient[dict[str, Any]]", name: str) -> None:
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


# Who the owner and the stranger are, in every test of strangers: two people with accounts; users of
# two applications, with the same id; two users of one application.
PRINCIPALS = ("accounts", "two applications", "one application")
# Where there are strangers.
_WITH_STRANGERS = ("api", "openai_api")
_APPLICATIONS = [str(uuid.UUID(int=number, version=4)) for number in (1, 2)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test of strangers for users of applications, too."""
    has_stranger = {"bob", "hidden"} & set(metafunc.fixturenames)
    path = Path(metafunc.definition.path)
    accounts_only = metafunc.definition.get_closest_marker("accounts_only")
    if has_stranger and is_under(path, _WITH_STRANGERS) and not accounts_only:
        metafunc.fixturenames.append("principals")
        metafunc.parametrize("principals", PRINCIPALS)


def end_user(application_id: str, end_user_id: str, *scopes: str) -> Person:
    """An application's user, as the gateway hands over a service key that it has looked up."""
    application = Application(id=uuid.UUID(application_id), name=f"app {application_id[:8]}")
    key = ServiceKey(application=application, scopes=list(scopes or Scope))
    client = APIClient(raise_request_exception=False)
    headers: dict[str, Any] = {
        "HTTP_AUTHORIZATION": f"Bearer {service_keys.PREFIX}known",
        "HTTP_X_END_USER": end_user_id,
        KNOWN_KEY: KnownKey(key),
    }
    client.credentials(**headers)
    return Person(EndUser(application_id, end_user_id).owner_id, client)


def _chosen(request: pytest.FixtureRequest) -> str:
    callspec = getattr(request.node, "callspec", None)
    return callspec.params.get("principals", "accounts") if callspec else "accounts"


@pytest.fixture
def alice(database: Any, request: pytest.FixtureRequest) -> Person:
    """She owns the sessions."""
    return person() if _chosen(request) == "accounts" else end_user(_APPLICATIONS[0], "alice")


@pytest.fixture
def bob(database: Any, request: pytest.FixtureRequest) -> Person:
    """A stranger."""
    chosen = _chosen(request)
    if chosen == "accounts":
        return person()
    if chosen == "two applications":
        # Whatever the one calls its users, the other's are others.
        return end_user(_APPLICATIONS[1], "alice")
    return end_user(_APPLICATIONS[0], "bob")


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


@pytest.fixture(autouse=True)
def revocations_without_a_database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a test has no MongoDB, no other worker reads or stores a revocation."""
    if "database" not in request.fixturenames:
        revocations.forget()
        monkeypatch.setattr(revocations_store, "changed_since", lambda _: {})
        monkeypatch.setattr(revocations_store, "store", lambda **_: None)
        monkeypatch.setattr(revocations_store, "bar", lambda **_: None)

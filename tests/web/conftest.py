"""A real service, a model's server, and people in a real Chromium."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chatproject.static_files import page_libraries
from tests.chatproject.conftest import Service
from tests.web.model import Model
from tests.web.people import CHROMIUM, Person, launched

SIGNING_KEY = "a key for the page's tests, known to them alone"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            # One service and one browser for all of them.
            item.add_marker(pytest.mark.xdist_group("web"))


@pytest.fixture(scope="package")
def model() -> Iterator[Model]:
    served = Model()
    yield served
    served.close()


def settings(model: Model) -> dict[str, str]:
    """What a service is started with."""
    unthrottled = {f"THROTTLE_{kind}": "" for kind in ("ANON", "USER", "LOGIN", "CHAT", "SEARCH")}
    return unthrottled | {
        "LLM_BASE_URL": model.url,
        "LLM_MODEL": "test-model",
        "LLM_API_KEY": "none",
        "JWT_SIGNING_KEY": SIGNING_KEY,
    }


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Service]:
    """The service that most tests use."""
    page_libraries.install()
    running = Service(tmp_path_factory.mktemp("page") / "data", **settings(model)).ready()
    yield running
    running.end()
    running.kill()


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with launched() as running:
        yield running


@pytest.fixture(autouse=True)
def _untouched(model: Model) -> Iterator[None]:
    """What one test did to the model's server is not there for the next."""
    model.gate.clear()
    model.asked.clear()
    model.answers.clear()
    yield
    model.gate.set()
    model.broken = False


Somebody = Callable[..., Person]


@pytest.fixture
def somebody(browser: Any, site: Service) -> Iterator[Somebody]:
    """Makes people: each with an account, a browser profile of their own, and the page open."""
    people: list[Person] = []

    def make(*, at: Service = site, opened: bool = True, **context: Any) -> Person:
        person = Person(browser, at, name=f"alice-{uuid.uuid4().hex[:10]}", **context)
        people.append(person)
        if opened:
            person.arrives()
        return person

    yield make
    for person in people:
        person.leaves()


@pytest.fixture
def alice(somebody: Somebody) -> Person:
    """Somebody with the page open and nothing in it yet."""
    return somebody()


def stored(site: Service, token: str, session_id: str) -> list[dict[str, Any]]:
    """The messages that the service has."""
    answer = httpx.get(
        f"{site.url}/session/{session_id}/messages?after=0&limit=500",
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]

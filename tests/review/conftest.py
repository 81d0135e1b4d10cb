"""Alice and Bob talk; Carol is a reviewer, Lea a lead reviewer, Stan staff without permissions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from sessions_app import encoders
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.review.data import LogFilter, LogLine
from sessions_app.services import sessions
from sessions_app.services.review import read_log as review_log
from tests.review import browser

LIST = "/admin/conversations/"
ACTIONS = "/admin/conversations/actions/"
AUDIT = "/admin/conversations/audit/"
WORDS = ["Which hotels take dogs?", "Three that I know of.", "And in Porto?", "Two more there."]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Person:
    """Somebody with an account, signed in to the admin if they may."""

    user: User
    client: Client

    @property
    def id(self) -> str:
        return str(self.user.pk)


# For tests that use `chromium`: one pytest process runs them all, so there is but one browser.
shares_the_browser = pytest.mark.xdist_group("staff pages in a browser")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    with browser.chromium() as running:
        yield running


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda: None)


@pytest.fixture
def person(db: Any, database: Any) -> Callable[..., Person]:
    def make(name: str, group: str = "", **fields: Any) -> Person:
        user = User.objects.create_user(name, password="correct horse battery staple", **fields)
        if group:
            user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return Person(user, client)

    return make


@pytest.fixture
def alice(person: Callable[..., Person]) -> Person:
    return person("alice")


@pytest.fixture
def bob(person: Callable[..., Person]) -> Person:
    return person("bob")


@pytest.fixture
def carol(person: Callable[..., Person]) -> Person:
    return person("carol", "Reviewer", is_staff=True)


@pytest.fixture
def lea(person: Callable[..., Person]) -> Person:
    return person("lea", "Lead reviewer", is_staff=True)


@pytest.fixture
def stan(person: Callable[..., Person]) -> Person:
    return person("stan", is_staff=True)


@pytest.fixture
def talk(database: Any) -> Callable[..., str]:
    """A conversation of somebody's; its id."""

    def make(owner: Person | str, *contents: str, title: str = "Lisbon", **more: Any) -> str:
        user_id = owner if isinstance(owner, str) else owner.id
        history = [
            MessageDraft(role=Role.USER if at % 2 == 0 else Role.ASSISTANT, content=content)
            for at, content in enumerate(contents or WORDS)
        ]
        draft = SessionDraft(title=title, history=history, **more)
        session = sessions.session_create(user_id=user_id, draft=draft, now=now())
        return session.session_id

    return make


@pytest.fixture
def session_id(alice: Person, talk: Callable[..., str]) -> str:
    """A conversation of Alice's."""
    return talk(alice)


@pytest.fixture
def opened(session_id: str) -> Callable[[Person], str]:
    """Somebody says why they have to read Alice's conversation; its address."""

    def open_it(reader: Person, which: str = session_id, **more: Any) -> str:
        address = f"{LIST}{which}/"
        body = {"reason": "report", "detail": "Ticket 4711", **more}
        assert reader.client.post(address, body).status_code == 302
        return address

    return open_it


@pytest.fixture
def log(database: Any) -> Callable[..., list[LogLine]]:
    """The read log, oldest line first."""

    def lines(**sought: Any) -> list[LogLine]:
        return list(review_log.log_stream(LogFilter(**sought)))[::-1]

    return lines


def acts(lines: list[LogLine]) -> list[str]:
    return [line.act.value for line in lines]


def text(response: Any) -> str:
    """A page as text."""
    assert response.status_code == 200, response.status_code
    return response.content.decode()


@pytest.fixture
def act(lea: Person) -> Callable[..., Any]:
    """Carry an action out, confirmed; the answer."""

    def post(action: str, *selected: str, who: Person | None = None, **more: Any) -> Any:
        body = {"action": action, "selected": list(selected), "confirmed": "yes", **more}
        return (who or lea).client.post(ACTIONS, body, follow=True)

    return post

"""Alice has an account, Bob another, Carol is staff; a visitor has none."""

import sys
from dataclasses import dataclass
from typing import Any

import pytest
import rest_framework_simplejwt
from rest_framework.test import APIClient
from rest_framework_simplejwt import state
from rest_framework_simplejwt.settings import api_settings

from accounts.credentials.tokens import AccountRefreshToken
from accounts.models import User
from sessions_app.services import privacy

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class TokenPair:
    """What signing in answers with."""

    access: str
    refresh: str


@dataclass
class Person:
    """Somebody with an account, signed in."""

    user: User
    pair: TokenPair
    client: APIClient
    password: str = PASSWORD


def bearer(token: str) -> APIClient:
    """A client that shows this token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def person(username: str, **fields) -> Person:
    user = User.objects.create_user(username, f"{username}@example.com", PASSWORD, **fields)
    refresh = AccountRefreshToken.for_user(user)
    pair = TokenPair(str(refresh.access_token), str(refresh))
    return Person(user, pair, bearer(pair.access))


@pytest.fixture
def visitor() -> APIClient:
    return APIClient()


@pytest.fixture
def alice(db) -> Person:
    return person("alice")


@pytest.fixture
def bob(db) -> Person:
    return person("bob")


@pytest.fixture
def carol(db) -> Person:
    return person("carol", is_staff=True)


@pytest.fixture
def simple_jwt(monkeypatch):
    """Changes settings of SimpleJWT, and has its back end made anew, which reads them once."""
    monkeypatch.setattr(rest_framework_simplejwt, "state", state)

    def change(**changes):
        for name, value in changes.items():
            monkeypatch.setattr(api_settings, name, value)
        monkeypatch.delitem(sys.modules, state.__name__, raising=False)

    return change


@pytest.fixture
def erasures(monkeypatch) -> list[str]:
    """The users whose sessions were asked to be erased; no sessions are."""
    asked: list[str] = []

    def erase_user(*, user_id: str, **_: Any) -> dict[str, int]:
        asked.append(user_id)
        return {"sessions": 0, "throttle_windows": 0}

    monkeypatch.setattr(privacy, "erase_user", erase_user)
    monkeypatch.setattr(privacy, "erasure_complete", lambda **_: None)
    return asked

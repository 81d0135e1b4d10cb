"""Two applications with service keys, and clients that speak for their users."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.credentials import service_keys
from accounts.models import Application
from sessions_app import clock
from sessions_app.domain.applications import Scope

MakeKey = Callable[..., str]
Speak = Callable[..., APIClient]


@pytest.fixture
def shop(db: None, database: Any) -> Application:
    """An application."""
    return service_keys.application_open(name="shop")


@pytest.fixture
def bank(db: None, database: Any) -> Application:
    """Another one."""
    return service_keys.application_open(name="bank")


@pytest.fixture
def make_key() -> MakeKey:
    """A key of an application; with all scopes, unless some are named."""

    def make(application: Application, *scopes: Scope, **options: Any) -> str:
        made = service_keys.service_key_make(
            application=application,
            name="key",
            scopes=scopes or list(Scope),
            now=clock.now(),
            **options,
        )
        return made.key

    return make


@pytest.fixture
def speak(make_key: MakeKey) -> Speak:
    """A client of an application, for one of its users, or for itself."""

    def client_of(
        application: Application, end_user: str | None = None, *scopes: Scope, **options: Any
    ) -> APIClient:
        client = APIClient(raise_request_exception=False)
        headers = {"HTTP_AUTHORIZATION": f"Bearer {make_key(application, *scopes, **options)}"}
        if end_user is not None:
            # As WSGI hands over a header: its bytes, one character each.
            headers["HTTP_X_END_USER"] = end_user.encode().decode("latin-1")
        client.credentials(**headers)
        return client

    return client_of


def code(response: Any) -> tuple[int, str]:
    """Status and code of an error, in either wire's form."""
    body = response.json()
    return response.status_code, (body.get("error") or body["errors"][0])["code"]

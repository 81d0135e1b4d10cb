"""The account routes, too, refuse members that they do not know, by their names."""

from typing import Any

import pytest

from accounts.models import User
from tests.accounts.conftest import PASSWORD, Person

pytestmark = pytest.mark.django_db


def problems(response: Any) -> set[tuple[str, str]]:
    assert response.status_code == 400, response.content
    return {(problem["code"], problem["attr"]) for problem in response.json()["errors"]}


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("get", "/auth/me"),
        ("patch", "/auth/me"),
        ("get", "/auth/api-keys"),
        ("get", "/auth/sign-ins"),
        ("post", "/auth/password"),
        ("post", "/auth/register"),
        ("post", "/auth/token"),
        ("post", "/auth/token/refresh"),
        ("post", "/auth/token/verify"),
    ],
)
def test_a_query(alice: Person, method: str, route: str):
    response = getattr(alice.client, method)(f"{route}?user_id=bob")
    assert problems(response) == {("unknown_parameter", "user_id")}


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/auth/register", {"username": "dora", "password": PASSWORD}),
        ("/auth/token", {"username": "alice", "password": PASSWORD}),
        ("/auth/password", {"current_password": PASSWORD, "new_password": f"{PASSWORD} 2"}),
        ("/auth/api-keys", {"password": PASSWORD, "name": "a bot"}),
    ],
)
def test_a_body(alice: Person, route: str, body: dict[str, Any]):
    response = alice.client.post(route, {**body, "is_staff": True})
    assert problems(response) == {("unknown_parameter", "is_staff")}
    assert User.objects.count() == 1


def test_a_change_of_the_profile(alice: Person):
    response = alice.client.patch("/auth/me", {"email": "a@example.org", "is_staff": True})
    assert problems(response) == {("unknown_parameter", "is_staff")}
    assert User.objects.get().email == "alice@example.com"


def test_a_token(alice: Person):
    body = {"refresh": alice.pair.refresh, "token": "x"}
    assert problems(alice.client.post("/auth/token/refresh", body)) == {
        ("unknown_parameter", "token")
    }
    assert (
        alice.client.post("/auth/token/refresh", {"refresh": alice.pair.refresh}).status_code == 200
    )

"""POST /auth/logout."""

import pytest

from tests.accounts.bodies import NOT_AUTHENTICATED, TOKEN_NOT_VALID, required
from tests.accounts.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/auth/logout"


def test_the_refresh_token_is_dead(visitor, alice):
    response = alice.client.post(URL, {"refresh": alice.pair.refresh})
    assert (response.status_code, response.content) == (204, b"")
    again = visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh})
    assert (again.status_code, again.json()) == (401, TOKEN_NOT_VALID)


@pytest.mark.parametrize("access", [None, "expired"])
def test_it_works_when_the_access_token_is_gone(visitor, alice, access):
    client = bearer(access) if access else visitor
    assert client.post(URL, {"refresh": alice.pair.refresh}).status_code == 204


def test_a_second_logout_is_refused(alice):
    alice.client.post(URL, {"refresh": alice.pair.refresh})
    response = alice.client.post(URL, {"refresh": alice.pair.refresh})
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


@pytest.mark.parametrize("kind", ["garbage", "access"])
def test_garbage_and_access_tokens_are_refused(alice, kind):
    response = alice.client.post(URL, {"refresh": getattr(alice.pair, kind, "garbage")})
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_other_sign_ins_of_the_user_live_on(visitor, alice):
    body = {"username": "alice", "password": alice.password}
    other = visitor.post("/auth/token", body).json()["refresh"]
    alice.client.post(URL, {"refresh": alice.pair.refresh})
    assert visitor.post("/auth/token/refresh", {"refresh": other}).status_code == 200


def test_a_missing_token_is_named(alice):
    response = alice.client.post(URL, {})
    assert (response.status_code, response.json()) == (400, required("refresh"))


def test_without_any_token_it_asks_for_one(visitor):
    response = visitor.post(URL, {})
    assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)

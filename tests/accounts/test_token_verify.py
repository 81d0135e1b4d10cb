"""POST /auth/token/verify."""

import pytest

from tests.accounts.bodies import TOKEN_NOT_VALID, required

pytestmark = pytest.mark.django_db
URL = "/auth/token/verify"


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_good_token_of_either_kind_is_confirmed(visitor, alice, kind):
    response = visitor.post(URL, {"token": getattr(alice.pair, kind)})
    assert (response.status_code, response.json()) == (200, {})


def test_garbage_is_refused(visitor):
    response = visitor.post(URL, {"token": "garbage"})
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_a_spent_refresh_token_is_refused(visitor, alice):
    visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh})
    response = visitor.post(URL, {"token": alice.pair.refresh})
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_a_refresh_token_from_before_a_change_of_password_is_refused(visitor, alice):
    alice.user.set_password("another horse altogether")
    alice.user.save()
    response = visitor.post(URL, {"token": alice.pair.refresh})
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_asking_spends_nothing(visitor, alice):
    visitor.post(URL, {"token": alice.pair.refresh})
    assert visitor.post(URL, {"token": alice.pair.refresh}).status_code == 200


def test_a_missing_token_is_named(visitor):
    response = visitor.post(URL, {})
    assert (response.status_code, response.json()) == (400, required("token"))

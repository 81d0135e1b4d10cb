"""No browser and no proxy keeps a token or a key."""

import pytest

from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_tokens_are_not_stored(visitor, alice):
    signed_in = visitor.post("/auth/token", {"username": "alice", "password": PASSWORD})
    again = visitor.post("/auth/token/refresh", {"refresh": signed_in.json()["refresh"]})
    registered = visitor.post("/auth/register", {"username": "dora", "password": PASSWORD})
    for response in (signed_in, again, registered):
        assert response.status_code in (200, 201)
        assert response["Cache-Control"] == "no-store"


def test_nor_is_an_account(alice):
    for route in ("/auth/me", "/auth/api-keys"):
        response = alice.client.get(route)
        assert (response.status_code, response["Cache-Control"]) == (200, "no-store")

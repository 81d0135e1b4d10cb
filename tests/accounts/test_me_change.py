"""PATCH /auth/me."""

import pytest

from accounts.models import User
from tests.accounts.bodies import NO_ACCOUNT, NOT_AUTHENTICATED, TAKEN
from tests.conftest import error

pytestmark = pytest.mark.django_db
URL = "/auth/me"


def test_the_email_address_changes_and_nothing_else(alice):
    before = alice.client.get(URL).json()
    response = alice.client.patch(URL, {"email": "new@example.com"})
    assert response.status_code == 200
    assert response.json() == before | {"email": "new@example.com"}
    assert alice.client.get(URL).json() == response.json()


def test_the_email_address_may_be_taken_back(alice):
    assert alice.client.patch(URL, {"email": ""}).json()["email"] == ""


def test_a_new_name_is_the_one_to_sign_in_with(alice, visitor):
    assert alice.client.patch(URL, {"username": "Alicia"}).json()["username"] == "Alicia"
    for name, status in (("ALICIA", 200), ("alice", 401)):
        body = {"username": name, "password": alice.password}
        assert visitor.post("/auth/token", body).status_code == status


def test_ones_own_name_may_change_its_casing(alice):
    assert alice.client.patch(URL, {"username": "ALICE"}).json()["username"] == "ALICE"


def test_anothers_name_is_refused_in_any_casing(alice, bob):
    response = alice.client.patch(URL, {"username": "BOB"})
    assert (response.status_code, response.json()) == (400, TAKEN)


@pytest.mark.parametrize("username", ["", "two words", 7, None, "x" * 151])
def test_the_name_follows_the_rules_of_registration(alice, username):
    response = alice.client.patch(URL, {"username": username})
    assert response.status_code == 400
    assert {error["attr"] for error in response.json()["errors"]} == {"username"}


def test_an_address_that_is_none_is_refused(alice):
    response = alice.client.patch(URL, {"email": "nowhere"})
    assert response.json() == error("invalid", "Enter a valid email address.", "email")


def test_nobody_makes_themselves_staff_or_somebody_else(alice, bob):
    before = alice.client.get(URL).json()
    body = {"is_staff": True, "is_superuser": True, "id": str(bob.user.pk), "password": "x"}
    refused = alice.client.patch(URL, body)
    assert (refused.status_code, {e["attr"] for e in refused.json()["errors"]}) == (400, set(body))
    assert alice.client.get(URL).json() == before
    stored = User.objects.get(pk=alice.user.pk)
    assert not stored.is_superuser
    assert stored.check_password(alice.password)


def test_an_empty_change_changes_nothing(alice):
    assert alice.client.patch(URL, {}).json() == alice.client.get(URL).json()


def test_an_account_that_is_gone_is_not_brought_back(alice):
    alice.user.delete()
    response = alice.client.patch(URL, {"email": "new@example.com"})
    assert (response.status_code, response.json()) == (404, NO_ACCOUNT)
    assert not User.objects.exists()


def test_a_visitor_is_asked_for_a_token(visitor):
    response = visitor.patch(URL, {"email": "new@example.com"})
    assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)


def test_instructions_for_models_are_kept_and_taken_back(alice):
    text = "I have a dog called Rufus.\nAnswer briefly."
    changed = alice.client.patch("/auth/me", {"instructions": text})
    assert changed.json()["instructions"] == text
    assert alice.client.get("/auth/me").json()["instructions"] == text

    assert alice.client.patch("/auth/me", {"instructions": ""}).json()["instructions"] == ""


def test_instructions_are_bounded(alice):
    response = alice.client.patch("/auth/me", {"instructions": "x" * 4_001})

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "instructions"

"""POST /auth/password."""

import pytest

from accounts.models import User
from tests.accounts.bodies import (
    NOT_AUTHENTICATED,
    SIGN_IN_FAILED,
    TOKEN_NOT_VALID,
    required,
    wrong_password,
)

pytestmark = pytest.mark.django_db
URL = "/auth/password"
NEW = "another horse altogether"


def change(person, new: str = NEW):
    return person.client.post(URL, {"current_password": person.password, "new_password": new})


def test_the_new_password_is_the_one_to_sign_in_with(alice, visitor):
    response = change(alice)
    assert (response.status_code, response.content) == (204, b"")
    old = visitor.post("/auth/token", {"username": "alice", "password": alice.password})
    assert (old.status_code, old.json()) == (401, SIGN_IN_FAILED)
    new = visitor.post("/auth/token", {"username": "alice", "password": NEW})
    assert new.status_code == 200


def test_every_refresh_token_is_dead_whenever_it_was_issued(alice, visitor):
    body = {"username": "alice", "password": alice.password}
    second = visitor.post("/auth/token", body).json()["refresh"]
    third = visitor.post("/auth/token/refresh", {"refresh": second}).json()["refresh"]
    change(alice)
    for token in (alice.pair.refresh, second, third):
        response = visitor.post("/auth/token/refresh", {"refresh": token})
        assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_nobody_elses_token_is_dead(alice, bob, visitor):
    change(alice)
    response = visitor.post("/auth/token/refresh", {"refresh": bob.pair.refresh})
    assert response.status_code == 200


def test_a_change_outside_the_api_ends_every_sign_in_too(alice, visitor):
    alice.user.set_password(NEW)
    alice.user.save()
    response = visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh})
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_taking_the_password_away_ends_every_sign_in_too(alice, visitor):
    alice.user.set_unusable_password()
    alice.user.save()
    response = visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh})
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_a_wrong_current_password_changes_nothing(alice):
    response = alice.client.post(URL, {"current_password": "wrong", "new_password": NEW})
    assert (response.status_code, response.json()) == (400, wrong_password("current_password"))
    assert User.objects.get().check_password(alice.password)


def test_of_two_changes_at_once_the_second_finds_another_password(alice, monkeypatch):
    def meanwhile(self, raw):
        User.objects.update(password="changed")
        return True

    monkeypatch.setattr(User, "check_password", meanwhile)
    assert change(alice).json() == wrong_password("current_password")
    assert User.objects.get().password == "changed"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("short", "password_too_short"),
        ("password123", "password_too_common"),
        ("alice@example", "password_too_similar"),
        ("x" * 1025, "max_length"),
    ],
)
def test_the_new_password_follows_the_rules(alice, new, code):
    response = change(alice, new)
    assert response.status_code == 400
    assert [(e["code"], e["attr"]) for e in response.json()["errors"]] == [(code, "new_password")]


@pytest.mark.parametrize("field", ["current_password", "new_password"])
def test_a_missing_field_is_named(alice, field):
    body = {"current_password": alice.password, "new_password": NEW}
    del body[field]
    assert alice.client.post(URL, body).json() == required(field)


def test_guessing_is_slowed_down_here_and_at_erasing(alice, database, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "2/day"}
    guess = {"current_password": "x", "new_password": NEW}
    statuses = [alice.client.post(URL, guess).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    assert alice.client.delete("/auth/me", {"password": "x"}).status_code == 429
    assert alice.client.get("/auth/me").status_code == 200


def test_a_visitor_is_asked_for_a_token(visitor):
    response = visitor.post(URL, {"current_password": "x", "new_password": NEW})
    assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)

"""`/auth/api-keys`, and what a key is good for."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import ApiKey, User
from accounts.privacy.traces import account_traces
from tests.accounts.bodies import NO_ACCOUNT, NOT_AUTHENTICATED, TOKEN_NOT_VALID, required
from tests.accounts.conftest import bearer
from tests.conftest import error

pytestmark = pytest.mark.django_db
URL = "/auth/api-keys"
REFUSED = error(
    "api_key_not_allowed", "An API key cannot be used for the account that it belongs to."
)


def make(person, **body: Any) -> dict[str, Any]:
    response = person.client.post(URL, {"name": "laptop", "password": person.password, **body})
    assert response.status_code == 201, response.content
    return response.json()


def works(key: str) -> bool:
    response = bearer(key).get("/session")
    assert response.status_code in {200, 401}
    return response.status_code == 200


def test_it_is_shown_once(alice):
    response = alice.client.post(URL, {"name": "laptop", "password": alice.password})
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    made = response.json()
    key = made.pop("key")
    assert key.startswith(made["prefix"])
    assert len(made["prefix"]) == 12
    assert made.pop("require_session") is False
    assert set(made) == {"id", "name", "prefix", "created_at", "expires_at", "last_used_at"}
    made["require_session"] = False
    assert (made["name"], made["expires_at"], made["last_used_at"]) == ("laptop", None, None)
    listed = alice.client.get(URL)
    assert listed.json() == {"results": [made]}
    assert key not in listed.content.decode()


def test_what_is_stored_does_not_open_anything(alice):
    key = make(alice)["key"]
    stored = ApiKey.objects.values().get()
    assert stored["digest"] == hashlib.sha256(key.encode()).hexdigest()
    assert key not in str(stored)


def test_each_is_another(alice):
    assert len({make(alice)["key"] for _ in range(10)}) == 10


def test_it_ends_when_it_is_to(alice, database, monkeypatch):
    made = make(alice, expires_in_days=30)
    ends = datetime.fromisoformat(made["expires_at"])
    assert ends - datetime.fromisoformat(made["created_at"]) == timedelta(days=30)
    assert works(made["key"])
    monkeypatch.setattr("accounts.authentication.timezone.now", lambda: ends)
    assert not works(made["key"])


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x", "expires_in_days": 0}, "expires_in_days"),
        ({"name": "x", "expires_in_days": 3_651}, "expires_in_days"),
        ({"name": "x", "expires_in_days": "1"}, "expires_in_days"),
    ],
)
def test_what_is_wrong_is_named(alice, body, attr):
    response = alice.client.post(URL, {"password": alice.password, **body})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == attr


def test_it_needs_a_name(alice):
    assert alice.client.post(URL, {"password": alice.password}).json() == required("name")


def test_there_is_an_end_to_them(alice, settings):
    settings.QUOTA_API_KEYS = 2
    make(alice)
    make(alice)
    response = alice.client.post(URL, {"name": "third", "password": alice.password})
    assert (response.status_code, response.json()) == (
        400,
        error(
            "too_many_keys",
            "Your quota of 2 API keys is used up; delete one first.",
            kind="validation_error",
            attr="non_field_errors",
        ),
    )


def test_it_opens_sessions_and_models_and_nothing_of_the_account(alice, database):
    client = bearer(make(alice)["key"])
    session = client.post("/session/create", {"title": "Lisbon"}).json()
    assert session["user_id"] == str(alice.user.pk)
    assert alice.client.get(f"/session/{session['session_id']}").status_code == 200
    assert client.get("/v1/models").status_code == 200
    for method, path in (
        ("post", URL), ("get", URL), ("delete", f"{URL}/x"), ("post", "/auth/password"),
        ("get", "/auth/me"), ("patch", "/auth/me"), ("delete", "/auth/me"),
        ("get", "/auth/me/export"),
    ):  # fmt: skip
        response = getattr(client, method)(path, {})
        assert (response.status_code, response.json()) == (403, REFUSED), path


def test_another_users_sessions_stay_closed(alice, bob, database):
    session = alice.client.post("/session/create", {}).json()["session_id"]
    assert bearer(make(bob)["key"]).get(f"/session/{session}").status_code == 404


def test_deleted_it_is_good_for_nothing(alice, database):
    made = make(alice)
    assert works(made["key"])
    assert alice.client.delete(f"{URL}/{made['id']}").status_code == 204
    assert not works(made["key"])
    assert alice.client.get(URL).json() == {"results": []}
    again = alice.client.delete(f"{URL}/{made['id']}")
    assert (again.status_code, again.json()) == (404, error("not_found", "No such API key."))


@pytest.mark.parametrize("other", ["x", "0192f0c1-7a3b-7c4d-8e5f-0123456789ab"])
def test_only_ones_own_can_be_deleted(alice, bob, database, other):
    made = make(alice)
    strangers = bob.client.delete(f"{URL}/{made['id']}")
    unknown = bob.client.delete(f"{URL}/{other}")
    assert strangers.status_code == unknown.status_code == 404
    assert strangers.content == unknown.content
    assert works(made["key"])


def test_it_dies_with_a_new_password(alice, database):
    """Whoever fears that somebody has got in changes it, and that somebody may have made a key."""
    made = make(alice)
    body = {"current_password": alice.password, "new_password": "a quite different one"}
    assert alice.client.post("/auth/password", body).status_code == 204
    assert not works(made["key"])
    alice.password = "a quite different one"
    sign_in = {"username": "alice", "password": alice.password}
    alice.client = bearer(APIClient().post("/auth/token", sign_in).json()["access"])
    assert alice.client.get(URL).json() == {"results": []}
    assert works(make(alice)["key"])
    assert ApiKey.objects.count() == 1


def test_a_new_password_in_the_admin_ends_it_too(alice, database):
    key = make(alice)["key"]
    user = User.objects.get(pk=alice.user.pk)
    user.set_password("another one still")
    user.save()
    assert not works(key)


def test_it_is_dead_while_the_account_is_deactivated(alice, database):
    key = make(alice)["key"]
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    assert not works(key)
    User.objects.filter(pk=alice.user.pk).update(is_active=True)
    assert works(key)


def test_it_goes_with_the_account(alice, database):
    key = make(alice)["key"]
    assert account_traces(user_id=str(alice.user.pk))["accounts_apikey"] == 1
    assert alice.client.delete("/auth/me", {"password": alice.password}).status_code == 204
    assert not works(key)
    assert ApiKey.objects.count() == 0
    [receipt] = database.erased_users.find()
    assert receipt["counts"]["api_keys"] == 1


def test_it_is_in_the_export_without_what_opens_anything(alice, database):
    made = make(alice)
    exported = alice.client.get("/auth/me/export").getvalue().decode()
    assert '"type":"api_key"' in exported
    assert '"name":"laptop"' in exported
    assert made["key"] not in exported
    assert ApiKey.objects.get().digest not in exported


def test_its_last_use_is_noted_to_the_hour(alice, database, monkeypatch):
    made = make(alice)
    now = datetime.now(UTC)
    for minutes, noted in ((0, 0), (59, 0), (61, 61)):
        moment = now + timedelta(minutes=minutes)
        monkeypatch.setattr("accounts.authentication.timezone.now", lambda moment=moment: moment)
        assert works(made["key"])
        assert ApiKey.objects.get().last_used_at == now + timedelta(minutes=noted)


def test_it_costs_one_query_by_an_index(alice, database):
    key = make(alice)["key"]
    assert works(key)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert works(key)
    [query] = [each["sql"] for each in asked]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query}")
        plan = [row[3] for row in cursor.fetchall()]
    assert all(step.startswith("SEARCH") for step in plan), plan


@pytest.mark.parametrize(
    "key", ["sk-chat-", "sk-chat-x", "sk-chat-" + "x" * 10_000, "sk-chat-é", "sk-other"]
)
def test_another_text_is_no_key(alice, database, key):
    response = bearer(key).get("/session")
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_token(visitor, method):
    response = getattr(visitor, method)(URL)
    assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)


def test_whoever_has_no_account_here_has_no_keys(alice):
    User.objects.filter(pk=alice.user.pk).delete()
    assert alice.client.post(URL, {"name": "x", "password": "x"}).json() == NO_ACCOUNT
    assert alice.client.get(URL).json() == NO_ACCOUNT


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_trailing_slash_changes_nothing(alice, slash):
    made = alice.client.post(URL + slash, {"name": "x", "password": alice.password}).json()
    assert alice.client.get(URL + slash).status_code == 200
    assert alice.client.delete(f"{URL}/{made['id']}{slash}").status_code == 204

"""DELETE /auth/me."""

from unittest import mock

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import User
from accounts.privacy.traces import account_traces
from sessions_app.domain.errors import LegalHold
from sessions_app.services import privacy
from tests.accounts.bodies import (
    NO_ACCOUNT,
    NOT_AUTHENTICATED,
    TOKEN_NOT_VALID,
    required,
    wrong_password,
)
from tests.conftest import error

pytestmark = pytest.mark.django_db
URL = "/auth/me"


def test_the_account_and_its_sessions_are_gone(alice, bob, erasures):
    response = alice.client.delete(URL, {"password": alice.password})
    assert (response.status_code, response.content) == (204, b"")
    assert erasures == [str(alice.user.pk)]
    assert list(User.objects.all()) == [bob.user]


def test_the_name_is_free_again(alice, visitor, erasures):
    alice.client.delete(URL, {"password": alice.password})
    body = {"username": "alice", "password": alice.password}
    assert visitor.post("/auth/token", body).status_code == 401
    assert visitor.post("/auth/register", body).status_code == 201


def test_no_token_of_the_user_is_kept_or_works(alice, visitor, erasures):
    refreshed = visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh}).json()
    alice.client.delete(URL, {"password": alice.password})
    assert not OutstandingToken.objects.exists()
    for token in (alice.pair.refresh, refreshed["refresh"]):
        assert visitor.post("/auth/token/refresh", {"refresh": token}).json() == TOKEN_NOT_VALID


def test_a_wrong_password_erases_nothing(alice, erasures):
    response = alice.client.delete(URL, {"password": "wrong"})
    assert (response.status_code, response.json()) == (400, wrong_password("password"))
    assert erasures == []
    assert User.objects.count() == 1


def test_a_missing_password_is_named(alice, erasures):
    response = alice.client.delete(URL)
    assert (response.status_code, response.json()) == (400, required("password"))


def test_a_legal_hold_keeps_the_account(alice, monkeypatch):
    def held(**_):
        raise LegalHold

    monkeypatch.setattr(privacy, "erase_user", held)
    response = alice.client.delete(URL, {"password": alice.password})
    assert (response.status_code, response.json()) == (
        409, error("legal_hold", LegalHold.default_detail),
    )  # fmt: skip
    assert User.objects.count() == 1


def test_cut_off_between_sessions_and_account_it_can_be_asked_again(alice, erasures):
    killed = mock.patch.object(User, "delete", side_effect=KeyboardInterrupt)
    with killed, pytest.raises(KeyboardInterrupt):
        alice.client.delete(URL, {"password": alice.password})
    assert alice.client.delete(URL, {"password": alice.password}).status_code == 204
    assert erasures == [str(alice.user.pk)] * 2


def test_a_second_time_there_is_no_account(alice, erasures):
    alice.client.delete(URL, {"password": alice.password})
    response = alice.client.delete(URL, {"password": alice.password})
    assert (response.status_code, response.json()) == (404, NO_ACCOUNT)


def test_nothing_of_the_user_is_left_in_storage(alice, bob, database):
    for person in (alice, bob):
        body = {"title": "Lisbon", "messages": [{"role": "user", "content": "hello"}]}
        assert person.client.post("/session/create", body).status_code == 201
    assert alice.client.delete(URL, {"password": alice.password}).status_code == 204
    assert [kept["user_id"] for kept in database.sessions.find()] == [str(bob.user.pk)]


def test_what_the_admin_noted_of_the_user_goes(alice, bob, carol, database):
    def note(actor, about, text):
        LogEntry.objects.create(
            user=actor.user, object_id=str(about.user.pk), object_repr=text, action_flag=CHANGE
        )

    note(carol, alice, "alice")
    note(carol, bob, "bob")
    note(alice, bob, "bob")
    assert alice.client.delete(URL, {"password": alice.password}).status_code == 204
    assert [(entry.user, entry.object_repr) for entry in LogEntry.objects.all()] == [
        (carol.user, "bob")
    ]
    assert not any(account_traces(user_id=str(alice.user.pk), names=["alice"]).values())


def test_browser_sessions_of_the_user_end(carol, database):
    browser, other = Client(), Client()
    browser.force_login(carol.user)
    other.force_login(User.objects.create_superuser("dave", password="x"))
    assert account_traces(user_id=str(carol.user.pk))["django_session"] == 1
    assert carol.client.delete(URL, {"password": carol.password}).status_code == 204
    assert account_traces(user_id=str(carol.user.pk))["django_session"] == 0
    assert other.get("/admin/").status_code == 200


def test_the_receipt_counts_and_names_nobody(alice, visitor, database):
    visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh})
    alice.client.post("/session/create", {"messages": [{"content": "hello"}] * 3})
    alice.client.delete(URL, {"password": alice.password})
    [receipt] = database.erased_users.find()
    counts = {name: count for name, count in receipt["counts"].items() if count}
    accounts = {"accounts": 1, "spent_tokens": 1, "sign_ins": 1}
    assert counts == {"sessions": 1, "messages": 3, **accounts}
    assert set(receipt) == {"_id", "erased_at", "completed_at", "counts", "schema_version"}
    assert str(alice.user.pk) not in str(receipt)


def test_a_session_under_legal_hold_keeps_everything(alice, database):
    alice.client.post("/session/create", {"title": "Lisbon"})
    database.sessions.update_one({}, {"$set": {"legal_hold": True}})
    assert alice.client.delete(URL, {"password": alice.password}).status_code == 409
    assert database.sessions.count_documents({}) == 1
    assert User.objects.count() == 1


def test_a_visitor_is_asked_for_a_token(visitor, erasures):
    response = visitor.delete(URL, {"password": "x"})
    assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)

"""POST /auth/token."""

from unittest import mock

import pytest
from django.contrib.auth import hashers
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import User
from sessions_app.api.authentication import access_token_user
from tests.accounts.bodies import SIGN_IN_FAILED, required
from tests.accounts.conftest import PASSWORD, bearer

pytestmark = pytest.mark.django_db
URL = "/auth/token"


def test_it_answers_with_a_pair_of_tokens(visitor, alice):
    response = visitor.post(URL, {"username": "alice", "password": PASSWORD})
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert bearer(response.json()["access"]).get("/auth/me").status_code == 200


@pytest.mark.parametrize("typed", ["ALICE", "aLiCe", "\uff21\uff2c\uff29\uff23\uff25"])
def test_the_name_may_be_typed_in_any_casing(visitor, alice, typed):
    assert visitor.post(URL, {"username": typed, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    ("name", "typed"),
    [("straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ılker", "ILKER"), ("İzmir", "i̇zmir")],
)
def test_any_casing_means_all_of_unicode(visitor, name, typed):
    User.objects.create_user(name, password=PASSWORD)
    assert visitor.post(URL, {"username": typed, "password": PASSWORD}).status_code == 200


def test_the_longest_name_in_capitals_is_not_too_long(visitor):
    User.objects.create_user("ß" * 150, password=PASSWORD)
    assert visitor.post(URL, {"username": "SS" * 150, "password": PASSWORD}).status_code == 200


def test_both_tokens_say_who_is_asking(visitor, carol):
    pair = visitor.post(URL, {"username": "carol", "password": PASSWORD}).json()
    for claims in (AccessToken(pair["access"]), RefreshToken(pair["refresh"])):
        assert claims["sub"] == str(carol.user.pk)
        assert (claims["username"], claims["is_staff"]) == ("carol", True)


def test_wrong_password_unknown_user_and_inactive_user_look_alike(visitor, alice, bob):
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    for username, password in (("alice", "wrong"), ("nobody", PASSWORD), ("bob", PASSWORD)):
        response = visitor.post(URL, {"username": username, "password": password})
        assert (response.status_code, response.json()) == (401, SIGN_IN_FAILED)
        assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("username", ["alice", "nobody", "bob"])
def test_every_attempt_hashes_one_password(visitor, alice, bob, username):
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    hasher = type(hashers.get_hasher())
    with (
        mock.patch.object(hasher, "encode", autospec=True, side_effect=hasher.encode) as encode,
        mock.patch.object(hasher, "verify", autospec=True, return_value=False) as verify,
    ):
        visitor.post(URL, {"username": username, "password": "wrong"})
    assert encode.call_count + verify.call_count == 1


def test_every_spelling_of_a_name_counts_as_the_same_account(visitor, database, settings):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "login": "2/day"}
    attempts = [{"username": name, "password": "x"} for name in ("dora", "DORA", "\uff44ora", "x")]
    statuses = [visitor.post(URL, attempt).status_code for attempt in attempts]
    assert statuses == [401, 401, 429, 401]


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_missing_field_is_named(visitor, field):
    body = {"username": "alice", "password": PASSWORD}
    del body[field]
    response = visitor.post(URL, body)
    assert (response.status_code, response.json()) == (400, required(field))


def test_a_body_that_is_no_object_is_refused(visitor):
    assert visitor.post(URL, ["alice"]).status_code == 400


def test_signing_in_leaves_no_usable_token_in_the_database(visitor, alice):
    pair = visitor.post(URL, {"username": "alice", "password": PASSWORD}).json()
    visitor.post("/auth/token/refresh", {"refresh": pair["refresh"]})
    assert [spent.token for spent in OutstandingToken.objects.all()] == [""]


def test_newer_hash_parameters_end_no_sign_in(visitor, alice):
    with mock.patch.object(type(hashers.get_hasher()), "must_update", return_value=True):
        pair = visitor.post(URL, {"username": "alice", "password": PASSWORD}).json()
    for refresh in (alice.pair.refresh, pair["refresh"]):
        assert visitor.post("/auth/token/refresh", {"refresh": refresh}).status_code == 200


def test_both_tokens_carry_the_accounts_generation(alice):
    assert RefreshToken(alice.pair.refresh)["gen"] == AccessToken(alice.pair.access)["gen"] == 0
    assert access_token_user(alice.pair.access).username == "alice"

"""Signed-in devices, and the families of refresh tokens that they are."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.credentials import sign_ins
from accounts.models import SignIn
from tests.accounts.bodies import NOT_AUTHENTICATED, TOKEN_NOT_VALID, TOKEN_REUSED
from tests.accounts.conftest import bearer

pytestmark = pytest.mark.django_db
REFRESH = "/auth/token/refresh"
URL = "/auth/sign-ins"


def sign_in(visitor, person, agent: str = "") -> dict:
    body = {"username": person.user.username, "password": person.password}
    return visitor.post("/auth/token", body, headers={"User-Agent": agent}).json()


def refreshed(visitor, token: str, **headers: str):
    return visitor.post(REFRESH, {"refresh": token}, headers=headers)


def assert_reused(response) -> None:
    assert (response.status_code, response.json()) == (401, TOKEN_REUSED)


def test_a_spent_token_ends_its_family_and_says_so(visitor, alice, database):
    thiefs = refreshed(visitor, alice.pair.refresh).json()
    assert_reused(refreshed(visitor, alice.pair.refresh))
    assert_reused(refreshed(visitor, thiefs["refresh"]))
    assert bearer(thiefs["access"]).get("/session").status_code == 401
    assert alice.client.get("/session").status_code == 401


def test_an_older_spent_token_ends_its_family_too(visitor, alice):
    second = refreshed(visitor, alice.pair.refresh).json()["refresh"]
    third = refreshed(visitor, second).json()["refresh"]
    assert_reused(refreshed(visitor, alice.pair.refresh))
    assert_reused(refreshed(visitor, third))


def test_other_devices_of_the_user_stay_signed_in(visitor, alice, database):
    other = sign_in(visitor, alice)
    refreshed(visitor, alice.pair.refresh)
    refreshed(visitor, alice.pair.refresh)
    assert bearer(other["access"]).get("/session").status_code == 200
    assert refreshed(visitor, other["refresh"]).status_code == 200


def test_a_spent_token_with_its_own_key_ends_nothing(visitor, alice):
    first = refreshed(visitor, alice.pair.refresh, **{"Idempotency-Key": "one request"})
    again = refreshed(visitor, alice.pair.refresh, **{"Idempotency-Key": "one request"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert refreshed(visitor, again.json()["refresh"]).status_code == 200


def test_a_spent_token_with_another_key_ends_its_family(visitor, alice):
    first = refreshed(visitor, alice.pair.refresh, **{"Idempotency-Key": "one request"}).json()
    assert_reused(refreshed(visitor, alice.pair.refresh, **{"Idempotency-Key": "another"}))
    assert_reused(refreshed(visitor, first["refresh"]))


def test_a_family_has_an_end_however_often_it_is_refreshed(visitor, alice, settings):
    token = refreshed(visitor, alice.pair.refresh).json()["refresh"]
    begun = timezone.now() - timedelta(days=settings.SIGN_IN_MAX_DAYS)
    SignIn.objects.update(started_at=begun)
    response = refreshed(visitor, token)
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_devices_are_listed_with_what_they_say_of_themselves(visitor, alice):
    sign_in(visitor, alice, "Firefox\r\n on a laptop".replace("\r\n", ""))
    first, second = alice.client.get(URL).json()["results"]
    assert (first["is_current"], second["is_current"]) == (True, False)
    assert second["device"] == "Firefox on a laptop"
    assert set(second) == {"id", "device", "started_at", "used_at", "is_current"}


def test_a_device_that_is_ended_is_out_at_once(visitor, alice, database):
    stolen = sign_in(visitor, alice)
    device = alice.client.get(URL).json()["results"][1]["id"]
    assert alice.client.delete(f"{URL}/{device}").status_code == 204
    assert bearer(stolen["access"]).get("/session").status_code == 401
    assert refreshed(visitor, stolen["refresh"]).json() == TOKEN_NOT_VALID
    assert len(alice.client.get(URL).json()["results"]) == 1
    assert alice.client.delete(f"{URL}/{device}").status_code == 404


def test_signing_out_ends_the_device(visitor, alice, database):
    assert visitor.post("/auth/logout", {"refresh": alice.pair.refresh}).status_code == 204
    assert alice.client.get("/session").status_code == 401
    assert SignIn.objects.get().end == SignIn.End.SIGNED_OUT


@pytest.mark.parametrize("device", ["0192f0c1-9c11-7d52-b1c4-5f0e6a9d2b32", "x", None])
def test_nobody_ends_anothers_device(alice, bob, device):
    device = device or str(bob.user.sign_ins.get().pk)
    response = alice.client.delete(f"{URL}/{device}")
    assert response.status_code == 404
    assert bob.user.sign_ins.get().ended_at is None


def test_a_new_password_leaves_no_device_signed_in(alice):
    alice.user.set_password("another horse altogether")
    alice.user.save()
    assert not sign_ins.live(user_id=str(alice.user.pk), now=timezone.now())


def test_a_token_of_a_machine_whose_clock_is_ahead_is_accepted(alice, monkeypatch, database):
    from accounts.credentials.tokens import AccountRefreshToken

    token = AccountRefreshToken.for_user(alice.user).access_token
    ahead = int(timezone.now().timestamp()) + 3
    token["iat"], token["nbf"] = ahead, ahead
    assert bearer(str(token)).get("/auth/me").status_code == 200


def test_a_visitor_is_asked_for_a_token(visitor):
    for response in (visitor.get(URL), visitor.delete(f"{URL}/x")):
        assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)

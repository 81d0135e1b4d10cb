"""Tokens of an external identity provider, whose keys a server on loopback publishes."""

import base64
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from sessions_app.api import identity_provider
from sessions_app.api.authentication import TokenNotValid, access_token_user
from tests.accounts.bodies import NO_ACCOUNT, TOKEN_NOT_VALID
from tests.accounts.conftest import bearer
from tests.accounts.published_keys import EC_KEY, RSA_KEY, STRANGER, published, serving_keys
from tests.waiting import at_once

ISSUER, AUDIENCE = "https://id.example", "chat"


@pytest.fixture
def provider(settings):
    identity_provider.provider_backends.cache_clear()
    with serving_keys() as server:
        settings.JWT_JWK_URL = server.url
        settings.JWT_ISSUER, settings.JWT_AUDIENCE = ISSUER, AUDIENCE
        yield server
    identity_provider.provider_backends.cache_clear()


def token(*, key=RSA_KEY, algorithm="RS256", kid="rsa", without="", **changes) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "auth0|17", "exp": time.time() + 60}
    claims |= changes
    claims.pop(without, None)
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def b64(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def own_token() -> str:
    claims = {"token_type": "access", "jti": "1", "sub": "x", "exp": time.time() + 60}
    return jwt.encode(claims, settings.SIMPLE_JWT["SIGNING_KEY"], algorithm="HS256")


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec")]
)
def test_a_token_of_the_provider_is_accepted(provider, key, algorithm, kid):
    assert access_token_user(token(key=key, algorithm=algorithm, kid=kid)).id == "auth0|17"


def test_who_is_staff_is_not_the_providers_to_say(provider):
    claims = {"is_staff": True, "username": "admin", "token_type": "access"}
    user = access_token_user(token(**claims))
    assert (user.id, user.username, user.is_staff) == ("auth0|17", "", False)


def test_our_own_tokens_are_accepted_beside_it_and_fetch_nothing(provider):
    assert access_token_user(own_token()).id == "x"
    with pytest.raises(TokenNotValid):
        access_token_user(own_token() + "x")
    assert provider.asked == 0


def test_the_keys_are_fetched_once(provider):
    for _ in range(5):
        access_token_user(token())
    assert provider.asked == 1


BAD = {
    "another key": {"key": STRANGER},
    "an unknown key": {"kid": "other"},
    "no such kind of key": {"kid": "ec"},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"without": "iss"},
    "another audience": {"aud": "shop"},
    "no audience": {"without": "aud"},
    "expired": {"exp": 1},
    "without an end": {"without": "exp"},
    "no subject": {"without": "sub"},
    "an overlong subject": {"sub": "x" * 256},
    "not yet valid": {"nbf": time.time() + 3600},
    "another algorithm": {"algorithm": "RS512"},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_refused(provider, changes):
    with pytest.raises(TokenNotValid):
        access_token_user(token(**changes))


def test_a_public_key_is_no_shared_secret(provider):
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = b".".join(
        [b64(json.dumps({"alg": "HS256", "kid": "rsa"})), token().encode().split(b".")[1]]
    )
    forged = signed + b"." + b64(hmac.digest(public, signed, "sha256"))
    with pytest.raises(TokenNotValid):
        access_token_user(forged.decode())


def test_without_the_setting_no_such_token_is_accepted(provider, settings):
    settings.JWT_JWK_URL = ""
    with pytest.raises(TokenNotValid):
        access_token_user(token())
    assert provider.asked == 0


@pytest.mark.parametrize(
    ("status", "body"), [(500, "{}"), (200, "<html>"), (200, "[]"), (200, "{}"), (200, "[" * 9999)]
)
def test_keys_that_cannot_be_had_are_a_401_and_a_warning(provider, caplog, status, body):
    provider.status, provider.body = status, body
    with pytest.raises(TokenNotValid):
        access_token_user(token())
    assert "could not be fetched" in caplog.text


def test_a_provider_that_is_down_is_not_asked_for_every_token(provider):
    provider.status = 500
    for _ in range(5):
        with pytest.raises(TokenNotValid):
            access_token_user(token())
    assert provider.asked == 1


def test_a_provider_that_hangs_costs_a_bounded_time(provider, monkeypatch):
    provider.delay = 3
    monkeypatch.setattr(identity_provider, "FETCH_WAIT_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(TokenNotValid):
        access_token_user(token())
    assert time.monotonic() - began < 1


def test_many_at_once_wait_for_one_fetch(provider):
    provider.delay = 0.2
    shown = token()
    began = time.monotonic()
    answers = at_once(*[lambda: access_token_user(shown).id] * 8)
    assert answers == ["auth0|17"] * 8
    assert provider.asked == 1
    assert time.monotonic() - began < 1


def test_a_new_key_is_found(provider, monkeypatch):
    provider.body = json.dumps({"keys": [published("rsa", RSA_KEY)]})
    access_token_user(token())
    provider.body = json.dumps({"keys": [published("ec", EC_KEY)]})
    monkeypatch.setattr(identity_provider, "FETCH_PAUSE_SECONDS", 0)
    assert access_token_user(token(key=EC_KEY, algorithm="ES256", kid="ec")).id == "auth0|17"


def test_a_known_key_serves_on_while_the_provider_is_down(provider, monkeypatch):
    access_token_user(token())
    provider.status = 500
    monkeypatch.setattr(identity_provider, "KEYS_FRESH_SECONDS", 0)
    monkeypatch.setattr(identity_provider, "FETCH_PAUSE_SECONDS", 0)
    assert access_token_user(token()).id == "auth0|17"


def test_a_known_key_does_not_serve_for_ever(provider, monkeypatch):
    access_token_user(token())
    provider.status = 500
    monkeypatch.setattr(identity_provider, "KEYS_USABLE_SECONDS", 0)
    monkeypatch.setattr(identity_provider, "FETCH_PAUSE_SECONDS", 0)
    with pytest.raises(TokenNotValid):
        access_token_user(token())


@pytest.mark.django_db
def test_a_subject_without_an_account_has_no_profile(provider):
    client = bearer(token())
    for response in (
        client.get("/auth/me"),
        client.patch("/auth/me", {"email": "a@example.com"}),
        client.delete("/auth/me", {"password": "x"}),
        client.post("/auth/password", {"current_password": "x", "new_password": "y"}),
    ):
        assert (response.status_code, response.json()) == (404, NO_ACCOUNT)


@pytest.mark.django_db
def test_a_token_of_the_provider_is_confirmed_by_the_route_that_verifies(provider, visitor):
    for shown, status in ((token(), 200), (token(key=STRANGER), 401)):
        assert visitor.post("/auth/token/verify", {"token": shown}).status_code == status


@pytest.mark.django_db
def test_a_refused_token_of_the_provider_is_one_error(provider):
    response = bearer(token(key=STRANGER)).get("/auth/me")
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)

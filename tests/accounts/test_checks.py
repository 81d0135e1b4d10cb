"""The checks of the settings of tokens."""

from datetime import timedelta

import pytest
from django.test import override_settings
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken

from accounts.checks import identity_provider_settings, token_settings
from tests.accounts.published_keys import EC_KEY, STRANGER, private, public


@pytest.mark.parametrize(
    ("url", "issuer", "audience", "found"),
    [
        ("", "", "", []),
        ("https://id.example/keys", "https://id.example", "chat", []),
        ("https://id.example/keys", "", "chat", ["accounts.W001"]),
        ("https://id.example/keys", "https://id.example", "", ["accounts.W002"]),
        ("file:///etc/passwd", "https://id.example", "chat", ["accounts.E001"]),
    ],
)
def test_what_would_be_unsafe_is_said(url, issuer, audience, found):
    with override_settings(JWT_JWK_URL=url, JWT_ISSUER=issuer, JWT_AUDIENCE=audience):
        assert [message.id for message in identity_provider_settings()] == found


def said() -> list[str]:
    return [f"{message.id} {message.msg}" for message in token_settings()]


def test_the_services_own_settings_are_in_order():
    assert said() == []


def test_a_setting_that_simplejwt_does_not_know_is_refused(monkeypatch):
    monkeypatch.setitem(api_settings.user_settings, "AUDIANCE", "chat")
    assert said() == ["accounts.E002 SIMPLE_JWT: has no setting AUDIANCE."]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CHECK_REVOKE_TOKEN": True}, "E003"),
        ({"TOKEN_TYPE_CLAIM": None}, "E004"),
        ({"JTI_CLAIM": None}, "E004"),
        ({"USER_ID_CLAIM": ""}, "E004"),
        ({"USER_ID_FIELD": "username"}, "E005"),
        ({"ALGORITHM": "HS1"}, "E006"),
        ({"ALGORITHM": "RS256"}, "E006"),
        ({"LEEWAY": "5"}, "E006"),
        ({"SIGNING_KEY": None}, "E006"),
        (
            {
                "ALGORITHM": "ES256",
                "SIGNING_KEY": private(EC_KEY),
                "VERIFYING_KEY": public(STRANGER),
            },
            "E006",
        ),
        ({"ROTATE_REFRESH_TOKENS": False}, "W003"),
        ({"BLACKLIST_AFTER_ROTATION": False}, "W003"),
    ],
)
def test_settings_that_cannot_work_or_are_unsafe_are_said(simple_jwt, changes, code):
    simple_jwt(**changes)
    assert {message.id for message in token_settings()} == {f"accounts.{code}"}


def test_settings_with_two_keys_that_belong_together_are_accepted(simple_jwt):
    simple_jwt(ALGORITHM="ES256", SIGNING_KEY=private(EC_KEY), VERIFYING_KEY=public(EC_KEY))
    assert said() == []


@pytest.mark.parametrize("lifetime", [0, timedelta(0), timedelta(seconds=-1)])
def test_a_lifetime_that_is_none_is_refused(monkeypatch, lifetime):
    monkeypatch.setattr(AccessToken, "lifetime", lifetime)
    assert [message.id for message in token_settings()] == ["accounts.E006"]

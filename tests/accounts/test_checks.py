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


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AUDIANCE", "chat", "accounts.E002 SIMPLE_JWT has no setting AUDIANCE."),
        (
            "SLIDING_TOKEN_LIFETIME",
            None,
            "accounts.E003 SIMPLE_JWT: SLIDING_TOKEN_LIFETIME has no effect, as no sliding tokens "
            "are issued.",
        ),
    ],
)
def test_a_setting_without_effect_is_refused(monkeypatch, name, value, message):
    monkeypatch.setitem(api_settings.user_settings, name, value)
    assert said() == [message]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CHECK_REVOKE_TOKEN": True}, "E004"),
        ({"TOKEN_TYPE_CLAIM": None}, "E005"),
        ({"JTI_CLAIM": None}, "E005"),
        ({"USER_ID_FIELD": "username"}, "E006"),
        ({"ALGORITHM": "HS1"}, "E007"),
        ({"ALGORITHM": "RS256"}, "E007"),
        ({"LEEWAY": "5"}, "E007"),
        ({"SIGNING_KEY": None}, "E007"),
        (
            {
                "ALGORITHM": "ES256",
                "SIGNING_KEY": private(EC_KEY),
                "VERIFYING_KEY": public(STRANGER),
            },
            "E007",
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
    assert said() == [
        "accounts.E007 SIMPLE_JWT: no token can be signed and verified: lifetimes must be positive."
    ]

"""The checks of an identity provider's settings."""

import pytest
from django.test import override_settings

from accounts.checks import identity_provider_settings


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

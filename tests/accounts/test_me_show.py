"""GET /auth/me."""

import jwt
import pytest
from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from tests.accounts.bodies import NO_ACCOUNT, NOT_AUTHENTICATED, TOKEN_NOT_VALID
from tests.accounts.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/auth/me"


def test_it_shows_ones_own_profile(alice, bob):
    assert alice.client.get(URL).json() == {
        "id": str(alice.user.pk),
        "username": "alice",
        "email": "alice@example.com",
        "email_confirmed": False,
        "instructions": "",
        "is_staff": False,
    }


def test_staff_are_shown_as_staff(carol):
    assert carol.client.get(URL).json()["is_staff"] is True


def test_a_visitor_is_asked_for_a_token(visitor):
    response = visitor.get(URL)
    assert (response.status_code, response.json()) == (401, NOT_AUTHENTICATED)
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_subject_without_an_account_gets_a_404(alice):
    alice.user.delete()
    response = alice.client.get(URL)
    assert (response.status_code, response.json()) == (404, NO_ACCOUNT)


@pytest.mark.parametrize("spelling", ["auth0|17", "{%s}", "urn:uuid:%s"])
def test_a_subject_that_only_resembles_an_id_has_no_account(alice, spelling):
    claims = AccessToken(alice.pair.access).payload
    claims["sub"] = spelling.replace("%s", claims["sub"])
    token = jwt.encode(claims, settings.SIMPLE_JWT["SIGNING_KEY"], algorithm="HS256")
    assert bearer(token).get(URL).json() == NO_ACCOUNT


def test_a_deactivated_user_is_refused(alice):
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    response = alice.client.get(URL)
    assert (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)

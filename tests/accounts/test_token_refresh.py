"""POST /auth/token/refresh."""

import pytest
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import User
from sessions_app.api.authentication import access_token_user
from tests.accounts.bodies import TOKEN_NOT_VALID, required

pytestmark = pytest.mark.django_db
URL = "/auth/token/refresh"


def refuses(visitor, token) -> bool:
    response = visitor.post(URL, {"refresh": token})
    return (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def test_it_answers_with_the_next_pair(visitor, alice):
    response = visitor.post(URL, {"refresh": alice.pair.refresh})
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert visitor.post(URL, {"refresh": response.json()["refresh"]}).status_code == 200


def test_the_old_refresh_token_is_spent(visitor, alice):
    visitor.post(URL, {"refresh": alice.pair.refresh})
    assert refuses(visitor, alice.pair.refresh)


def test_a_401_says_which_scheme(visitor):
    assert visitor.post(URL, {"refresh": "garbage"})["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "..", "ä.ö.ü", "x" * 8192])
def test_garbage_is_refused(visitor, token):
    assert refuses(visitor, token)


def test_an_access_token_is_refused(visitor, alice):
    assert refuses(visitor, alice.pair.access)


def test_a_demoted_member_of_staff_is_told_by_the_next_token(visitor, carol):
    User.objects.filter(pk=carol.user.pk).update(is_staff=False)
    body = visitor.post(URL, {"refresh": carol.pair.refresh}).json()
    assert access_token_user(body["access"]).is_staff is False


def test_a_new_username_is_in_the_next_token(visitor, alice):
    alice.client.patch("/auth/me", {"username": "alicia"})
    body = visitor.post(URL, {"refresh": alice.pair.refresh}).json()
    assert access_token_user(body["access"]).username == "alicia"


def test_a_deactivated_user_is_refused(visitor, alice):
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    assert refuses(visitor, alice.pair.refresh)


def test_a_deleted_user_is_refused(visitor, alice):
    alice.user.delete()
    assert refuses(visitor, alice.pair.refresh)


def test_a_subject_that_is_no_user_id_is_refused(visitor):
    token = RefreshToken()
    token["sub"] = "somebody"
    assert refuses(visitor, str(token))


def test_a_refused_refresh_spends_nothing(visitor, alice):
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    visitor.post(URL, {"refresh": alice.pair.refresh})
    User.objects.filter(pk=alice.user.pk).update(is_active=True)
    assert visitor.post(URL, {"refresh": alice.pair.refresh}).status_code == 200


def test_a_missing_token_is_named(visitor):
    response = visitor.post(URL, {})
    assert (response.status_code, response.json()) == (400, required("refresh"))

"""POST /auth/token/refresh."""

import pytest
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import User
from sessions_app.api.authentication import access_token_user
from tests.accounts.bodies import TOKEN_NOT_VALID, TOKEN_REUSED, required

pytestmark = pytest.mark.django_db
URL = "/auth/token/refresh"


def refuses(visitor, token) -> bool:
    response = visitor.post(URL, {"refresh": token})
    return (response.status_code, response.json()) == (401, TOKEN_NOT_VALID)


def is_reuse(visitor, token) -> bool:
    response = visitor.post(URL, {"refresh": token})
    return (response.status_code, response.json()) == (401, TOKEN_REUSED)


def test_it_answers_with_the_next_pair(visitor, alice):
    response = visitor.post(URL, {"refresh": alice.pair.refresh})
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert visitor.post(URL, {"refresh": response.json()["refresh"]}).status_code == 200


def test_the_old_refresh_token_is_spent(visitor, alice):
    visitor.post(URL, {"refresh": alice.pair.refresh})
    assert is_reuse(visitor, alice.pair.refresh)


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


def under_key(visitor, token, key):
    return visitor.post(URL, {"refresh": token}, headers={"Idempotency-Key": key})


def test_the_same_key_again_gets_the_same_next_token_while_it_is_unspent(visitor, alice):
    first = under_key(visitor, alice.pair.refresh, "one request").json()
    again = under_key(visitor, alice.pair.refresh, "one request")
    assert again.status_code == 200
    numbers = {RefreshToken(pair["refresh"])["jti"] for pair in (first, again.json())}
    assert len(numbers) == 1
    assert visitor.post(URL, {"refresh": again.json()["refresh"]}).status_code == 200
    assert is_reuse(visitor, first["refresh"])


def test_once_the_next_token_is_spent_the_key_gets_nothing_more(visitor, alice):
    spent = under_key(visitor, alice.pair.refresh, "one request").json()["refresh"]
    visitor.post(URL, {"refresh": spent})
    refused = under_key(visitor, alice.pair.refresh, "one request")
    assert (refused.status_code, refused.json()) == (401, TOKEN_REUSED)


@pytest.mark.parametrize("second", ["another", None])
def test_a_spent_token_is_refused_under_another_key_and_without_one(visitor, alice, second):
    under_key(visitor, alice.pair.refresh, "one request")
    if second is None:
        assert is_reuse(visitor, alice.pair.refresh)
    else:
        refused = under_key(visitor, alice.pair.refresh, second)
        assert (refused.status_code, refused.json()) == (401, TOKEN_REUSED)


def test_a_token_spent_without_a_key_is_refused_with_one(visitor, alice):
    visitor.post(URL, {"refresh": alice.pair.refresh})
    assert under_key(visitor, alice.pair.refresh, "late").status_code == 401


def test_signing_out_ends_what_a_key_had_promised(visitor, alice):
    given = under_key(visitor, alice.pair.refresh, "one request").json()["refresh"]
    visitor.post("/auth/logout", {"refresh": given})
    assert under_key(visitor, alice.pair.refresh, "one request").status_code == 401


def test_a_new_password_ends_what_a_key_had_promised(visitor, alice):
    under_key(visitor, alice.pair.refresh, "one request")
    alice.user.token_generation += 1
    alice.user.save()
    assert under_key(visitor, alice.pair.refresh, "one request").status_code == 401


def test_a_key_that_is_too_long_is_refused_and_spends_nothing(visitor, alice):
    assert under_key(visitor, alice.pair.refresh, "k" * 1_000).status_code == 400
    assert visitor.post(URL, {"refresh": alice.pair.refresh}).status_code == 200

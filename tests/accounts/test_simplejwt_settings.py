"""Every setting of SimpleJWT has its effect on what the routes answer."""

import json
import os
import subprocess
import sys
import time
from json import JSONEncoder

import jwt
import pytest
from django.urls import resolve
from rest_framework_simplejwt import models, tokens, views
from rest_framework_simplejwt.settings import api_settings

from accounts.models import User
from tests.accounts.bodies import SIGN_IN_FAILED, TOKEN_NOT_VALID, TOKEN_REUSED
from tests.accounts.conftest import PASSWORD, bearer, person
from tests.accounts.published_keys import EC_KEY, RSA_KEY, STRANGER, private, public, serving_keys
from tests.api.test_authentication import SUBJECT, ask

pytestmark = pytest.mark.django_db
REFRESH = "/auth/token/refresh"


def sign_in(visitor) -> dict[str, str]:
    response = visitor.post("/auth/token", {"username": "alice", "password": PASSWORD})
    assert response.status_code == 200, response.content
    return response.json()


def claims(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


def accepts(visitor, token: str) -> bool:
    """Whether the token is good, as the route that verifies and the one that uses it agree."""
    verified = visitor.post("/auth/token/verify", {"token": token})
    used = bearer(token).get("/auth/me")
    assert verified.status_code == used.status_code
    assert verified.status_code == 200 or verified.json() == used.json() == TOKEN_NOT_VALID
    return verified.status_code == 200


@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("/auth/token", views.TokenObtainPairView),
        ("/auth/token/refresh", views.TokenRefreshView),
        ("/auth/token/verify", views.TokenVerifyView),
        ("/auth/logout", views.TokenBlacklistView),
    ],
)
def test_the_routes_are_simplejwts_views(path, view):
    assert issubclass(resolve(path).func.view_class, view)


@pytest.fixture(scope="module")
def elsewhere():
    """What a process says that was started with `other_token_settings`."""
    code = """if True:
        import json, django
        django.setup()
        from django.urls import resolve
        from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
        from tests.api.test_authentication import ask
        from sessions_app.repository import revocations
        revocations.changed_since = lambda _: {}
        refresh = RefreshToken()
        refresh["sub"] = "somebody"
        access = refresh.access_token
        answers = {scheme: ask(f"{scheme} {access}") for scheme in ("JWT", "jwt", "Bearer")}
        lasting = lambda token: token["exp"] - token["iat"]
        serializer = lambda path: resolve(path).func.view_class().get_serializer_class().__name__
        print(json.dumps({
            "lifetimes": [lasting(AccessToken()), lasting(RefreshToken())],
            "statuses": {scheme: answer.status_code for scheme, answer in answers.items()},
            "kinds": [refresh["kind"], access["kind"]],
            "one_number": refresh["number"] == access["number"],
            "refresh_as_access": ask(f"JWT {refresh}").status_code,
            "challenge": answers["Bearer"]["WWW-Authenticate"],
            "serializers": [serializer(f"/auth/{path}") for path in (
                "token", "token/refresh", "token/verify", "logout")],
        }))
    """
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.accounts.other_token_settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_tokens_last_as_long_as_access_token_lifetime_and_refresh_token_lifetime_say(elsewhere):
    assert elsewhere["lifetimes"] == [2 * 60, 3 * 3_600]


def test_auth_header_types_name_the_scheme(elsewhere):
    assert elsewhere["statuses"] == {"JWT": 200, "jwt": 200, "Bearer": 401}
    assert elsewhere["challenge"] == "JWT"


def test_token_type_claim_and_jti_claim_name_the_claims_of_kind_and_number(elsewhere):
    assert elsewhere["kinds"] == ["refresh", "access"]
    assert not elsewhere["one_number"]
    assert elsewhere["refresh_as_access"] == 401


def test_the_serializers_are_those_of_the_settings(elsewhere):
    assert elsewhere["serializers"] == [
        "UserSerializer", "ApiKeySerializer", "RefreshSerializer", "VerifySerializer",
    ]  # fmt: skip


def test_without_rotate_refresh_tokens_a_refresh_token_stays_and_there_is_no_next_one(
    visitor, alice, simple_jwt
):
    simple_jwt(ROTATE_REFRESH_TOKENS=False)
    for _ in range(2):
        response = visitor.post(REFRESH, {"refresh": alice.pair.refresh})
        assert (response.status_code, set(response.json())) == (200, {"access"})
        assert accepts(visitor, response.json()["access"])


def test_without_blacklist_after_rotation_the_old_refresh_token_stays_good(
    visitor, alice, simple_jwt
):
    simple_jwt(BLACKLIST_AFTER_ROTATION=False)
    for _ in range(2):
        response = visitor.post(REFRESH, {"refresh": alice.pair.refresh})
        assert (response.status_code, set(response.json())) == (200, {"access", "refresh"})


@pytest.mark.parametrize("noted", [True, False])
def test_update_last_login_decides_whether_a_sign_in_is_noted(visitor, alice, simple_jwt, noted):
    simple_jwt(UPDATE_LAST_LOGIN=noted)
    sign_in(visitor)
    assert (User.objects.get().last_login is not None) == noted


def test_tokens_are_signed_with_algorithm_and_with_no_other(visitor, alice, simple_jwt):
    simple_jwt(ALGORITHM="HS512")
    token = sign_in(visitor)["access"]
    assert jwt.get_unverified_header(token)["alg"] == "HS512"
    assert accepts(visitor, token)
    assert not accepts(visitor, alice.pair.access)


def test_tokens_of_another_signing_key_are_refused(visitor, alice, simple_jwt):
    simple_jwt(SIGNING_KEY="another " * 8)
    assert accepts(visitor, sign_in(visitor)["access"])
    assert not accepts(visitor, alice.pair.access)


def test_the_verifying_key_decides_where_the_algorithm_has_two_keys(visitor, alice, simple_jwt):
    simple_jwt(ALGORITHM="ES256", SIGNING_KEY=private(EC_KEY), VERIFYING_KEY=public(EC_KEY))
    assert accepts(visitor, sign_in(visitor)["access"])
    simple_jwt(ALGORITHM="RS256", SIGNING_KEY=private(RSA_KEY), VERIFYING_KEY=public(STRANGER))
    assert not accepts(visitor, sign_in(visitor)["access"])


@pytest.mark.parametrize(("setting", "claim"), [("ISSUER", "iss"), ("AUDIENCE", "aud")])
def test_tokens_name_the_issuer_and_the_audience_and_must(
    visitor, alice, simple_jwt, setting, claim
):
    simple_jwt(**{setting: "chat.example"})
    pair = sign_in(visitor)
    assert claims(pair["access"])[claim] == claims(pair["refresh"])[claim] == "chat.example"
    assert accepts(visitor, pair["access"])
    simple_jwt(**{setting: "other.example"})
    assert not accepts(visitor, pair["access"])
    for refresh in (alice.pair.refresh, pair["refresh"]):
        refused = visitor.post(REFRESH, {"refresh": refresh})
        assert (refused.status_code, refused.json()) == (401, TOKEN_NOT_VALID)


def test_jwk_url_says_where_the_keys_of_the_own_tokens_are_published(visitor, alice, simple_jwt):
    named = claims(alice.pair.access)
    with serving_keys() as server:
        simple_jwt(ALGORITHM="RS256", JWK_URL=server.url)
        for key, good in ((RSA_KEY, True), (STRANGER, False)):
            token = jwt.encode(named, key, algorithm="RS256", headers={"kid": "rsa"})
            assert accepts(visitor, token) is good


@pytest.mark.parametrize(("leeway", "good"), [(0, False), (60, True)])
def test_leeway_is_how_much_clocks_may_differ(visitor, alice, simple_jwt, leeway, good):
    simple_jwt(LEEWAY=leeway)
    named, now = claims(alice.pair.access), int(time.time())
    for changed in ({"exp": now - 30}, {"iat": now + 30}, {"nbf": now + 30}):
        token = jwt.encode(named | changed, api_settings.SIGNING_KEY, algorithm="HS256")
        assert accepts(visitor, token) is good


def test_json_encoder_writes_the_claims(visitor, alice, simple_jwt):
    class Stamped(JSONEncoder):
        def encode(self, o):
            return super().encode(o | {"stamp": 1})

    simple_jwt(JSON_ENCODER=Stamped)
    assert claims(sign_in(visitor)["access"])["stamp"] == 1


def test_auth_header_name_is_where_the_token_is_read(visitor, alice, simple_jwt):
    simple_jwt(AUTH_HEADER_NAME="HTTP_X_TOKEN")
    assert alice.client.get("/auth/me").status_code == 401
    visitor.credentials(HTTP_X_TOKEN=f"Bearer {alice.pair.access}")
    assert visitor.get("/auth/me").status_code == 200


def test_user_id_claim_names_the_claim_with_the_users_id(visitor, alice, simple_jwt):
    simple_jwt(USER_ID_CLAIM="uid")
    pair = sign_in(visitor)
    assert claims(pair["access"])["uid"] == str(alice.user.pk)
    assert accepts(visitor, pair["access"])
    assert visitor.post(REFRESH, {"refresh": pair["refresh"]}).status_code == 200
    assert not accepts(visitor, alice.pair.access)


def test_user_authentication_rule_says_who_may_sign_in_and_stay(visitor, alice, simple_jwt):
    simple_jwt(USER_AUTHENTICATION_RULE=lambda user: user.username != "alice")
    refused = visitor.post("/auth/token", {"username": "alice", "password": PASSWORD})
    assert (refused.status_code, refused.json()) == (401, SIGN_IN_FAILED)
    refused = visitor.post(REFRESH, {"refresh": alice.pair.refresh})
    assert (refused.status_code, refused.json()) == (401, TOKEN_NOT_VALID)
    assert alice.client.get("/auth/me").json() == TOKEN_NOT_VALID


def test_without_check_user_is_active_a_deactivated_user_stays_signed_in(
    visitor, alice, simple_jwt
):
    User.objects.update(is_active=False)
    simple_jwt(CHECK_USER_IS_ACTIVE=False)
    assert visitor.post(REFRESH, {"refresh": alice.pair.refresh}).status_code == 200


def test_auth_token_classes_are_the_kinds_of_token_that_are_accepted(visitor, alice, simple_jwt):
    simple_jwt(AUTH_TOKEN_CLASSES=[tokens.SlidingToken])
    assert alice.client.get("/auth/me").json() == TOKEN_NOT_VALID
    sliding = tokens.SlidingToken.for_user(alice.user)
    assert bearer(str(sliding)).get("/auth/me").status_code == 200


def test_a_refresh_token_is_spent_under_the_number_that_jti_claim_names(visitor, alice, simple_jwt):
    simple_jwt(JTI_CLAIM="number")
    pair = sign_in(visitor)
    assert visitor.post(REFRESH, {"refresh": pair["refresh"]}).status_code == 200
    assert visitor.post(REFRESH, {"refresh": pair["refresh"]}).json() == TOKEN_REUSED
    assert not accepts(visitor, alice.pair.access)


def test_token_user_class_is_what_the_bearer_is(simple_jwt):
    class Named(models.TokenUser):
        username = "somebody"
        is_staff = False

    token = tokens.AccessToken()
    token["sub"] = SUBJECT
    simple_jwt(TOKEN_USER_CLASS=Named)
    assert ask(f"Bearer {token}").data == [SUBJECT, "somebody", False]


def test_a_token_of_a_worker_whose_clock_is_ahead_is_accepted(visitor, monkeypatch):
    late = tokens.aware_utcnow
    ahead = late() + tokens.timedelta(seconds=3)
    monkeypatch.setattr(tokens, "aware_utcnow", lambda: ahead)
    alice = person("alice")
    monkeypatch.setattr(tokens, "aware_utcnow", late)
    assert claims(alice.pair.access)["iat"] > time.time() + 1
    assert accepts(visitor, alice.pair.access)
    assert visitor.post(REFRESH, {"refresh": alice.pair.refresh}).status_code == 200

"""Access tokens: who is let in, and what everybody else is told."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from unittest import mock

import jwt
import pytest
from django.conf import settings
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt import state

from sessions_app.api import authentication
from sessions_app.api.authentication import TokenAuthentication, access_token_user

KEY = settings.SIMPLE_JWT["SIGNING_KEY"]
LEEWAY = settings.SIMPLE_JWT["LEEWAY"]
SUBJECT = "0192f0c1-7a3b-7c4d-8e5f-0123456789ab"


class WhoAmI(APIView):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    throttle_classes = ()

    def get(self, request):
        return Response([request.user.id, request.user.username, request.user.is_staff])


def ask(header: str | None):
    extra = {} if header is None else {"HTTP_AUTHORIZATION": header}
    response = WhoAmI.as_view()(APIRequestFactory().get("/", **extra))
    response.render()
    return response


def token(*, key: str = KEY, algorithm: str = "HS256", without: str = "", **changes) -> str:
    claims = {
        "token_type": "access", "exp": int(time.time()) + 60, "iat": int(time.time()),
        "jti": "1", "sub": SUBJECT, "username": "alice", "is_staff": False,
    } | changes  # fmt: skip
    claims.pop(without, None)
    return jwt.encode(claims, key, algorithm=algorithm)


def segment(value) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refused(response, code: str, detail: str) -> bool:
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert json.loads(response.content) == {
        "type": "client_error", "errors": [{"code": code, "detail": detail, "attr": None}],
    }  # fmt: skip
    return True


def test_it_knows_the_bearer_from_the_token_alone():
    # without the `db` fixture a query would fail this test
    assert ask(f"Bearer {token()}").data == [SUBJECT, "alice", False]
    assert ask(f"Bearer {token(is_staff=True)}").data == [SUBJECT, "alice", True]


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_in_any_casing(scheme):
    assert ask(f"{scheme} {token()}").status_code == 200


@pytest.mark.parametrize("header", [None, "", "Basic YWxpY2U6eA==", "Token abc"])
def test_without_a_bearer_token_it_asks_for_one(header):
    assert refused(
        ask(header), "not_authenticated", "Authentication credentials were not provided."
    )


BAD = {
    "no token": "",
    "two tokens": "a b",
    "garbage": "garbage",
    "empty segments": "..",
    "letters outside ASCII": "ä.ö.ü",
    "another key": token(key="k" * 64),
    "another algorithm": token(algorithm="HS384"),
    "alg none": jwt.encode({"sub": SUBJECT, "token_type": "access"}, None, algorithm="none"),
    "alg none over a signature": f"{segment({'alg': 'none'})}.{token().split('.', 1)[1]}",
    "expired": token(exp=int(time.time()) - 60),
    "without an end": token(without="exp"),
    "an end that is no number": token(exp="soon"),
    "a refresh token": token(token_type="refresh"),
    "no type": token(without="token_type"),
    "no subject": token(without="sub"),
    "an empty subject": token(sub=""),
    "an overlong subject": token(sub="x" * 256),
    "a subject with control characters": token(sub="a\x00b"),
    "a subject with a lone surrogate": token(sub="\ud800"),
    "an overlong token": token(username="x" * 9000),
    "a changed payload": ".".join(
        [token().split(".")[0], segment({"sub": "root"}), token().split(".")[2]]
    ),
    "a deeply nested header": f"{segment(b'[' * 5000)}.e30.e30",
    "a header that is no object": f"{segment([1])}.e30.e30",
    "an algorithm that is no text": f"{segment({'alg': ['HS256']})}.e30.e30",
    "a huge number": f"{segment(b'{%calg%c:%s}' % (34, 34, b'9' * 5000))}.e30.e30",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_refused(bad):
    assert refused(
        ask(f"Bearer {bad}"),
        "token_not_valid",
        "The token is not valid: malformed, expired, spent or of the wrong kind.",
    )


def test_a_token_that_was_good_a_moment_ago_expires_all_the_same(monkeypatch):
    shown = token()
    assert ask(f"Bearer {shown}").status_code == 200
    later = datetime.now(UTC) + timedelta(seconds=60 + LEEWAY)
    monkeypatch.setattr(authentication, "aware_utcnow", lambda: later)
    assert ask(f"Bearer {shown}").status_code == 401


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_worker_whose_clock_is_some_seconds_ahead_makes_tokens_that_others_accept(claim):
    assert ask(f"Bearer {token(**{claim: int(time.time()) + 3})}").status_code == 200
    assert ask(f"Bearer {token(**{claim: int(time.time()) + 60})}").status_code == 401


def test_a_worker_whose_clock_is_some_seconds_ahead_accepts_a_token_to_its_end():
    assert ask(f"Bearer {token(exp=int(time.time()) - 3)}").status_code == 200


@pytest.mark.parametrize("subject", [7, None, ["x"], {"id": "x"}, True])
def test_a_subject_that_is_no_text_is_refused(subject):
    claims = jwt.decode(token(), options={"verify_signature": False}) | {"sub": subject}
    with (
        mock.patch("jwt.api_jwt.PyJWT._validate_sub"),
        mock.patch.object(state.token_backend, "decode", return_value=claims),
    ):
        assert ask("Bearer x").status_code == 401


def test_staff_is_only_what_says_true():
    for value in ("true", 1, "yes", [True]):
        assert access_token_user(token(is_staff=value)).is_staff is False


def test_a_token_without_a_name_is_enough():
    user = access_token_user(token(without="username"))
    assert (user.id, user.username, user.is_staff) == (SUBJECT, "", False)


def test_the_user_is_what_django_and_drf_expect():
    user = access_token_user(token(is_superuser=True))
    assert (user.pk, str(user)) == (SUBJECT, "alice")
    assert str(access_token_user(token(without="username"))) == SUBJECT
    assert not user.is_superuser
    assert user.is_authenticated
    assert not user.is_anonymous

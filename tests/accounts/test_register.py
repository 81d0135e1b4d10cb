"""POST /auth/register."""

import uuid

import pytest

from accounts.models import User
from sessions_app.api.authentication import access_token_user
from tests.accounts.bodies import TAKEN, required
from tests.accounts.conftest import PASSWORD, bearer
from tests.conftest import error

pytestmark = pytest.mark.django_db
URL = "/auth/register"
NEW = {"username": "dora", "password": PASSWORD, "email": "dora@example.com"}


def test_it_answers_with_the_user_and_a_pair_of_tokens(visitor):
    response = visitor.post(URL, NEW)
    user = User.objects.get()
    assert response.status_code == 201
    assert set(response.json()) == {"user", "access", "refresh"}
    assert response.json()["user"] == {
        "id": str(user.pk), "username": "dora", "email": "dora@example.com",
        "email_confirmed": False, "instructions": "",
        "is_staff": False,
    }  # fmt: skip


def test_both_tokens_work_at_once(visitor):
    body = visitor.post(URL, NEW).json()
    assert bearer(body["access"]).get("/auth/me").json() == body["user"]
    assert visitor.post("/auth/token/refresh", {"refresh": body["refresh"]}).status_code == 200


def test_the_id_is_a_plain_uuid_of_version_7(visitor):
    visitor.post(URL, NEW)
    assert type(User.objects.get().pk) is uuid.UUID
    assert User.objects.get().pk.version == 7


def test_a_new_object_has_a_plain_uuid_before_it_is_stored():
    assert type(User().pk) is uuid.UUID


def test_an_email_is_optional_and_need_not_be_unique(visitor, alice):
    assert visitor.post(URL, {"username": "eve", "password": PASSWORD}).status_code == 201
    shared = {**NEW, "email": alice.user.email}
    assert visitor.post(URL, shared).status_code == 201


def test_nobody_registers_as_staff(visitor):
    assert visitor.post(URL, {**NEW, "is_staff": True, "is_superuser": True}).status_code == 400
    assert not User.objects.exists()
    body = visitor.post(URL, NEW).json()
    assert body["user"]["is_staff"] is False
    assert not User.objects.get().is_superuser
    assert not access_token_user(body["access"]).is_staff


def test_an_expired_token_in_the_header_keeps_nobody_from_registering():
    assert bearer("expired").post(URL, NEW).status_code == 201


def test_a_trailing_slash_is_accepted(visitor):
    assert visitor.post(f"{URL}/", NEW).status_code == 201


@pytest.mark.parametrize("other", ["alice", "ALICE", "Alice", "\uff41lice"])
def test_a_taken_name_is_refused_in_any_casing_or_width(visitor, alice, other):
    response = visitor.post(URL, {**NEW, "username": other})
    assert (response.status_code, response.json()) == (400, TAKEN)


def test_a_name_that_was_taken_meanwhile_is_the_same_400(visitor, alice, monkeypatch):
    monkeypatch.setattr(
        "django.db.models.query.QuerySet.exists", lambda self: False
    )  # as if both had looked before either wrote
    response = visitor.post(URL, {**NEW, "username": "ALICE"})
    assert (response.status_code, response.json()) == (400, TAKEN)


def test_the_name_is_stored_in_one_spelling(visitor):
    body = visitor.post(URL, {**NEW, "username": "Zoe\u0301"}).json()
    assert body["user"]["username"] == "Zo\u00e9"


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_missing_field_is_named(visitor, field):
    body = {name: value for name, value in NEW.items() if name != field}
    response = visitor.post(URL, body)
    assert (response.status_code, response.json()) == (400, required(field))


@pytest.mark.parametrize("field", ["username", "password", "email"])
@pytest.mark.parametrize("value", [123, 1.5, True, None, ["alice"], {"a": 1}])
def test_a_value_of_another_type_is_refused(visitor, field, value):
    response = visitor.post(URL, {**NEW, field: value})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "username",
    [
        "",
        " ",
        "two words",
        " dora",
        "dora ",
        "a/b",
        "a\u200bb",
        "\u3164",
        "a\x00b",
        "x" * 151,
        "\ufdfa" * 100,
        "x" * 9999,
    ],
)
def test_a_name_outside_the_rules_is_refused(visitor, username):
    response = visitor.post(URL, {**NEW, "username": username})
    assert response.status_code == 400
    assert {error["attr"] for error in response.json()["errors"]} == {"username"}


def test_a_lone_surrogate_is_refused(visitor):
    raw = b'{"username": "a\\ud800", "password": "correct horse battery staple"}'
    response = visitor.post(URL, raw, content_type="application/json")
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("password1", "password_too_common"),
        ("8273645182", "password_entirely_numeric"),
        ("dora@example.com", "password_too_similar"),
        ("x" * 1025, "max_length"),
    ],
)
def test_a_weak_or_endless_password_is_refused(visitor, password, code):
    response = visitor.post(URL, {**NEW, "password": password})
    assert response.status_code == 400
    assert (code, "password") in [(e["code"], e["attr"]) for e in response.json()["errors"]]


def test_a_bad_name_and_a_bad_password_are_both_named(visitor):
    response = visitor.post(URL, {"username": "", "password": "short"})
    assert {error["attr"] for error in response.json()["errors"]} == {"username", "password"}


def test_an_address_that_is_none_is_refused(visitor):
    response = visitor.post(URL, {**NEW, "email": "nowhere"})
    assert response.json() == error("invalid", "Enter a valid email address.", "email")


def test_white_space_around_a_password_is_part_of_it(visitor):
    visitor.post(URL, {**NEW, "password": "  correct horse  "})
    assert User.objects.get().check_password("  correct horse  ")
    assert not User.objects.get().check_password("correct horse")


def test_the_password_is_never_logged(visitor, caplog):
    caplog.set_level("DEBUG")
    visitor.post(URL, NEW)
    visitor.post(URL, NEW)
    assert PASSWORD not in caplog.text

"""What is made on the first start, and left alone on the next."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from pymongo.errors import OperationFailure

from chatproject.service_error import ServiceError
from chatproject.serving import preparation


@pytest.fixture(autouse=True)
def scratch(data_dir, settings):
    data_dir.mkdir()
    settings.DATA_DIR = data_dir
    settings.STATIC_ROOT = data_dir / "static"


def test_settings_of_tokens_that_cannot_work_are_refused(settings):
    settings.JWT_JWK_URL = "file:///etc/passwd"
    with pytest.raises(ServiceError, match="JWT_JWK_URL must be an http or https address"):
        preparation.check_settings()


def test_settings_of_tokens_that_are_unwise_are_logged(settings, caplog):
    settings.JWT_JWK_URL, settings.JWT_ISSUER = "https://id.example/keys", "https://id.example"
    settings.JWT_AUDIENCE = ""
    preparation.check_settings()
    assert "JWT_JWK_URL is set without JWT_AUDIENCE. Tokens that the provider" in caplog.text


@pytest.mark.django_db
def test_the_staff_account_is_made_once(data_dir):
    assert preparation.first_staff_account() == data_dir / "admin.json"
    before = (data_dir / "admin.json").read_text()
    preparation.first_staff_account()
    assert (data_dir / "admin.json").read_text() == before
    admin = get_user_model().objects.get()
    assert admin.is_superuser
    assert admin.check_password(json.loads(before)["password"])


@pytest.mark.django_db
def test_a_password_that_was_kept_before_a_crash_is_used(data_dir):
    (data_dir / "admin.json").write_text('{"username": "admin", "password": "kept before"}')
    preparation.first_staff_account()
    assert get_user_model().objects.get().check_password("kept before")


@pytest.mark.django_db
def test_an_account_of_that_name_is_left_alone():
    get_user_model().objects.create_user(username="Admin", email="", password="their own")
    assert preparation.first_staff_account() is None
    assert not get_user_model().objects.get().is_superuser


@pytest.mark.django_db
def test_a_first_password_that_is_set_is_used_and_in_no_file(data_dir, settings):
    settings.ADMIN_PASSWORD = "from the secret store"
    assert preparation.first_staff_account() is None
    assert get_user_model().objects.get().check_password("from the secret store")
    assert not (data_dir / "admin.json").exists()


@pytest.mark.django_db
def test_a_first_password_changes_no_account_that_exists(settings):
    preparation.first_staff_account()
    settings.ADMIN_PASSWORD = "from the secret store"
    preparation.first_staff_account()
    assert not get_user_model().objects.get().check_password("from the secret store")


def test_a_file_in_the_way_is_named(data_dir, monkeypatch):
    monkeypatch.setattr(preparation, "ensure_indexes", lambda: None)
    monkeypatch.setattr(preparation, "migrate_accounts", lambda: None)
    (data_dir / "static").touch()
    with pytest.raises(ServiceError) as failure:
        preparation.prepare()
    assert str(failure.value).endswith("give this user the right to, or set another DATA_DIR")
    assert f"{data_dir / 'static'}" in str(failure.value)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OperationFailure("Index differs", 85),
            "the MongoDB indexes cannot be made (Index differs",
        ),
        (DatabaseError("no\nsuch"), "the accounts database cannot be used (no); correct DATABASE"),
    ],
)
def test_a_database_that_refuses_is_quoted(monkeypatch, error, sentence):
    def refuse():
        raise error

    monkeypatch.setattr(preparation, "ensure_indexes", refuse)
    with pytest.raises(ServiceError) as failure:
        preparation.prepare()
    assert str(failure.value).startswith(sentence)

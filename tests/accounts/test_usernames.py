"""When two usernames are the same."""

import sys

import pytest
from django.core.exceptions import ValidationError

from accounts import usernames
from accounts.models import User
from tests.accounts.conftest import PASSWORD


def every_allowed_character():
    for code in range(sys.maxunicode + 1):
        character = usernames.normalize(chr(code))
        if character.isalnum() or character == "_":
            yield character


def test_every_letter_of_unicode_is_itself_in_every_casing():
    for letter in every_allowed_character():
        casings = {letter, letter.upper(), letter.lower(), letter.title(), letter.swapcase()}
        assert len({usernames.key(f"a{casing}") for casing in casings}) == 1, ascii(letter)


def test_no_key_is_longer_than_its_column():
    longest = max(len(usernames.key(letter)) / len(letter) for letter in every_allowed_character())
    assert longest * usernames.MAX_CHARS <= usernames.MAX_KEY_CHARS


def test_the_key_of_a_key_is_itself():
    for letter in every_allowed_character():
        key = usernames.key(letter)
        assert usernames.key(key) == key


@pytest.mark.parametrize(("one", "other"), [("alice", "alíce"), ("a.b", "ab"), ("о", "o")])
def test_different_names_have_different_keys(one, other):
    assert usernames.key(one) != usernames.key(other)


@pytest.mark.parametrize("username", ["\u115f", "al\u1160ice"])
def test_letters_that_show_nothing_are_refused(username):
    with pytest.raises(ValidationError):
        User(username=username, password="x").clean_fields()


@pytest.mark.django_db
def test_the_key_follows_the_name_whatever_is_saved():
    user = User.objects.create_user("alice", password=PASSWORD)
    user.username = "Bob"
    user.save(update_fields=["username"])
    assert User.objects.get_by_natural_key("BOB") == user
    assert not User.objects.filter(username_key="alice").exists()

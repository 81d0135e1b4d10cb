"""The rules for usernames, and when two of them are the same."""

import re
import unicodedata

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from sessions_app.domain.folding import bounded

MAX_CHARS = 150
# Folding turns an allowed character into at most two ("ß" → "ss"); three leave room for later
# versions of Unicode.
MAX_KEY_CHARS = 3 * MAX_CHARS
# A spelling at sign-in may be longer than the stored name: 150 "ß" in capitals are 300 characters.
MAX_TYPED_CHARS = 4 * MAX_CHARS

# The Hangul fillers are letters to Unicode, but they are invisible.
INVISIBLE_LETTERS = re.compile("[\u115f\u1160]")

allowed_characters = UnicodeUsernameValidator()


def visible_letters(username: str) -> None:
    """Refuse invisible letters; raises Django's ValidationError."""
    if INVISIBLE_LETTERS.search(username):
        raise ValidationError("A username may not contain invisible letters.", code="invalid")


def normalize(username: str) -> str:
    """The stored form: NFKC, so that a name has one spelling."""
    return unicodedata.normalize("NFKC", bounded(username))


def key(username: str) -> str:
    """A key that is equal for every casing and spelling of a name, and differs between names.

    Unicode's caseless matching (Unicode Standard, 3.13, D146), with a step through capitals:
    folding alone leaves the dotless i (U+0131) apart from its own capital, "I".
    """
    capitals = unicodedata.normalize("NFKD", bounded(username)).upper()
    return normalize(unicodedata.normalize("NFKD", bounded(capitals)).casefold())

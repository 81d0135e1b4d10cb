"""What a username may be, and when two of them are the same."""

import re
import unicodedata

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

MAX_CHARS = 150
# Folding makes at most two characters of one that a username may hold ("ß" → "ss"); room to spare
# for a later Unicode.
MAX_KEY_CHARS = 3 * MAX_CHARS
# What is typed at sign-in may be longer than the name it folds to: 150 "ß" in capitals are 300.
MAX_TYPED_CHARS = 4 * MAX_CHARS

# Unicode calls the Hangul fillers letters, but they show nothing.
INVISIBLE_LETTERS = re.compile("[\u115f\u1160]")

allowed_characters = UnicodeUsernameValidator()


def visible_letters(username: str) -> None:
    """Refuse letters that show nothing; raises Django's ValidationError."""
    if INVISIBLE_LETTERS.search(username):
        raise ValidationError("A username may not hold invisible letters.", code="invalid")


def normalize(username: str) -> str:
    """The form that is stored and shown: NFKC, so that one name has one spelling."""
    return unicodedata.normalize("NFKC", username)


def key(username: str) -> str:
    """The same for every casing and spelling of a name, different for different names.

    Unicode's caseless matching (Unicode Standard, 3.13, D146), with a step through capitals:
    folding alone leaves the dotless i (U+0131) apart from its own capital, "I".
    """
    capitals = unicodedata.normalize("NFKD", username).upper()
    return normalize(unicodedata.normalize("NFKD", capitals).casefold())

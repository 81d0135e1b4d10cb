"""The rules for usernames, and when two of them are the same."""

import hashlib
import re
import unicodedata
from functools import lru_cache
from typing import Any

from confusable_homoglyphs import categories
from confusable_homoglyphs.confusables import confusables_data
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from sessions_app.domain.texts.folding import bounded

MAX_CHARS = 150
# Folding turns an allowed character into at most two ("ß" → "ss"); three leave room for later
# versions of Unicode.
MAX_KEY_CHARS = 3 * MAX_CHARS
# A spelling at sign-in may be longer than the stored name: 150 "ß" in capitals are 300 characters.
MAX_TYPED_CHARS = 4 * MAX_CHARS

# The Hangul fillers are letters to Unicode, but they are invisible.
INVISIBLE_LETTERS = re.compile("[\u115f\u1160]")

LOOK_CHARS = 32
_CONFUSABLES: dict[str, list[dict[str, Any]]] = confusables_data
_ANY_SCRIPT = {"COMMON", "INHERITED"}
_MIXTURES = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)

allowed_characters = UnicodeUsernameValidator()


def visible_letters(username: str) -> None:
    """Refuse invisible letters; raises Django's ValidationError."""
    if INVISIBLE_LETTERS.search(username):
        raise ValidationError("A username may not contain invisible letters.", code="invalid")


def one_script_a_word(username: str) -> None:
    """Refuse words of several scripts, such as Latin with a Cyrillic "\u0430".

    Unicode's "highly restrictive" level (UTS 39, 5.2): a word has one script, or one of the
    mixtures that Chinese, Japanese and Korean are written in. Raises Django's ValidationError.
    """
    for word in re.split(r"[@.+\-_]", normalize(username)):
        scripts = categories.unique_aliases(word) - _ANY_SCRIPT
        if len(scripts) > 1 and not any(scripts <= mixture for mixture in _MIXTURES):
            message = "A word of a username may not mix alphabets."
            raise ValidationError(message, code="mixed_scripts")


def look(username: str) -> str:
    """A hash that names have in common that look alike: of their UTS 39 skeleton.

    A hash, as one character may look like many.
    """
    return _hashed_skeleton(key(username))


def looks(username: str) -> set[str]:
    """As `look`, of the name in any casing and as it is typed: a capital "I" looks like an "l"."""
    return {look(username), _hashed_skeleton(normalize(username))}


def _hashed_skeleton(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    skeleton = "".join(map(_prototype, decomposed)).casefold()
    return hashlib.blake2b(skeleton.encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=4_096)
def _prototype(character: str) -> str:
    """What Unicode's table of confusables has for all characters that look like this one."""
    alike = [str(entry["c"]) for entry in _CONFUSABLES.get(character, [])]
    if len(alike) != 1:
        return character  # it looks like none, or is the prototype of several
    (other,) = alike
    # The package lists each pair in both directions; of two, either may be the prototype.
    return other if len(_CONFUSABLES.get(other, [])) > 1 else min(character, other)


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

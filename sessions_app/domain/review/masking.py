"""Hides e-mail addresses, telephone and card numbers in what staff read.

A text is split into parts, each shown or hidden as a kind. Recognising telephone numbers takes
tables of all countries' numbering plans, so the caller passes a finder for them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import NamedTuple


class Kind(StrEnum):
    """The kinds of text that are hidden."""

    EMAIL = "e-mail"
    CARD = "card number"
    PHONE = "phone number"


class TextPart(NamedTuple):
    """A part of a text; `hidden` is its kind where it must not be shown."""

    text: str
    hidden: Kind | None = None


class HiddenSpan(NamedTuple):
    """The characters `start` up to, and without, `end`, which must be hidden."""

    start: int
    end: int
    kind: Kind


Finder = Callable[[str], Iterable[tuple[int, int]]]

# RFC 5321, 4.5.3.1: 64 octets before the @, 255 behind it. The bounds also keep the search linear
# for any text. Dots separate atoms (RFC 5322, 3.2.3); letters may be of any script (RFC 6531).
_EMAIL = re.compile(
    r"(?<![\w.!#$%&'*+=?^`{|}~-])"
    r"[\w!#$%&'*+=?^`{|}~-](?:[\w.!#$%&'*+=?^`{|}~-]{0,63})"
    r"@(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_][\w-]{1,62}"
)
# ISO/IEC 7812-1: 12 to 19 digits, printed in groups.
_CARD = re.compile(r"(?<![\d.,])\d(?:[ \-\u00a0\u2009\u2011]?\d){11,18}(?![\d])")


def mask(text: str, phones: Finder) -> list[TextPart]:
    """Split `text` into parts, with those marked that must be hidden; joined they are `text`.

    Overlapping matches count as the first of: e-mail, card, phone.
    """
    matches: list[HiddenSpan] = []
    # Marks the hidden characters, so that a later kind cannot overlap an earlier one.
    taken = bytearray(len(text))
    for each in chain(_emails(text), _cards(text), _phones(text, phones)):
        if not any(taken[each.start : each.end]):
            matches.append(each)
            taken[each.start : each.end] = b"x" * (each.end - each.start)
    return list(_parts(text, sorted(matches)))


def hidden(text: str, phones: Finder) -> str:
    """`text` with the kind in brackets in place of each part that must be hidden."""
    return "".join(f"[{part.hidden}]" if part.hidden else part.text for part in mask(text, phones))


def passes_luhn(digits: str) -> bool:
    """Whether a number's last digit is its check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _emails(text: str) -> Iterator[HiddenSpan]:
    # Most text has no @, which a plain search sees at once.
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield HiddenSpan(*match.span(), Kind.EMAIL)


def _cards(text: str) -> Iterator[HiddenSpan]:
    for match in _CARD.finditer(text):
        digits = "".join(filter(str.isdecimal, match[0]))
        # All zeros pass the check, and are common in tables.
        if passes_luhn(digits) and len(set(digits)) > 1:
            yield HiddenSpan(*match.span(), Kind.CARD)


def _phones(text: str, phones: Finder) -> Iterator[HiddenSpan]:
    for start, end in phones(text):
        yield HiddenSpan(start, end, Kind.PHONE)


def _parts(text: str, matches: Iterable[HiddenSpan]) -> Iterator[TextPart]:
    shown = 0
    for start, end, kind in matches:
        if start > shown:
            yield TextPart(text[shown:start])
        yield TextPart(text[start:end], kind)
        shown = end
    if shown < len(text):
        yield TextPart(text[shown:])

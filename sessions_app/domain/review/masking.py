"""Hiding e-mail addresses, telephone and card numbers in what staff read.

A text becomes pieces, each shown as it is or hidden with the kind of thing that it is. Finding
telephone numbers takes tables of all countries' numbering plans, so that finder is given.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import NamedTuple


class Kind(StrEnum):
    """What is hidden."""

    EMAIL = "e-mail"
    CARD = "card number"
    PHONE = "phone number"


class Piece(NamedTuple):
    """A run of text; `hidden` says what it is where it must not be shown."""

    text: str
    hidden: Kind | None = None


class HiddenSpan(NamedTuple):
    """Where something that must be hidden stands: `start` up to `end`."""

    start: int
    end: int
    kind: Kind


Finder = Callable[[str], Iterable[tuple[int, int]]]

# RFC 5321, 4.5.3.1: 64 octets before the @, 255 behind it; bounded, so that no text makes the
# search slow. Dots stand between atoms (RFC 5322, 3.2.3); letters are those of any script (6531).
_EMAIL = re.compile(
    r"(?<![\w.!#$%&'*+=?^`{|}~-])"
    r"[\w!#$%&'*+=?^`{|}~-](?:[\w.!#$%&'*+=?^`{|}~-]{0,63})"
    r"@(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_][\w-]{1,62}"
)
# ISO/IEC 7812-1: 12 to 19 digits, printed in groups.
_CARD = re.compile(r"(?<![\d.,])\d(?:[ \-\u00a0\u2009\u2011]?\d){11,18}(?![\d])")


def mask(text: str, phones: Finder) -> list[Piece]:
    """`text` in pieces, with what must be hidden marked; together they are `text`.

    What overlaps is hidden as the kind that is looked for first: e-mail, card, phone.
    """
    matches: list[HiddenSpan] = []
    taken = bytearray(len(text))
    for each in chain(_emails(text), _cards(text), _phones(text, phones)):
        if not any(taken[each.start : each.end]):
            matches.append(each)
            taken[each.start : each.end] = b"x" * (each.end - each.start)
    return list(_pieces(text, sorted(matches)))


def hidden(text: str, phones: Finder) -> str:
    """`text` with a word in brackets in place of what must be hidden."""
    return "".join(
        f"[{piece.hidden}]" if piece.hidden else piece.text for piece in mask(text, phones)
    )


def passes_luhn(digits: str) -> bool:
    """Whether a number's last digit is its check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _emails(text: str) -> Iterator[HiddenSpan]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield HiddenSpan(*match.span(), Kind.EMAIL)


def _cards(text: str) -> Iterator[HiddenSpan]:
    for match in _CARD.finditer(text):
        digits = "".join(filter(str.isdecimal, match[0]))
        # All zeros pass the check, and stand in many a table.
        if passes_luhn(digits) and len(set(digits)) > 1:
            yield HiddenSpan(*match.span(), Kind.CARD)


def _phones(text: str, phones: Finder) -> Iterator[HiddenSpan]:
    for start, end in phones(text):
        yield HiddenSpan(start, end, Kind.PHONE)


def _pieces(text: str, matches: Iterable[HiddenSpan]) -> Iterator[Piece]:
    shown = 0
    for start, end, kind in matches:
        if start > shown:
            yield Piece(text[shown:start])
        yield Piece(text[start:end], kind)
        shown = end
    if shown < len(text):
        yield Piece(text[shown:])

"""Masks text for staff: e-mail addresses, card numbers, and telephone numbers of all countries."""

import re
from collections.abc import Iterator

import phonenumbers
from django.conf import settings
from phonenumbers import Leniency, PhoneNumberMatcher

from sessions_app.domain import review
from sessions_app.domain.review import TextPart

# Seven digits or more with little between them: one telephone number, or several.
_DIGITS = re.compile(r"\+?\(?\d(?:[ \t().\-/\u00a0\u2009\u2010\u2011]{0,3}\d){6,}")
# The matcher takes a millisecond per candidate. Beyond these bounds, as in a table of numbers,
# candidates are hidden without it.
_MAX_CANDIDATES = 10
_MAX_CANDIDATE_CHARS = 120


def masked(text: str) -> list[TextPart]:
    """Split `text` into parts; those with a kind must not be shown."""
    return review.mask(text, phone_numbers)


def hidden(text: str) -> str:
    """`text` with placeholders, for plain text such as a title or a file."""
    return review.hidden(text, phone_numbers)


def phone_numbers(text: str) -> Iterator[tuple[int, int]]:
    """The start and end of each telephone number.

    International format is recognised for every country, national format for those of
    REVIEW_PHONE_REGIONS.
    """
    candidates = [match.span() for match in _DIGITS.finditer(text)]
    for start, end in candidates:
        if len(candidates) > _MAX_CANDIDATES or end - start > _MAX_CANDIDATE_CHARS:
            yield start, end
        else:
            # With the characters around it: a letter there may rule out a number.
            begin = max(0, start - 2)
            yield from _within(text[begin : end + 12], begin)


def _within(text: str, offset: int) -> Iterator[tuple[int, int]]:
    # None recognises the international format of every country.
    for region in (None, *settings.REVIEW_PHONE_REGIONS):
        for match in PhoneNumberMatcher(text, region, Leniency.VALID):
            yield offset + match.start, offset + match.end


def known_regions() -> frozenset[str]:
    """The countries whose telephone numbers can be recognised."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)

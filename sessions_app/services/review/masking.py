"""What is hidden from staff until they say why they have to see it."""

import re
from collections.abc import Iterator

import phonenumbers
from django.conf import settings
from phonenumbers import Leniency, PhoneNumberMatcher

from sessions_app.domain import review
from sessions_app.domain.review import Piece

# Seven digits or more with little between them: what a telephone number, or several, can be.
_DIGITS = re.compile(r"\+?\(?\d(?:[ \t().\-/\u00a0\u2009\u2010\u2011]{0,3}\d){6,}")
# The matcher takes a millisecond for each place. Where there are more of them in one message, or
# one is very long, as in a table of numbers, they are hidden unlooked at.
_MOST_PLACES = 10
_LONGEST = 120


def masked(text: str) -> list[Piece]:
    """`text` in pieces; those with a kind must not be shown."""
    return review.mask(text, phone_numbers)


def hidden(text: str) -> str:
    """`text` for where there is only text, such as a title or a file."""
    return review.hidden(text, phone_numbers)


def phone_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where telephone numbers stand.

    Written internationally, those of every country; otherwise, those of REVIEW_PHONE_REGIONS.
    """
    places = [match.span() for match in _DIGITS.finditer(text)]
    for start, end in places:
        if len(places) > _MOST_PLACES or end - start > _LONGEST:
            yield start, end
        else:
            # With what stands around it: a letter there may make it something else.
            begin = max(0, start - 2)
            yield from _within(text[begin : end + 12], begin)


def _within(text: str, offset: int) -> Iterator[tuple[int, int]]:
    for region in (None, *settings.REVIEW_PHONE_REGIONS):
        for match in PhoneNumberMatcher(text, region, Leniency.VALID):
            yield offset + match.start, offset + match.end


def known_regions() -> frozenset[str]:
    """The countries whose numbers can be told."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)

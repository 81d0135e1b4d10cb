"""What is hidden from staff until they say why they have to see it."""

import re
from collections.abc import Iterator

import phonenumbers
from django.conf import settings
from phonenumbers import Leniency, PhoneNumberMatcher

from sessions_app.domain import masking
from sessions_app.domain.masking import Piece

# Seven digits or more with little between them: what a telephone number can be.
_DIGITS = re.compile(r"\+?\(?\d(?:[^\d\n]{0,3}\d){6,24}")
# The matcher takes a millisecond for each place. Where there are more of them in one message, as
# in a table of numbers, all are hidden unlooked at.
_MOST_PLACES = 10


def masked(text: str) -> list[Piece]:
    """`text` in pieces; those with a kind must not be shown."""
    return masking.mask(text, phone_numbers)


def hidden(text: str) -> str:
    """`text` for where there is only text, such as a title or a file."""
    return masking.hidden(text, phone_numbers)


def phone_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where telephone numbers stand.

    Written internationally, those of every country; otherwise, those of REVIEW_PHONE_REGIONS.
    """
    places = [match.span() for match in _DIGITS.finditer(text)]
    if len(places) > _MOST_PLACES:
        yield from places
        return
    for start, end in places:
        # With what stands around it: a digit or a letter there may make it something else.
        begin = max(0, start - 2)
        yield from _within(text[begin : end + 12], begin)


def _within(text: str, offset: int) -> Iterator[tuple[int, int]]:
    for region in (None, *settings.REVIEW_PHONE_REGIONS):
        for match in PhoneNumberMatcher(text, region, Leniency.VALID):
            yield offset + match.start, offset + match.end


def known_regions() -> frozenset[str]:
    """The countries whose numbers can be told."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)

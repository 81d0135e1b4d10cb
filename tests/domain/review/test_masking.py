"""What is found to be an address or a number, what is not, and that nothing else changes."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.review.masking import Kind, TextPart, hidden, mask, passes_luhn


def no_phones(_):
    return ()


def seven_digits(text):
    return [match.span() for match in re.finditer(r"\d{7}", text)]


@pytest.mark.parametrize(
    "address",
    [
        "maria@example.org", "a.b+tag@mail.example.co.uk", "o'hara@example.ie", "x_y-z@a-b.museum",
        "grüße@bücher.example", "用户@例子.广告", "UPPER@EXAMPLE.COM", "1@2.de",
        "a@xn--bcher-kva.example",
    ],
)  # fmt: skip
def test_an_address_is_hidden(address):
    assert hidden(f"Write to <{address}>, please.", no_phones) == "Write to <[e-mail]>, please."
    assert hidden(address, no_phones) == "[e-mail]"


@pytest.mark.parametrize(
    "text", ["@maria", "maria@", "a @ b.de", "user@host", "x@1.2", "5 @ 3.50 each", "@everyone"]
)
def test_what_is_no_address_stays(text):
    assert hidden(text, no_phones) == text


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005",
        "3782 822463 10005", "5555\u00a05555\u00a05555\u00a04444", "6304000000000000",
        "30569309025904", "6011000990139424",
    ],
)  # fmt: skip
def test_a_card_number_is_hidden(number):
    assert passes_luhn("".join(filter(str.isdecimal, number)))
    assert hidden(f"Card: {number}.", no_phones) == "Card: [card number]."


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112", "0000 0000 0000 0000", "411111111111111111111", "2026-11-22 10:30",
        "550e8400-e29b-41d4-a716-446655440000", "1 2 3", "3.14159265358979",
    ],
)  # fmt: skip
def test_other_numbers_stay(text):
    assert hidden(text, no_phones) == text


def test_what_is_found_for_phones_is_hidden_unless_it_is_something_else():
    text = "1234567 and a1234567@example.org and 4111111111111111"
    parts = mask(text, seven_digits)
    assert [part.hidden for part in parts] == [Kind.PHONE, None, Kind.EMAIL, None, Kind.CARD]


def test_pieces_are_the_text():
    text = "a@b.de and c@d.de"
    assert mask(text, no_phones) == [
        TextPart("a@b.de", Kind.EMAIL),
        TextPart(" and "),
        TextPart("c@d.de", Kind.EMAIL),
    ]
    assert mask("", no_phones) == []


@given(st.text())
def test_nothing_is_lost(text):
    assert "".join(part.text for part in mask(text, seven_digits)) == text


@given(st.text(alphabet="a@.1 -+4", max_size=400))
def test_masking_twice_is_masking_once(text):
    once = hidden(text, no_phones)
    assert hidden(once, no_phones) == once


@pytest.mark.parametrize("part", ["a.a@", "a@b.", "1 2-", "@", "a@a.aa ", "9" * 19])
def test_no_text_takes_time_beyond_its_length(part):
    """A pattern that tries again from each place would take minutes here."""
    started = time.process_time()
    hidden(part * (200_000 // len(part)), no_phones)
    assert time.process_time() - started < 20

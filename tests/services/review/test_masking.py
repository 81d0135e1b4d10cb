"""Telephone numbers, as they are written in many places."""

import pytest

from sessions_app.services.review import masking


@pytest.mark.parametrize(
    "number",
    ["+49 30 901820", "+351 912 345 678", "(415) 555-2671", "415-555-2671", "020 7946 0958",
     "+1 (212) 555 0123", "030 901820", "0800 123 4567", "+4930901820"],
)  # fmt: skip
def test_a_number_is_hidden(number, settings):
    settings.REVIEW_PHONE_REGIONS = ["US", "GB", "DE"]
    assert masking.hidden(f"Call {number} today.") == "Call [phone number] today."


@pytest.mark.parametrize(
    "text",
    ["2026-11-22 10:30:00", "Order 123456", "Room 12, floor 3", "1.000.000,00 €", "12345",
     "192.168.100.200", "550e8400-e29b-41d4-a716-446655440000"],
)  # fmt: skip
def test_other_numbers_stay(text, settings):
    settings.REVIEW_PHONE_REGIONS = ["US", "GB", "DE"]
    assert masking.hidden(text) == text


def test_national_numbers_are_those_of_the_regions(settings):
    settings.REVIEW_PHONE_REGIONS = []
    assert masking.hidden("030 901820 or +49 30 901820") == "030 901820 or [phone number]"


def test_a_text_full_of_numbers_has_all_of_them_hidden():
    numbers = [str(n) for n in range(123456789, 123456809)]
    for text in (" and ".join(numbers), " / ".join(numbers)):
        assert "1234" not in masking.hidden(text)


def test_a_number_among_others_is_hidden(settings):
    settings.REVIEW_PHONE_REGIONS = ["US", "GB", "DE"]
    assert masking.hidden("030 901820 / +49 30 901821") == "[phone number] / [phone number]"


def test_a_list_of_small_numbers_stays():
    text = ", ".join(map(str, range(100)))
    assert masking.hidden(text) == text


def test_every_region_of_the_settings_is_known(settings):
    assert set(settings.REVIEW_PHONE_REGIONS) <= masking.known_regions()


def test_an_unknown_region_is_told_at_the_start(settings):
    from sessions_app.review.checks import phone_regions

    assert phone_regions() == []
    settings.REVIEW_PHONE_REGIONS = ["US", "Germany"]
    (problem,) = phone_regions()
    assert problem.msg == "REVIEW_PHONE_REGIONS names no country that is known: Germany"

"""Text is bounded before it is folded."""

import re
import sys
import unicodedata

import pytest

from accounts import usernames
from sessions_app.domain.dialect.naming import fitting_name
from sessions_app.domain.search.text import fold, snippet, terms
from sessions_app.domain.texts.folding import MARKS_MAX, SPELLED_OUT_MAX, bounded

MARKS = "\u0323\u0301\u0327\u0302"


def test_text_as_people_write_it_is_left_as_it_is():
    for text in (
        "plain",
        "Việt Nam, re\u0301sume\u0301",
        "שָׁלוֹם",
        "हिन्दी",
        "ｶﾞｷﾞ",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "a" + MARKS * 7,
    ):
        assert bounded(text) == text


def test_of_a_run_of_marks_thirty_are_left():
    assert bounded("a" + MARKS * 8_000 + "b") == "a" + (MARKS * 8)[:MARKS_MAX] + "b"


def test_each_run_of_a_text_has_its_own_thirty():
    long_run = "\u0301" * 31
    assert bounded(f"a{long_run}b{long_run}") == f"a{long_run[1:]}b{long_run[1:]}"


def test_it_knows_every_character_that_normal_forms_sort():
    longer = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0])
        and len(bounded(chr(code) * 40)) > MARKS_MAX
    ]
    assert longer == []


def test_folding_makes_no_text_much_longer():
    text = "\ufdfa" * 100_000
    assert len(unicodedata.normalize("NFKD", text)) == 18 * len(text)
    assert len(unicodedata.normalize("NFKD", bounded(text))) == 18 * SPELLED_OUT_MAX


def test_every_other_character_becomes_four_at_most():
    longer = [
        code
        for code in range(sys.maxunicode + 1)
        if len(unicodedata.normalize("NFKD", chr(code))) > 4
        and len(bounded(chr(code) * (SPELLED_OUT_MAX + 1))) > SPELLED_OUT_MAX
    ]
    assert longer == []


@pytest.mark.parametrize(
    "text", [MARKS * 20, "\u3099" * 50, "\u0344" * 40, "か\u3099", "\u0f73" * 40]
)
def test_folding_a_folded_text_changes_nothing(text: str):
    assert fold(fold(f"a{text}b")) == fold(f"a{text}b")


def test_a_message_of_marks_is_found_by_the_words_beside_them():
    assert terms("alpha" + MARKS * 8_000 + " beta") == {"alpha", "beta"}


def test_a_snippet_shows_no_long_run():
    shown = snippet("beta " + "a" + MARKS * 8_000, re.compile("beta"))
    assert shown == unicodedata.normalize("NFC", "beta a" + (MARKS * 8)[:MARKS_MAX])


def test_names_are_bounded_as_well():
    assert usernames.key("é" + MARKS * 100) == usernames.key("é" + MARKS * 50)
    assert len(usernames.normalize("e" + MARKS * 100)) <= 1 + MARKS_MAX
    assert fitting_name("e" + MARKS * 100).startswith("e-")

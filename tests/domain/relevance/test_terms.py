"""Words of many languages are compared as people write them."""

import pytest

from sessions_app.domain.relevance.terms import words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wie groß ist der Käse?", "der KÄSE ist groß"), ("café à Paris", "cafe a paris"),
        ("élève", "e\u0301le\u0300ve"), ("البرمجة", "برمجة"), ("أحتاجُ", "احتاج"),
        ("والكعكة", "الكعكه"), ("It’s Ann’s", "it's Ann's"), ("한국어", "한국어"),
    ],
)  # fmt: skip
def test_spellings_of_one_word_are_one(one, other):
    assert set(words(one)) & set(words(other))


def test_scripts_without_spaces_are_read_in_pairs():
    assert words("冰箱里能保存多久") == ["冰箱", "箱里", "里能", "能保", "保存", "存多", "多久"]
    assert set(words("冷蔵庫で")) & set(words("その冷蔵庫の中"))
    assert words("iPhone15を買う") == ["iphone15", "を買", "買う"]
    assert words("猫") == ["猫"]


def test_a_japanese_sound_mark_is_part_of_its_letter():
    assert words("がか") == ["がか"]
    assert set(words("は")) != set(words("ば"))


def test_english_is_stemmed_as_before():
    assert words("She painted Ann's houses") == ["paint", "ann", "hous"]

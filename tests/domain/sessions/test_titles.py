"""Titles from what was said first."""

import pytest

from sessions_app.domain.sessions import titles


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        (["Which hotels in Lisbon take dogs?"], "Which hotels in Lisbon take dogs?"),
        (["hi", "plan a trip to Lisbon"], "Plan a trip to Lisbon"),
        (["Hello!"], "Hello"),
        (["Hello, can you help me with SQL?"], "Can you help me with SQL?"),
        (["Dear Dr. Smith, I write to you. And more."], "Dear Dr. Smith, I write to you"),
        (["```python\nprint(1)\n```\nWhy does this fail?"], "Why does this fail?"),
        (["```\nonly code\n```"], "Only code"),
        (["# **Plan** for `May`"], "Plan for May"),
        (["See https://www.example.org/a/b?c=d please"], "See example.org please"),
        (["[the docs](https://example.org) are wrong"], "The docs are wrong"),
        (["明日の東京の天気はどうですか。そして明後日は？"], "明日の東京の天気はどうですか"),
        (["", "   \n\n", "???"], ""),
        ([], ""),
    ],
)
def test_it_is_what_a_person_would_call_it(texts: list[str], title: str):
    assert titles.title_of(texts) == title


def test_a_long_one_ends_after_a_whole_word():
    title = titles.title_of(["I would like to know everything about " + "elephants and " * 20])
    assert title.endswith("…")
    assert len(title) <= titles.TITLE_CHARS + 1
    assert not title.removesuffix("…").endswith(("e", "el", "ele", "an", ","))


def test_one_without_spaces_is_cut_anyway():
    assert len(titles.title_of(["x" * 500])) == titles.TITLE_CHARS + 1


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ('"Dogs in Lisbon."', "Dogs in Lisbon"),
        ("Title: Dogs in Lisbon\n", "Dogs in Lisbon"),
        ("**Dogs in Lisbon**", "Dogs in Lisbon"),
        ("I am sorry, but I cannot do this because " + "of many things " * 9, ""),
        ("", ""),
        ("a\nb\nc\nd", ""),
    ],
)
def test_a_models_answer_is_tidied(answer: str, title: str):
    assert titles.title_in_answer(answer) == title


def test_what_a_model_is_asked_is_bounded():
    asked = titles.title_prompt([("user", "x" * 10_000), ("assistant", "y" * 10_000)])
    assert len(asked[1]["content"]) < 1_300

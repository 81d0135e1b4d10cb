"""Titles and summaries as models give them."""

import pytest

from sessions_app.domain.dialect import unwrapped, without_thoughts


@pytest.mark.parametrize(
    "answer",
    [
        "Trains to Rome",
        "<think>\nThe user asks about trains.\n</think>\n\nTrains to Rome",
        "[THINK]Hm.[/THINK]Trains to Rome",
        "◁think▷Hm.◁/think▷Trains to Rome",
        "<THINK>Hm.</THINK> Trains to Rome",
        "The user asks about trains.\n</think>\n\nTrains to Rome",
        "<think></think>Trains to Rome",
        "```\nTrains to Rome\n```",
        "```text\nTrains to Rome\n```",
        "Sure! Here is a title: Trains to Rome",
        "Sure! Here is a title:\n\nTrains to Rome",
        "Here's a concise title for the conversation: Trains to Rome",
        "Certainly, here is the title you asked for:\nTrains to Rome",
        "Title: Trains to Rome",
        "**Title:** Trains to Rome",
        '{"title": "Trains to Rome"}',
        '```json\n{"title": "Trains to Rome"}\n```',
        '["Trains to Rome"]',
        '"Trains to Rome"',
        "<think>a</think><think>b</think>Sure! Here's the title:\n```json\n"
        '{"title": "Trains to Rome"}\n```',
    ],
)
def test_it_is_unwrapped(answer):
    assert unwrapped(answer) == "Trains to Rome"


@pytest.mark.parametrize(
    "answer",
    [
        "", "<think>The user wants a title", "[THINK]Hm.[/THINK]", "<think>Hm.</think>  ",
        "◁think▷…", "Sure!", "Certainly.", '{"title": "Trains to', '{"a": 1, "b": 2}', "[]", "{}",
        "```json\n{", "Sure! Here is a title:", "```",
    ],
)  # fmt: skip
def test_an_answer_that_is_nothing_else_is_none(answer):
    assert unwrapped(answer) == ""


@pytest.mark.parametrize(
    "title",
    ["[WIP] Budget for May", "How to think: a guide", "Title deeds and their history",
     "The name of the rose", "Sure footing on ice", "{x} in templates",
     "Meaning of <think> in answers", "My title bout with Ali"],
)  # fmt: skip
def test_a_title_that_only_looks_wrapped_stays(title):
    assert unwrapped(title) == title


def test_only_thoughts_at_the_beginning_are_removed():
    assert without_thoughts("A <think>b</think> c") == "A <think>b</think> c"

"""A watched dialogue in lines for people."""

from typing import Any

import pytest
from rich.cells import cell_len

from sessions_app.simulation.dialogues import Dialogue
from sessions_app.simulation.transcript import DIM, shifts_line, transcript, window_line
from sessions_app.simulation.watched import ShiftCount, Watched

WINDOW = {"kept": 2, "dropped": 1, "token_count": 1_234, "max_tokens": 4_000, "strategy": "hybrid"}
TOPIC = {"topic": 1, "start_seq": 1, "label": "hotels, lisbon", "score": 0.0}
SHIFT = {"topic": 2, "start_seq": 2, "label": "sort, python, list", "score": 0.613}


def user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}


def lines(*messages: dict[str, Any], width: int = 80, **fields: Any) -> list[str]:
    dialogue = Dialogue("one", messages, fields.pop("topic_starts", None))
    fields = {"windows": [], "topics": [TOPIC]} | fields
    return [line.plain for line in transcript(Watched(dialogue, "s", **fields), width)]


def test_a_dialogue_is_told_in_order_with_its_windows_and_shifts():
    printed = lines(
        user("Which hotels?"),
        user("Sort a list?"),
        windows=[{"seq": 1, **WINDOW}, {"seq": 2, "problem": "Too long."}],
        topics=[TOPIC, SHIFT],
    )

    assert printed == [
        "════ one, topic 1: hotels, lisbon ════",
        "1 user: Which hotels?",
        "    window: 2 kept, 1 dropped, 1,234 of 4,000 tokens, hybrid",
        "──── topic 2: sort, python, list (0.61) ────",
        "2 user: Sort a list?",
        "    window: none. Too long.",
    ]


def test_a_shift_that_the_file_has_too_is_marked():
    printed = lines(user("a"), user("b"), topics=[TOPIC, SHIFT], topic_starts=frozenset({2}))

    assert "──── topic 2: sort, python, list (0.61) ◆ ────" in printed


def test_a_shift_that_was_not_found_is_marked_where_it_should_be():
    printed = lines(user("a"), user("b"), topic_starts=frozenset({2}))

    assert printed[2:] == ["◆ a topic starts here, not found", "2 user: b"]


def test_windows_are_dim():
    watched = Watched(Dialogue("one", [user("a")]), "s", [{"seq": 1, **WINDOW}], [TOPIC])

    assert [span.style for span in transcript(watched, 80)[-1].spans] == [DIM]


@pytest.mark.parametrize("width", [1, 24, 40])
def test_no_line_is_wider_than_the_terminal(width: int):
    printed = lines(user("我想学做麻婆豆腐需要什么材料 " * 3 + "x" * 90 + " a word"), width=width)

    assert max(map(cell_len, printed)) <= max(width, 20)
    assert printed[-1].startswith("    ")


def test_content_keeps_its_lines_and_its_indentation():
    printed = lines(user("code:\r\n\r\nif x:\n    pass\n\n"))

    assert printed[1:] == ["1 user: code:", "", "    if x:", "        pass"]


def test_spaces_in_front_of_a_content_are_shown():
    assert lines(user("  both ends  "))[1] == "1 user:   both ends"


def test_tools_that_are_called_are_named():
    calls = [{"id": "1", "function": {"name": "get_weather"}}, {"id": "2"}]
    silent = {"role": "assistant", "content": "", "tool_calls": calls}

    assert lines(silent, silent | {"content": "Both:"})[1:] == [
        "1 assistant: (calls get_weather, a tool)",
        "2 assistant: Both: (calls get_weather, a tool)",
    ]


def test_nothing_steers_the_terminal():
    printed = "".join(lines(user("\x1b[31mred\x9b \ud800"), topics=[TOPIC | {"label": "\x1b]0;"}]))

    assert "\x1b" not in printed
    assert "\x9b" not in printed
    assert "\ud800" not in printed
    assert "\ufffd[31mred" in printed


def test_a_dialogue_without_judged_topics_has_its_name_alone():
    assert lines(user("a"), topics=[])[0] == "════ one ════"


def test_thousands_are_set_apart():
    assert window_line(WINDOW | {"max_tokens": 1_000_000}).endswith("of 1,000,000 tokens, hybrid")


def test_a_window_with_a_summary_says_of_what():
    printed = window_line(WINDOW | {"summary": {"first_seq": 1, "last_seq": 9, "token_count": 80}})

    assert printed.startswith("window: 2 kept, 1 dropped (1 to 9 summarised), 1,234 of")


def test_the_count_of_shifts_names_hits_extra_and_missed():
    assert shifts_line(ShiftCount(12, 9, 4, 2)) == (
        "topic shifts: hits 9, extra 4, missed 2 (◆ in 12 dialogues)"
    )
    assert shifts_line(ShiftCount(1, 0, 0, 1)).endswith("(◆ in 1 dialogue)")

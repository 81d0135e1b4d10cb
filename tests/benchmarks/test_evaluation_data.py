"""Each public set becomes the form that the benchmarks read, from a small file of its own form."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks import evaluation_data

SETS = Path(__file__).parent / "public_sets"
PAGE = (Path(__file__).parents[2] / "docs" / "evaluation-data.md").read_text()


def built(name: str, tmp_path: Path, *options: str) -> list[dict[str, Any]]:
    output = tmp_path / "topics" / f"{name}.jsonl"
    source = SETS / f"{name}.json"
    assert evaluation_data.main([name, str(source), "--output", str(output), *options]) == 0
    return [json.loads(line) for line in output.read_text().splitlines()]


def said(conversation: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in conversation["messages"]]


def test_segments_become_the_messages_that_open_a_topic(tmp_path: Path):
    first, second = built("dialseg711", tmp_path)

    assert (first["id"], first["topic_starts"]) == ("dialseg_711-0", [3])
    assert (second["id"], second["topic_starts"]) == ("dialseg_711-1", [])
    assert said(first)[2] == ("user", "Book a table for six.")


def test_the_message_after_a_topic_s_last_one_opens_the_next(tmp_path: Path):
    [only] = built("superdialseg", tmp_path)

    assert (only["id"], only["topic_starts"]) == ("superseg_validation_0", [3])
    assert said(only)[1] == ("assistant", "Was the course cancelled?")


def test_labels_open_topics_and_numbers_go_on(tmp_path: Path):
    first, second = built("tiage", tmp_path, "--numbered-from", "300")

    assert (first["id"], first["topic_starts"]) == ("tiage-300", [3])
    assert (second["id"], second["topic_starts"]) == ("tiage-301", [])


def test_one_path_through_a_conversation_is_taken(tmp_path: Path):
    first, second = built("cast22", tmp_path)

    assert [len(each["messages"]) for each in (first, second)] == [5, 2]
    assert said(second) == [("user", "How do I grow basil?"), ("assistant", "In the sun.")]


def test_both_forms_of_turns_are_read_up_to_a_question_without_an_answer(tmp_path: Path):
    conversations = built("ikat", tmp_path)

    assert [len(each["messages"]) for each in conversations] == [4, 2, 2]
    assert said(conversations[1])[0] == ("user", "I want a bike.")


def test_conversations_about_one_subject_never_stand_in_one_dialogue(tmp_path: Path):
    for mixed in built("ikat", tmp_path, "--mix", "1", "--times", "5"):
        assert sum("bike" in content for _, content in said(mixed)) <= 1


def test_chats_written_by_hand_are_mixed_as_the_public_ones(tmp_path: Path):
    [only] = built("written", tmp_path, "--mix", "1")

    assert said(only)[2:] == [("user", "ok"), ("assistant", "Fine.")]


def test_glued_conversations_shift_at_their_seams(tmp_path: Path):
    [glued] = built("cast22", tmp_path, "--glue", "2")

    assert (len(glued["messages"]), glued["topic_starts"]) == (7, [6])


def test_the_longest_form_of_a_conversation_is_taken_where_speakers_take_turns(tmp_path: Path):
    [only] = built("mtrag", tmp_path)

    assert [text for _, text in said(only)] == [
        "How is a bond priced?", "By its coupons.", "And its yield?", "From the price.",
    ]  # fmt: skip


def test_a_task_whose_subject_changes_inside_is_left_out(tmp_path: Path):
    [only] = built("mtbench101", tmp_path)

    assert said(only)[2] == ("user", "What if it has expired?")


def test_mixed_conversations_are_cut_and_shift_at_their_seams():
    plain = [
        {"id": "", "messages": [{"content": f"{n}"}] * 20, "topic_starts": []} for n in range(40)
    ]

    mixed = list(evaluation_data.mixed(plain, 1))

    assert [len(each["topic_starts"]) for each in mixed][4::5] == [0] * (len(mixed) // 5)
    for each in mixed:
        edges = [1, *each["topic_starts"], len(each["messages"]) + 1]
        named = [each["messages"][edge - 1]["content"] for edge in edges[:-1]]
        assert len(set(named)) == len(named)


def test_every_fifth_glued_dialogue_has_no_shift():
    plain = [{"id": "", "messages": [{}, {}], "topic_starts": []} for _ in range(9)]

    shifts = [len(each["topic_starts"]) for each in evaluation_data.glued(plain, 2)]

    assert shifts == [1, 1, 1, 1, 0]


def test_questions_name_the_messages_that_answer_them(tmp_path: Path):
    [only] = built("locomo", tmp_path)

    assert said(only) == [
        ("user", "Ann: Hi!"),
        ("assistant", "Ben: Look at this. [image: a photo of a dog]"),
        ("user", "Ann: I moved to Porto."),
    ]
    assert only["questions"] == [
        {"question": "Where does Ann live?", "evidence": [1, 3], "category": 1}
    ]


def test_a_part_is_every_nth_from_the_kth_on(tmp_path: Path):
    assert [each["id"] for each in built("dialseg711", tmp_path, "--every", "2")] == [
        "dialseg_711-0"
    ]
    assert [each["id"] for each in built("dialseg711", tmp_path, "--first", "1")] == [
        "dialseg_711-1"
    ]
    assert len(built("tiage", tmp_path, "--limit", "1")) == 1


@pytest.mark.parametrize("name", evaluation_data.READERS)
@pytest.mark.parametrize("text", ["not JSON", "[]", "{}", '[{"a": 1}]', '{"dial_data": {"a": []}}'])
def test_another_form_is_refused_with_a_sentence(
    name: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    source, output = tmp_path / "download", tmp_path / "built.jsonl"
    source.write_text(text)

    assert evaluation_data.main([name, str(source), "--output", str(output)]) == 2
    assert f"is not {name} as published" in capsys.readouterr().err
    assert not output.exists()


def test_the_page_names_every_set_with_its_source():
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE, re.MULTILINE))

    assert set(rows) == set(evaluation_data.READERS)
    assert "benchmarks/chats.json" in rows.pop("written")
    assert all("https://" in row for row in rows.values())

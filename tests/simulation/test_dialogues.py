"""Reading dialogues, and saying which line cannot be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from sessions_app.simulation import dialogues
from sessions_app.simulation.dialogues import DialogueError

OWN = Path(dialogues.__file__).parents[1] / "dialogues"
TURN = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]


def dialogue(name: str, messages: Any = TURN) -> str:
    return json.dumps({"id": name, "messages": messages}) + "\n"


def starting(topics: Any) -> str:
    return json.dumps({"id": "a", "messages": TURN, "topic_starts": topics})


def test_a_dialogue_knows_where_its_topics_start_if_anybody_has_said(tmp_path: Path):
    path = tmp_path / "three.jsonl"
    path.write_text("\n".join([dialogue("unsaid"), starting([]), starting([2])]))

    unsaid, none, second = dialogues.read(path)

    assert (unsaid.topic_starts, none.topic_starts) == (None, frozenset())
    assert second.topic_starts == {2}


def test_a_message_keeps_what_goes_over_the_wire(tmp_path: Path):
    path = tmp_path / "one.jsonl"
    call = {"id": "call_1", "type": "function"}
    message = {"role": "assistant", "content": None, "tool_calls": [call], "turn": 7}
    path.write_text(dialogue("one", [message]))

    [dialogue_read] = dialogues.read(path)

    assert dialogue_read.messages == [{"role": "assistant", "content": "", "tool_calls": [call]}]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "Expecting property name enclosed in double quotes"),
        ("[]", "a dialogue is an object with an id, which is text"),
        ('{"id": 7, "messages": []}', "a dialogue is an object with an id, which is text"),
        ('{"id": "a", "messages": []}', "a dialogue has a list of messages"),
        (dialogue("a", ["Hi"]), "message 1 has no role of system, user, assistant, tool"),
        (dialogue("a", [{"role": "bot", "content": "Hi"}]), "message 1 has no role of system"),
        (dialogue("a", [{"role": "user", "content": 1}]), "the content of message 1 is not text"),
        (dialogue("a", [*TURN, {"role": "user"}]), "message 3 has neither content nor tool_calls"),
        (starting([1]), "topic_starts is a list of numbers of messages"),
        (starting([3]), "topic_starts is a list of numbers of messages"),
        (starting(["2"]), "topic_starts is a list of numbers of messages"),
        (starting(2), "topic_starts is a list of numbers of messages"),
        (" " + "[" * 100_000, "maximum recursion depth exceeded"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, complaint: str):
    path = tmp_path / "bad.jsonl"
    path.write_text(dialogue("good") + line)

    with pytest.raises(DialogueError) as caught:
        dialogues.read(path)

    assert str(caught.value).startswith(f"{path}:2: {complaint}")


def test_a_file_that_is_not_text_is_wrong_usage(tmp_path: Path):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(DialogueError, match=r"bad.jsonl is not UTF-8\.$"):
        dialogues.read(path)


def test_a_file_without_dialogues_is_wrong_usage(tmp_path: Path):
    path = tmp_path / "empty.jsonl"
    path.write_text("\n\n")

    with pytest.raises(DialogueError, match=r"empty.jsonl has no dialogues\.$"):
        dialogues.read(path)


def test_the_projects_own_dialogues_say_where_their_topics_start():
    for path in OWN.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            value = json.loads(line)
            starts = value["topic_starts"]
            assert starts == sorted(set(starts))
            assert set(starts) <= set(range(2, len(value["messages"]) + 1))

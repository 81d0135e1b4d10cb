"""Tokens of imported messages: exact wherever a message lies, and counted for new sessions only."""

import json
from pathlib import Path
from typing import Any

import pytest

from sessions_app import tokenizer
from sessions_app.services.transfer import tokens
from tests.commands.conftest import Run


def conversation(name: str, texts: list[str]) -> dict[str, Any]:
    """One of ChatGPT's."""
    mapping: dict[str, Any] = {}
    for number, text in enumerate(texts):
        role = ("user", "assistant")[number % 2]
        content = {"content_type": "text", "parts": [text]}
        mapping[f"n{number}"] = {
            "id": f"n{number}",
            "parent": f"n{number - 1}" if number else None,
            "message": {"author": {"role": role}, "create_time": 1.7e9, "content": content},
        }
    return {"id": name, "title": name, "mapping": mapping, "current_node": f"n{len(texts) - 1}"}


def imported(run: Run, tmp_path: Path, *conversations: dict[str, Any]) -> Any:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(conversations))
    return run("import_sessions", str(path), "--user", "alice", "--id", "--json")


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["a few words"] * 300, id="in buckets that were full of messages"),
        pytest.param(["long " * 120_000] * 4, id="in buckets of a message each"),
    ],
)
def test_they_are_exact_in_the_tail_and_in_buckets(
    run: Run, database: Any, tmp_path: Path, texts: list[str]
):
    imported(run, tmp_path, conversation("long", texts))
    [session] = database.sessions.find()
    buckets = list(database.message_buckets.find())
    assert buckets
    for stored in (session, *buckets):
        for message in stored["messages"]:
            assert message["token_count"] == tokenizer.count_tokens(message["content"])
    assert run("check_integrity", "--json").json()["findings"] == []


def test_those_of_a_session_that_is_there_are_not_counted_again(
    run: Run, database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return len(text)

    monkeypatch.setattr(tokens.tokenizer, "count_tokens", count)
    first, second = conversation("first", ["a", "b"]), conversation("second", ["c", "d"])
    imported(run, tmp_path, first)
    assert counted == ["a", "b"]
    imported(run, tmp_path, first, second)
    assert counted == ["a", "b", "c", "d"]
    assert database.sessions.count_documents({}) == 2

"""Branches of trees that know their parents."""

from collections import Counter
from typing import Any

import pytest

from sessions_app.domain.foreign import chatgpt, trees


def test_a_branch_is_walked_once() -> None:
    nodes = {str(n): n for n in range(100_000)}
    asked: Counter[str] = Counter()

    def parent_of(name: str) -> Any:
        asked[name] += 1
        return str(nodes[name] - 1)

    branch = trees.branch_to("99999", nodes, parent_of)
    assert (branch[0], branch[-1], len(branch)) == ("0", "99999", 100_000)
    assert set(asked.values()) == {1}


@pytest.mark.parametrize("last", [None, 5, ["a"], "nowhere"])
def test_a_branch_that_ends_nowhere_is_empty(last: Any) -> None:
    assert trees.branch_to(last, {"a": None}, lambda _: None) == []


def test_a_branch_that_leads_back_into_itself_ends_there() -> None:
    parents = {"a": "b", "b": "a"}
    assert trees.branch_to("a", parents, parents.get) == ["b", "a"]


def test_a_conversation_of_a_hundred_thousand_messages_in_one_branch_is_read() -> None:
    def node(n: int) -> Any:
        message = {"author": {"role": "user"}, "content": {"parts": [str(n)]}}
        return {"parent": str(n - 1), "message": message}

    value = {"mapping": {str(n): node(n) for n in range(100_000)}, "current_node": "99999"}
    assert len(chatgpt.read_conversation(value).messages) == 100_000

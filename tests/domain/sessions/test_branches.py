"""Which messages are current as branches come and go."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.data import Message, Role
from sessions_app.domain.errors import MessageNotFound
from sessions_app.domain.sessions.branches import Mark, replaced, switched

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Log:
    """A session's messages, and the path of current ones as a list would have it."""

    messages: list[Message] = field(default_factory=list)
    paths: dict[int, list[int]] = field(default_factory=dict)

    @property
    def current(self) -> list[int]:
        return [message.seq for message in self.messages if message.superseded_by is None]

    def append(self, role: Role = Role.USER, replaces: int | None = None) -> int:
        seq = len(self.messages) + 1
        message = Message(f"msg_{seq}", seq, role, "text", NOW, 1, replaces=replaces)
        self.messages.append(message)
        return seq

    def write(self, marks: dict[int, Mark | None]) -> None:
        for seq, mark in marks.items():
            self.messages[seq - 1] = self.messages[seq - 1]._replace(
                superseded_by=mark.by if mark else None, superseded_with=mark.head if mark else None
            )

    def edit(self, seq: int) -> int:
        by = self.append(replaces=seq)
        self.write(dict(replaced(self.messages, seq=seq, by=by)))
        return by

    def regenerate(self, seq: int) -> int:
        """As a turn does it: what follows the question is marked, without a head."""
        following = [at for at in self.current if at >= seq]
        by = self.append(Role.ASSISTANT)
        self.write({at: Mark(by, None) for at in following})
        return by

    def switch(self, seq: int) -> None:
        self.write(dict(switched(self.messages, seq=seq)))


def talked() -> Log:
    log = Log()
    for role in (Role.USER, Role.ASSISTANT, Role.USER, Role.ASSISTANT):
        log.append(role)
    return log


def test_what_is_edited_and_all_that_followed_is_superseded() -> None:
    log = talked()
    log.edit(3)

    assert log.current == [1, 2, 5]
    assert [m.superseded_by for m in log.messages] == [None, None, 5, 5, None]
    assert [m.superseded_with for m in log.messages] == [None, None, 3, 3, None]


def test_an_earlier_branch_comes_back_as_a_whole() -> None:
    log = talked()
    log.edit(3)
    log.append(Role.ASSISTANT)
    log.switch(4)

    assert log.current == [1, 2, 3, 4]
    log.switch(5)
    assert log.current == [1, 2, 5, 6]


def test_what_is_said_after_a_switch_belongs_to_that_branch() -> None:
    log = talked()
    log.edit(3)
    log.switch(3)
    log.append()
    log.switch(5)
    assert log.current == [1, 2, 5]

    log.switch(6)
    assert log.current == [1, 2, 3, 4, 6]


def test_of_three_versions_each_can_be_current() -> None:
    log = talked()
    second = log.edit(3)
    third = log.edit(second)
    for order in itertools.permutations((3, second, third)):
        for seq in order:
            log.switch(seq)
            tail = [4] if seq == 3 else []
            assert log.current == [1, 2, seq, *tail]


def test_a_reply_that_was_generated_anew_can_give_way_again() -> None:
    log = talked()
    log.regenerate(4)
    assert log.current == [1, 2, 3, 5]
    log.switch(4)

    assert log.current == [1, 2, 3, 4]
    log.switch(5)
    assert log.current == [1, 2, 3, 5]


def test_a_branch_inside_of_another_brings_that_one_along() -> None:
    log = talked()
    inner = log.edit(3)
    outer = log.edit(1)
    assert log.current == [outer]
    log.switch(3)
    assert log.current == [1, 2, 3, 4]

    log.switch(outer)
    log.switch(inner)
    assert log.current == [1, 2, inner]


def test_a_current_message_changes_nothing() -> None:
    assert switched(talked().messages, seq=2) == {}


def test_a_branch_that_reaches_beyond_what_was_read_is_refused() -> None:
    log = talked()
    log.edit(1)
    with pytest.raises(MessageNotFound):
        switched(log.messages[:4], seq=1)


def test_marks_in_a_circle_are_refused() -> None:
    log = talked()
    log.write({3: Mark(4, 3), 4: Mark(3, 4)})
    with pytest.raises(MessageNotFound):
        switched(log.messages, seq=3)


@given(st.lists(st.tuples(st.sampled_from("aers"), st.integers(0, 30)), max_size=25))
def test_a_switch_and_the_one_back_give_the_same_path(steps: list[tuple[str, int]]) -> None:
    log = talked()
    for step, number in steps:
        current = log.current
        chosen = current[number % len(current)]
        if step == "a":
            log.append()
        elif step == "e" and log.messages[chosen - 1].role is Role.USER:
            log.edit(chosen)
        elif step == "r" and log.messages[chosen - 1].role is Role.ASSISTANT:
            log.regenerate(chosen)
        elif step == "s":
            before, seq = log.current, number % len(log.messages) + 1
            log.switch(seq)
            assert seq in log.current
            log.switch(before[-1])
            assert log.current == before

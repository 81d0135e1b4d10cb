"""Branches of a session: which of its messages are current, and how another branch becomes so.

A message that is written in place of another begins a branch, as does a reply that is generated
anew. What was current from there on is superseded together: each of these messages is marked with
the seq of what took their place (`by`) and the seq at which their own branch begins (`head`). By
that they become current again together. Marks of replies that turns wrote have no `head`: such a
branch is what was superseded by the same reply.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sessions_app.domain.data import Message
from sessions_app.domain.errors import MessageNotFound


class Mark(NamedTuple):
    """Superseded by the message at `by`, together with the branch that begins at `head`."""

    by: int
    head: int | None


# The marks of messages by seq; None is a current message.
Marks = dict[int, Mark | None]


def replaced(messages: Sequence[Message], *, seq: int, by: int) -> Mapping[int, Mark | None]:
    """The marks to write when the message at `by` takes the place of the one at `seq`."""
    marks = _marks(messages)
    return {at: Mark(by, seq) for at, mark in marks.items() if mark is None and seq <= at < by}


def switched(messages: Sequence[Message], *, seq: int) -> Mapping[int, Mark | None]:
    """The marks to write so that the message at `seq` and its branch are current.

    Empty where they are. Raises MessageNotFound where `messages` do not reach far enough.
    """
    before = _marks(messages)
    after = dict(before)
    try:
        _make_current(after, seq)
    except KeyError as error:
        raise MessageNotFound from error
    return {at: mark for at, mark in after.items() if mark != before[at]}


def _marks(messages: Sequence[Message]) -> Marks:
    return {
        message.seq: (
            Mark(message.superseded_by, message.superseded_with)
            if message.superseded_by is not None
            else None
        )
        for message in messages
    }


def _make_current(marks: Marks, seq: int) -> None:
    mark = marks[seq]
    if mark is None:
        return
    members = _branch_of(marks, mark)
    head = min(members)
    standing = _standing_instead(marks, mark.by)
    # What took its place came later, unless it was itself made current again.
    start = (
        standing
        if standing < head
        else min(at for at, other in marks.items() if other is None and at > head)
    )
    for at, other in marks.items():
        if other is None and at >= start:
            marks[at] = Mark(head, start)
    for at in members:
        marks[at] = None


def _branch_of(marks: Marks, mark: Mark) -> list[int]:
    """The seqs that were superseded together, by what their marks have in common."""
    if mark.head is None:
        return [at for at, other in marks.items() if other == mark]
    return [at for at, other in marks.items() if other is not None and other.head == mark.head]


def _standing_instead(marks: Marks, by: int) -> int:
    """The current message in whose place a branch is to stand, from what superseded it."""
    passed = set()
    while (mark := marks[by]) is not None:
        # Each mark points to what came later, unless somebody has written into the store.
        if by in passed:
            raise MessageNotFound
        passed.add(by)
        if min(_branch_of(marks, mark)) != by:
            # It is inside of a branch that is not current: that one comes first.
            _make_current(marks, by)
        else:
            by = mark.by
    return by

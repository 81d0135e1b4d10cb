"""What of a request a session has already."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.alignment import Alignment, align, key
from sessions_app.domain.data import Message, Role
from sessions_app.domain.drafts import MessageDraft

NOW = datetime(2026, 11, 22, tzinfo=UTC)

ROLES = {"u": Role.USER, "a": Role.ASSISTANT, "s": Role.SYSTEM, "t": Role.TOOL}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def draft(said: str) -> MessageDraft:
    """`u1`: a user's; `a1`: an assistant's; `c1`: a call of a tool; `t1`: its result."""
    if said[0] == "c":
        call = CALL | {"id": f"call_{said[1:]}"}
        return MessageDraft(Role.ASSISTANT, "", tool_calls=[call])
    answers = f"call_{said[1:]}" if said[0] == "t" else None
    return MessageDraft(ROLES[said[0]], said, tool_call_id=answers)


def message(said: str, seq: int, **more: Any) -> Message:
    made = draft(said)
    return Message(
        id=f"msg_{seq}", seq=seq, role=made.role, content=made.content, timestamp=NOW,
        token_count=1, tool_calls=made.tool_calls, tool_call_id=made.tool_call_id, **more,
    )  # fmt: skip


def session(text: str) -> list[Message]:
    """Messages from 1 on; `-` is one that was erased, `x:` in front one that was superseded."""
    found = []
    for seq, said in enumerate(text.split(), 1):
        if said == "-":
            found.append(message("u", seq)._replace(content="", deleted=True))
        elif said.startswith("x:"):
            found.append(message(said[2:], seq, superseded_by=99))
        else:
            found.append(message(said, seq))
    return found


def aligned(request: str, stored: str, *, newest: int | None = None) -> Alignment:
    known = session(stored)
    shown = known if newest is None else known[-newest:]
    return align([draft(s) for s in request.split()], shown, whole=len(shown) == len(known))


@pytest.mark.parametrize(
    ("request_", "stored", "expected"),
    [
        # only what is new
        ("u1", "", Alignment(0)),
        ("u2", "u1 a1", Alignment(0)),
        ("u1", "u1 a1", Alignment(0)),
        ("t1", "u1 c1", Alignment(0)),
        ("u2 u3", "u1 a1", Alignment(0)),
        # a history for a session without one
        ("u1 a1 u2", "", Alignment(0)),
        ("u1 a1 u2", "s1", Alignment(0)),
        # all that was said, and what is new
        ("u1 a1 u2", "u1 a1", Alignment(2)),
        ("u1 a1 u2", "s1 u1 a1", Alignment(2)),
        ("u1 c1 t1", "u1 c1", Alignment(2)),
        ("u1 c1 t1 a1 u2", "u1 c1 t1 a1", Alignment(4)),
        # the newest part of it
        ("a2 u3", "u1 a1 u2 a2", Alignment(1)),
        ("u2 a2 u3", "u1 a1 u2 a2", Alignment(2)),
        # a turn that failed
        ("u1", "u1", Alignment(1, 1)),
        ("u1 a1 u2", "u1 a1 u2", Alignment(3, 3)),
        ("u2", "u1 a1 u2", Alignment(1, 3)),
        ("t1", "u1 c1 t1", Alignment(1, 3)),
        # the last reply anew
        ("u1 a1 u2", "u1 a1 u2 a2", Alignment(3, 3, (4,))),
        ("u1 a1 u2", "s1 u1 a1 u2 a2", Alignment(3, 4, (5,))),
        ("u1 a1 u2", "u1 a1 u2 c1 t1 a2", Alignment(3, 3, (4, 5, 6))),
        ("u1 c1 t1", "u1 c1 t1 a2", Alignment(3, 3, (4,))),
        ("u1 u2", "u1 u2 a1", Alignment(2, 2, (3,))),
        ("u1 a1 u1", "u1 a1 u1 a1", Alignment(3, 3, (4,))),
        ("u1 a1 u2", "u1 x:a0 a1 u2 a2", Alignment(3, 4, (5,))),
        # the newest part of a conversation that repeats itself
        ("u1 a1 u1", "u1 a1 u1 a1 u1 a1", Alignment(2)),
        # edited
        ("u1 a1 u3", "u1 a1 u2 a2", Alignment(2, None, (3, 4))),
        ("u1 a1 u3", "u1 a1 u2 a2 u3", Alignment(3, 5, (3, 4))),
        ("u1 a9 u2", "u1 a1", Alignment(1, None, (2,))),
        ("u1 a1 u3 a3 u4", "u1 a1 u2 a2", Alignment(2, None, (3, 4))),
        # back at an earlier question
        ("u1 a1 u2", "u1 a1 u2 a2 u3 a3", Alignment(3, 3, (4, 5, 6))),
        # shortened by the client, which has the last reply still
        ("u9 a2 u3", "u1 a1 u2 a2", Alignment(2)),
        ("u9 a2 u3", "u1 a1 u2 a2 u3", Alignment(3, 5)),
        # another conversation altogether
        ("u8 a8 u9", "u1 a1", Alignment(2)),
        ("u8 a8 u9", "u1 a1 u9", Alignment(3, 3)),
        ("u8 a8 u9 c9 t9", "u1 a1", Alignment(2)),
        # what was erased here is not brought back
        ("u1 a1 u2", "- a1", Alignment(2)),
        ("u1 a1 u2 a2 u3", "u1 a1 - a2", Alignment(4)),
        ("u1", "-", Alignment(0)),
        ("u2", "u1 a1 -", Alignment(0)),
        ("u1 a1 u3", "u1 a1 -", Alignment(2, None, (3,))),
    ],
)
def test_it_finds_what_is_new(request_: str, stored: str, expected: Alignment):
    assert aligned(request_, stored) == expected


def test_of_a_session_that_is_longer_than_what_was_read_the_end_decides():
    long = " ".join(f"u{n} a{n}" for n in range(1, 50))
    assert aligned("u48 a48 u49 a49 u50", long, newest=8) == Alignment(4)
    assert aligned("u48 a48 u99", long, newest=8) == Alignment(2, None, (97, 98))
    assert aligned("u2 a2 u99", long, newest=8) == Alignment(2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MessageDraft(Role.ASSISTANT, " Well.\n"), MessageDraft(Role.ASSISTANT, "Well.")),
        (MessageDraft(Role.USER, "x", name="al"), MessageDraft(Role.USER, "x")),
        (
            MessageDraft(Role.ASSISTANT, "", tool_calls=[CALL | {"index": 0}]),
            MessageDraft(Role.ASSISTANT, "", tool_calls=[dict(reversed(CALL.items()))]),
        ),
        (
            draft("c1"),
            MessageDraft(
                Role.ASSISTANT,
                "",
                tool_calls=[
                    CALL | {"function": {"name": "f", "arguments": "{ }", "parsed_arguments": None}}
                ],
            ),
        ),
    ],
)
def test_copies_of_a_message_are_the_same(one: MessageDraft, other: MessageDraft):
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MessageDraft(Role.USER, " x"), MessageDraft(Role.USER, "x")),
        (MessageDraft(Role.USER, "x"), MessageDraft(Role.ASSISTANT, "x")),
        (draft("c1"), draft("c2")),
        (draft("c1"), MessageDraft(Role.ASSISTANT, "")),
        (draft("t1"), MessageDraft(Role.TOOL, "t1", tool_call_id="call_9")),
    ],
)
def test_others_are_not(one: MessageDraft, other: MessageDraft):
    assert key(one) != key(other)


# Of few words, so that a conversation repeats itself all the time.
said = st.sampled_from(["u1", "u2", "a1", "a2", "c1", "t1"])
conversations = st.lists(said, max_size=12)
requests = st.tuples(conversations, st.sampled_from(["u1", "u2", "t1"])).map(
    lambda parts: [*parts[0], parts[1]]
)


def after(request: Sequence[str], stored: Sequence[Message], found: Alignment) -> list[Message]:
    """The session when the request's new messages have been stored, before the reply has."""
    new = request[found.old :]
    return [*stored, *(message(s, len(stored) + n) for n, s in enumerate(new, 1))]


def seen(messages: Sequence[Message], found: Alignment) -> list[str]:
    """What the client's conversation is then."""
    last = found.answers or len(messages)
    kept = [m for m in messages[:last] if m.seq not in found.supersedes]
    return [m.content or f"c{m.tool_calls[0]['id'][5:]}" for m in kept if m.superseded_by is None]


@given(requests, conversations)
def test_whatever_is_sent_the_rest_is_stored_and_nothing_else_is_touched(
    request: list[str], stored: list[str]
):
    known = session(" ".join(stored))
    found = align([draft(s) for s in request], known, whole=True)
    assert 0 <= found.old <= len(request)
    assert (found.answers is None) == (found.old < len(request))
    assert list(found.supersedes) == sorted(set(found.supersedes))
    assert set(found.supersedes) <= {m.seq for m in known}
    # The model sees the client's question last.
    assert seen(after(request, known, found), found)[-1] == request[-1]


different = st.lists(said, max_size=6, unique=True)


@given(different, st.sampled_from(["u9", "t9"]), different, st.booleans())
def test_asked_again_when_its_turn_has_failed_it_stores_nothing(
    history: list[str], question: str, stored: list[str], whole: bool
):
    request, known = [*history, question], session(" ".join(stored))
    drafts = [draft(s) for s in request]
    first = align(drafts, known, whole=whole)
    then = after(request, known, first)
    again = align(drafts, then, whole=whole)
    if first.answers is None:
        assert (again.old, again.answers) == (len(request), len(then))
        assert seen(then, again) == seen(then, first)


@given(st.lists(st.tuples(st.sampled_from(["u1", "u2", "u3"]), st.sampled_from(["a1", "a2"]))),
       st.integers(1, 40), st.sampled_from(["u1", "u2", "u9"]))  # fmt: skip
def test_a_client_that_sends_its_newest_messages_stores_the_question_once(
    pairs: list[tuple[str, str]], newest: int, question: str
):
    stored = [one for pair in pairs for one in pair]
    request = [*stored[-newest:], question] if stored else [question]
    found = align([draft(s) for s in request], session(" ".join(stored)), whole=True)
    # Unless it is what it would send to have the last reply anew.
    if found.answers is None:
        assert request[found.old :] == [question]
        assert found.supersedes == ()
    else:
        assert request == stored[:-1]


@given(st.lists(st.sampled_from(["u1", "u2", "u3"]), min_size=1, max_size=30), st.booleans())
def test_a_client_that_sends_all_of_it_each_time_stores_each_message_once(
    questions: list[str], tools: bool
):
    history: list[str] = []
    known: list[Message] = []
    for turn, question in enumerate(questions):
        steps = [[question, f"c{turn}"], [f"t{turn}", "a1"]] if tools else [[question, "a1"]]
        for asked, reply in steps:
            history.append(asked)
            found = align([draft(s) for s in history], known, whole=True)
            assert found == Alignment(len(history) - 1)
            history.append(reply)
            known = session(" ".join(history))

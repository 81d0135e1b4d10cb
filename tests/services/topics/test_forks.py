"""A fork has the vectors of what it shares: they take long to make."""

from typing import Any

from sessions_app import encoders
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.repository import annotations
from sessions_app.services import erasure, messages, sessions, topics
from tests.repository.conftest import OWNER, now
from tests.services.conftest import FakeEncoder


def made(length: int) -> str:
    history = [MessageDraft(Role.USER, f"message {number}") for number in range(length)]
    draft = SessionDraft(history=history)
    session = sessions.session_create(user_id=OWNER, draft=draft, now=now())
    judge(session.session_id)
    return session.session_id


def judge(session_id: str) -> None:
    assert topics.catch_up(session_id=session_id, user_id=OWNER, seconds=30).complete


def fork(session_id: str, up_to_seq: int) -> str:
    return sessions.session_fork(
        session_id=session_id, user_id=OWNER, up_to_seq=up_to_seq, title=None, now=now()
    ).session_id


def rows(session_id: str, length: int) -> list[bytes]:
    blocks = annotations.read_blocks(session_id=session_id, ranges=[(1, length)])
    width = encoders.DIMENSIONS
    return [
        block.vectors[at * width : (at + 1) * width]
        for block in blocks
        for at in range(block.count)
    ]


def test_nothing_that_it_shares_is_encoded_again(database: Any, encoder: FakeEncoder):
    source = made(150)
    encoder.encoded.clear()
    forked = fork(source, 100)
    judge(forked)
    assert encoder.encoded == []
    assert rows(forked, 100) == rows(source, 150)[:100]


def test_what_is_said_in_it_is_its_own(database: Any, encoder: FakeEncoder):
    forked = fork(made(150), 100)
    draft = MessageDraft(Role.USER, "another way")
    messages.message_append(session_id=forked, user_id=OWNER, draft=draft, now=now())
    encoder.encoded.clear()
    judge(forked)
    assert encoder.encoded == ["another way"]


def test_its_topics_are_those_of_its_own_messages(database: Any, encoder: FakeEncoder):
    forked, alone = fork(made(150), 100), made(100)
    judge(forked)
    assert shifts(forked) == shifts(alone)


def shifts(session_id: str) -> list[int]:
    return [shift.seq for shift in annotations.read_shifts(session_id=session_id)]


def test_of_an_erased_message_it_has_no_vector(database: Any, encoder: FakeEncoder):
    source = made(10)
    before = rows(source, 10)
    forked = fork(source, 10)
    assert rows(forked, 10) == before
    erasure.message_delete(session_id=forked, user_id=OWNER, seq=3, now=now())
    # As of a message whose erasure was under way.
    annotations.forget_session(session_id=forked)
    annotations.carry(source_id=source, fork_id=forked, up_to_seq=10)
    judge(forked)
    assert rows(forked, 10)[2] == bytes(encoders.DIMENSIONS)

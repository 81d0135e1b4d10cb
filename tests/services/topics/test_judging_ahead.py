"""Topics of what turns have said: made behind them, and never in front of one that they cannot
change."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sessions_app.domain.data import OnTopicShift
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.repository.log import pages
from sessions_app.services import sessions
from sessions_app.services.context import planning as context
from sessions_app.services.context.planning import ContextWindow
from sessions_app.services.topics import annotations, judging_ahead
from sessions_app.services.topics.judging_ahead import JudgeAhead
from tests.repository import conftest as store
from tests.repository.conftest import OWNER, append, append_many, now
from tests.services.conftest import FakeEncoder
from tests.services.topics.test_annotations import TALK

pytestmark = [
    pytest.mark.usefixtures("database"),
    pytest.mark.mongod("judged beside the test, by threads"),
]


@pytest.fixture
def judge() -> Iterator[JudgeAhead]:
    running = JudgeAhead()
    running.start()
    yield running
    running.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def new_session(**policy: Any) -> str:
    return store.new_session(policy=policy).session_id


def judged(session_id: str) -> int:
    topic = pages.read_header(session_id=session_id, user_id=OWNER).topic
    return topic.judged if topic else 0


def window(session_id: str, *, tells_topics: bool) -> ContextWindow:
    return context.context_plan(
        session_id=session_id,
        user_id=OWNER,
        max_tokens=None,
        strategy=None,
        query=None,
        now=now(),
        tells_topics=tells_topics,
    )


def test_what_a_session_has_is_judged_behind_it(judge: JudgeAhead, encoder: FakeEncoder):
    talks = [new_session() for _ in range(3)]
    for session_id in talks:
        append_many(session_id, TALK)
        judge.later(session_id=session_id, user_id=OWNER)
    until(lambda: judge.waiting == 0)
    assert [judged(session_id) for session_id in talks] == [len(TALK)] * 3
    assert len(encoder.encoded) == 3 * len(TALK)


def test_what_is_said_while_a_session_is_judged_is_judged_too(
    judge: JudgeAhead, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
):
    session_id = new_session()
    append(session_id, "Which hotels in Lisbon take dogs?")
    catch_up = annotations.catch_up
    times = 0

    def overtaken(**more: Any) -> annotations.CaughtUp:
        nonlocal times
        progress = catch_up(**more)
        times += 1
        if times == 1:
            append(session_id, "And which parks?")
            judge.later(session_id=session_id, user_id=OWNER)
        return progress

    monkeypatch.setattr(annotations, "catch_up", overtaken)
    judge.later(session_id=session_id, user_id=OWNER)
    until(lambda: judge.waiting == 0)
    assert (times, judged(session_id)) == (2, 2)


def test_a_session_that_is_gone_holds_up_no_other(judge: JudgeAhead, encoder: FakeEncoder):
    gone, there = new_session(), new_session()
    append(there, "Which hotels in Lisbon take dogs?")
    sessions.session_delete(session_id=gone, user_id=OWNER)
    judge.later(session_id=gone, user_id=OWNER)
    judge.later(session_id=there, user_id=OWNER)
    until(lambda: judge.waiting == 0)
    assert judged(there) == 1


def test_a_storage_that_is_away_leaves_it_to_whoever_needs_it(
    judge: JudgeAhead, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
):
    session_id = new_session()
    append(session_id, "Which hotels in Lisbon take dogs?")

    def away(**_: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(annotations, "catch_up", away)
        judge.later(session_id=session_id, user_id=OWNER)
        until(lambda: judge.waiting == 0)
    assert judged(session_id) == 0
    judge.later(session_id=session_id, user_id=OWNER)
    until(lambda: judge.waiting == 0)
    assert judged(session_id) == 1


def test_what_is_too_much_is_left_to_whoever_needs_it(
    judge: JudgeAhead, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(judging_ahead, "MOST_WAITING", 5)
    for number in range(50):
        judge.later(session_id=f"unknown-{number}", user_id=OWNER)
        assert judge.waiting <= 5
    until(lambda: judge.waiting == 0)


def test_stopped_it_takes_nothing(judge: JudgeAhead, encoder: FakeEncoder):
    judge.stop()
    session_id = new_session()
    append(session_id, "Hello?")
    judge.later(session_id=session_id, user_id=OWNER)
    assert judge.waiting == 0
    assert judged(session_id) == 0


def test_a_window_that_holds_everything_waits_for_no_topic(encoder: FakeEncoder):
    session_id = new_session()
    append_many(session_id, TALK)
    at_once = window(session_id, tells_topics=False)
    assert encoder.encoded == []
    assert judged(session_id) == 0
    with_topics = window(session_id, tells_topics=True)
    assert judged(session_id) == len(TALK)
    assert at_once.sent == with_topics.sent
    assert at_once.plan.token_count == with_topics.plan.token_count
    assert len(at_once.sent) == len(TALK)


@pytest.mark.parametrize(
    "policy",
    [{"max_tokens": 64}, {"on_topic_shift": OnTopicShift.RESET}, {"max_messages": 3}],
    ids=["too few tokens", "a shift empties it", "too few messages"],
)
def test_a_window_that_topics_can_change_waits_for_them(
    encoder: FakeEncoder, policy: dict[str, Any]
):
    session_id = new_session(**policy)
    append_many(session_id, TALK)
    window(session_id, tells_topics=False)
    assert judged(session_id) == len(TALK)

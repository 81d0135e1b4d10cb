"""What a window reads: of a session that fits it whole, the session, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from sessions_app.domain.data import Strategy
from sessions_app.repository import log
from sessions_app.services import topics
from sessions_app.services.context import candidates, planning
from tests.repository.commands import Sent, recorder
from tests.repository.conftest import OWNER, append, append_many, new_session, now
from tests.services.conftest import FakeEncoder

pytestmark = pytest.mark.usefixtures("database")


def talk(length: int) -> str:
    """A session of so many messages, each of about five tokens."""
    session_id = new_session().session_id
    append_many(session_id, [f"message number {n}" for n in range(1, length + 1)])
    return session_id


def judge(session_id: str) -> None:
    assert topics.catch_up(session_id=session_id, user_id=OWNER, seconds=60).complete


def window(session_id: str, **more: Any) -> planning.ContextWindow:
    options: dict[str, Any] = {"max_tokens": 2_000, "strategy": None, "query": None} | more
    return planning.context_plan(session_id=session_id, user_id=OWNER, now=now(), **options)


def sent_for(session_id: str, **more: Any) -> tuple[planning.ContextWindow, list[Sent]]:
    recorder.sent.clear()
    recorder.on = True
    planned = window(session_id, **more)
    recorder.on = False
    return planned, list(recorder.sent)


@pytest.mark.mongod("commands are counted")
@pytest.mark.parametrize("length", [10, 100])
@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("tells_topics", [True, False])
def test_one_that_fits_is_one_read_without_vectors(
    length: int, strategy: Strategy, tells_topics: bool, encoder: FakeEncoder
):
    session_id = talk(length)
    if tells_topics:
        judge(session_id)
    encoder.encoded.clear()
    planned, sent = sent_for(session_id, strategy=strategy, tells_topics=tells_topics)
    assert [(each.name, each.collection) for each in sent] == [("find", "sessions")]
    assert encoder.encoded == []
    assert [message["content"] for message in planned.sent] == [
        f"message number {n}" for n in range(1, length + 1)
    ]
    topics_shown = {each.topic for each in planned.plan.messages}
    assert topics_shown == ({1} if tells_topics else {None})


@pytest.mark.mongod("commands are counted")
def test_the_newest_messages_of_a_long_session_are_one_read():
    session_id = talk(300)
    judge(session_id)
    window(session_id, max_tokens=300, strategy=Strategy.RECENT)  # whether it has a prompt
    planned, sent = sent_for(session_id, max_tokens=300, strategy=Strategy.RECENT)
    assert [(each.name, each.collection) for each in sent] == [("find", "sessions")]
    assert planned.sent[-1]["content"] == "message number 300"


@pytest.mark.mongod("topics that are judged in parts")
@pytest.mark.parametrize("length", [0, 3, 60, 129])
@pytest.mark.parametrize("budget", [64, 2_000])
@pytest.mark.parametrize("strategy", Strategy)
def test_what_came_with_the_session_is_not_read_again_and_changes_nothing(
    length: int, budget: int, strategy: Strategy, encoder: FakeEncoder
):
    session_id = talk(length)
    judge(session_id)
    session, tail = log.read_tail(session_id=session_id, user_id=OWNER)
    policy = planning.window_policy(session, budget, strategy)
    for until in {length, length // 2}:
        up_to = replace(session, message_count=until)
        expected = candidates.gather(up_to, policy, None)
        gathered = candidates.gather(up_to, policy, None, tail)
        # Of the newest ones, more may be offered than fill the budget.
        most = len(expected.messages)
        assert list(gathered.messages)[len(gathered.messages) - most :] == list(expected.messages)


def test_messages_that_come_while_topics_are_judged_are_in_the_window(
    monkeypatch: pytest.MonkeyPatch,
):
    session_id, catch_up = talk(5), topics.catch_up

    def meanwhile(**asked: Any) -> Any:
        append(session_id, "one more")
        return catch_up(**asked)

    monkeypatch.setattr(planning.topics, "catch_up", meanwhile)
    assert window(session_id).sent[-1]["content"] == "one more"

"""Topics are never made in front of a window that they cannot change."""

from typing import Any

import pytest

from sessions_app.domain.data import OnTopicShift
from sessions_app.repository.log import pages
from sessions_app.services.context import planning as context
from sessions_app.services.context.planning import ContextWindow
from tests.repository import conftest as store
from tests.repository.conftest import OWNER, append_many, now
from tests.services.conftest import FakeEncoder
from tests.services.topics.test_annotations import TALK

pytestmark = pytest.mark.usefixtures("database")


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

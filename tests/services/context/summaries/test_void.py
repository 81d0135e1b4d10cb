"""What makes a summary void: erasure, forks, resets."""

import pytest

from sessions_app.domain.data import OnTopicShift
from sessions_app.services import sessions
from sessions_app.services.context.summaries import ExtensionOutcome
from tests.model_server import ModelServer
from tests.repository.conftest import OWNER, now
from tests.services.context.summaries.talks import (
    Extend,
    delete,
    go_on,
    make_talk,
    numbers,
    request_text,
    reset,
    stored_summary,
    up_to_date,
    window,
)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize("length", [60, 200], ids=["tail", "bucket"])
def test_erasing_a_message_that_it_covers_drops_it(database, extend: Extend, length: int):
    talk = make_talk(length)
    up_to_date(extend, talk)
    delete(talk, 5)
    assert stored_summary(talk) is None
    assert "summary" not in database.sessions.find_one()


def test_it_is_made_again_of_what_is_left(summarised: str, extend: Extend, model: ModelServer):
    delete(summarised, 5)
    model.requests.clear()
    up_to_date(extend, summarised)
    assert numbers(model.requests[0])[:4] == [2, 3, 4, 6]
    assert "(nothing yet)" in request_text(model.requests[0])


def test_erasing_a_later_message_keeps_it(summarised: str, extend: Extend):
    summary = stored_summary(summarised)
    delete(summarised, summary.last_seq + 1)
    assert stored_summary(summarised) == summary
    go_on(summarised, 62, 20)
    assert extend(summarised).outcome is ExtensionOutcome.EXTENDED


def test_a_fork_takes_it_along_when_it_has_all_of_it(summarised: str):
    summary = stored_summary(summarised)
    for up_to, carried in ((summary.last_seq, summary), (summary.last_seq - 1, None)):
        fork = sessions.session_fork(
            session_id=summarised, user_id=OWNER, up_to_seq=up_to, title=None, now=now()
        )
        assert stored_summary(fork.session_id) == carried


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_reset_hides_it_and_undoing_that_shows_it(summarised: str):
    shown = window(summarised)["summary"]
    reset(summarised)
    assert "summary" not in window(summarised)
    reset(summarised, undo=True)
    assert window(summarised)["summary"] == shown


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_after_a_reset_it_begins_there(summarised: str, extend: Extend, model: ModelServer):
    reset(summarised)
    assert extend(summarised).outcome is ExtensionOutcome.NOT_DUE
    go_on(summarised, 62, 40)
    model.requests.clear()
    assert extend(summarised).summary.first_seq == 62
    assert numbers(model.requests[0])[0] == 62
    assert window(summarised)["summary"]["first_seq"] == 62


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_after_a_reset_is_undone_it_begins_again(summarised: str, extend: Extend):
    reset(summarised)
    go_on(summarised, 62, 40)
    extend(summarised)
    reset(summarised, undo=True)
    assert window(summarised)["summary"]["first_seq"] == 62
    assert extend(summarised).summary.first_seq == 1


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_topic_shift_that_resets_the_window_hides_it(database, summarised: str):
    sessions.session_update(
        session_id=summarised,
        user_id=OWNER,
        changes={"context_policy": {"on_topic_shift": OnTopicShift.RESET}},
        versions=None,
        now=now(),
    )
    assert "summary" in window(summarised)
    shift = {"topic.start_seq": 40, "topic.current": 2, "topic.recent": [[1, 1], [40, 2]]}
    database.sessions.update_one({"_id": summarised}, {"$set": shift})
    assert "summary" not in window(summarised)

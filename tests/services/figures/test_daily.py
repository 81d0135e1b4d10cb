"""Figures by day: counted as it happens, handed over, and completed with what can be looked up."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sessions_app.domain.data import Role, SessionFilter
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.figures.daily import Day, Figure, day_of
from sessions_app.domain.turns import Seen
from sessions_app.repository.figures import daily as daily_figures
from sessions_app.services import erasure, sessions
from sessions_app.services.figures import dashboard
from sessions_app.services.figures import keeping as daily_keeping
from sessions_app.services.figures.keeping import hand_over
from sessions_app.services.tallies import Tallies, tallies
from sessions_app.services.topics import segments
from tests.repository.conftest import OWNER, append, append_many, new_session, now

pytestmark = pytest.mark.mongod("dbStats")


@pytest.fixture
def counting(database: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tallies]:
    """As in a worker that serves, without its thread."""
    tallies.take()
    monkeypatch.setattr(tallies, "counts", True)
    yield tallies
    tallies.take()


def today() -> Day:
    hand_over()
    day = day_of(now())
    figures = daily_figures.read(day, day)
    return figures[0] if figures else Day(day)


def test_messages_are_counted_by_who_said_them(counting: Any) -> None:
    history = [
        MessageDraft(role=role, content="two words")
        for role in (Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER)
    ]
    session = new_session(history=history)
    append(session.session_id, "one more")
    counts = today().counts
    assert counts[Figure.USER_MESSAGES] == 3
    assert counts[Figure.ASSISTANT_MESSAGES] == 1
    assert counts[Figure.OTHER_MESSAGES] == 1
    page = sessions.session_list(
        user_id=OWNER,
        wanted=SessionFilter(status=session.status),
        limit=1,
        position=None,
        backwards=False,
        now=now(),
    )
    assert counts[Figure.TOKENS] == page.sessions[0].token_count


def test_a_message_sent_again_is_not_counted_again(counting: Any, database: Any) -> None:
    session = new_session()
    for _ in range(3):
        append(session.session_id, "once", "key")
    assert today().messages == 1


def test_people_are_counted_once_a_day(counting: Any) -> None:
    for person in ("ann", "ben", "ann", "cyn"):
        draft = SessionDraft(history=[MessageDraft(role=Role.USER, content="hi")])
        sessions.session_create(user_id=person, draft=draft, now=now())
    hand_over()
    daily_figures.count_users(day_of(now()), over=False)
    assert today().users == 3


def test_a_day_that_is_over_keeps_the_number_of_people_alone(counting: Any, database: Any) -> None:
    append(new_session().session_id, "hi")
    hand_over()
    assert "people" in database.daily_figures.find_one()
    daily_figures.count_users(day_of(now()), over=True)
    stored = database.daily_figures.find_one()
    assert "people" not in stored
    assert stored["users"] == 1


def test_nothing_stored_names_anybody(counting: Any, database: Any) -> None:
    append(new_session().session_id, "secret")
    hand_over()
    dashboard.refresh(now=now())
    figures_text = str([*database.daily_figures.find(), *database.standing_figures.find()])
    assert OWNER not in figures_text
    assert "secret" not in figures_text


def test_windows_and_failures_of_turns_are_counted(counting: Any) -> None:
    window = Seen(token_count=300, max_tokens=400, strategy="recent", kept=5, dropped=7, seqs=[])
    tallies.turn_ended(window, failed=False, now=now())
    tallies.turn_ended(None, failed=True, now=now())
    counts = today().counts
    assert (counts[Figure.TURNS], counts[Figure.FAILED_TURNS]) == (2, 1)
    assert (counts[Figure.WINDOW_KEPT], counts[Figure.WINDOW_DROPPED]) == (5, 7)
    assert (counts[Figure.WINDOW_TOKENS], counts[Figure.WINDOW_BUDGET]) == (300, 400)


def test_topic_shifts_are_counted_once(
    counting: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions_app import encoders
    from tests.services.topics.test_annotations import TALK

    monkeypatch.setattr(encoders, "load_encoder", lambda: None)
    session = new_session()
    append_many(session.session_id, TALK)
    listed = segments.topic_list(session_id=session.session_id, user_id=OWNER, now=now())
    shifts = len(listed.segments) - 1
    assert shifts > 0
    assert today().counts[Figure.TOPIC_SHIFTS] == shifts
    segments.topic_list(session_id=session.session_id, user_id=OWNER, now=now())
    assert today().counts[Figure.TOPIC_SHIFTS] == shifts


def test_a_process_that_does_not_serve_counts_nothing(database: Any) -> None:
    append(new_session().session_id, "hi")
    assert today().counts == {}


def test_what_cannot_be_handed_over_is_kept(counting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new_session()
    append(session.session_id, "one")

    def away(*_: Any) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(daily_figures, "add", away)
        hand_over()
    append(session.session_id, "two")
    assert today().messages == 2


def test_two_workers_add_to_the_same_day(counting: Any) -> None:
    other = Tallies()
    other.counts = True
    append(new_session().session_id, "one")
    other.messages_stored("somebody", [append(new_session().session_id, "two")], now())
    hand_over()
    hand_over(other)
    assert today().messages == 3


def test_the_keeper_hands_over_while_it_runs_and_at_its_end(database: Any) -> None:
    tallies.take()
    keeper = daily_keeping.DailyKeeper()
    keeper.start()
    append(new_session().session_id, "one")
    keeper.stop()
    assert today().messages == 1
    append(new_session().session_id, "two")
    assert today().messages == 1


def test_sessions_are_counted_by_the_day_of_their_creation(database: Any) -> None:
    for _ in range(3):
        new_session()
    old = new_session()
    database.sessions.delete_one({"_id": old.session_id})
    dashboard.refresh(now=now())
    assert today().sessions == 3
    figures = dashboard.dashboard_get(days=7, now=now())
    assert [day.sessions for day in figures.days[-2:]] == [None, 3]
    assert figures.standing.sessions == 3


def test_days_before_the_first_look_are_made_up_for(database: Any) -> None:
    session = new_session()
    later = now() + timedelta(days=10)
    dashboard.refresh(now=later)
    figures = dashboard.dashboard_get(days=30, now=later)
    counted = {day.day: day.sessions for day in figures.days if day.sessions is not None}
    assert len(counted) == 11
    assert counted[day_of(session.created_at)] == 1
    assert sum(counted.values()) == 1


def test_what_expires_is_counted_by_day(database: Any) -> None:
    for hours in (1, 25, 26, 24 * 6, 24 * 8):
        new_session(ttl_seconds=hours * 3_600)
    noon = now().replace(hour=0, minute=0, second=0)
    figures = dashboard.dashboard_get(days=7, now=now())
    assert len(figures.standing.expiring) == 7
    assert sum(figures.standing.expiring) in {3, 4}
    assert noon <= figures.standing.at


def test_the_flagged_queue_is_as_it_is_now(database: Any) -> None:
    waits = (timedelta(hours=1), timedelta(days=2), timedelta(days=3), timedelta(days=30))
    dashboard.refresh(now=now())
    for wait in waits:
        session = new_session()
        database.sessions.update_one(
            {"_id": session.session_id}, {"$set": {"flagged": True, "flagged_at": now() - wait}}
        )
    assert dashboard.dashboard_get(days=7, now=now()).standing.flagged == (1, 2, 1)


def test_one_worker_finds_out_and_not_before_it_is_due(database: Any) -> None:
    moment = now()
    assert dashboard.refresh(now=moment) is True
    assert dashboard.refresh(now=moment + timedelta(seconds=5)) is False
    assert dashboard.refresh(now=moment + timedelta(hours=1)) is True
    _, due_at, _ = daily_figures.standing()
    assert daily_figures.claim(due_at=moment, until=moment) is False
    assert due_at is not None


def test_a_message_erased_stays_in_the_figures_of_its_day(counting: Any, database: Any) -> None:
    session = new_session()
    append(session.session_id, "gone soon")
    erasure.message_delete(session_id=session.session_id, user_id=OWNER, seq=1, now=now())
    assert today().messages == 1

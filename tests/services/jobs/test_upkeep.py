"""What the jobs do: the same as the commands, in steps."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from sessions_app import encoders
from sessions_app.domain.drafts import SessionDraft
from sessions_app.providers import openai_compatible
from sessions_app.repository import search
from sessions_app.repository.sessions import summaries
from sessions_app.services import jobs, sessions
from sessions_app.services.jobs import Running
from tests import model_server
from tests.repository.conftest import OWNER, append, append_many, new_session, now


@pytest.fixture
def running() -> Running:
    return Running(stop=threading.Event(), seconds=60, position="")


@pytest.fixture
def stopped() -> Running:
    stop = threading.Event()
    stop.set()
    return Running(stop=stop, seconds=60, position="")


@pytest.fixture(autouse=True)
def without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Running, "rest", lambda _: None)


def expired() -> str:
    draft = SessionDraft(ttl_seconds=1)
    old = now() - timedelta(days=1)
    return sessions.session_create(user_id=OWNER, draft=draft, now=old).session_id


@pytest.mark.mongod("transactions")
def test_what_has_expired_is_archived(database: Any, running: Running):
    session_id = expired()
    assert jobs.expire(running)
    assert running.counts["archived"] == 1
    assert database.sessions.find_one({"_id": session_id})["status"] == "archived"


@pytest.mark.mongod("transactions")
def test_a_stopped_sweep_leaves_the_rest(database: Any, stopped: Running):
    expired()
    assert not jobs.expire(stopped)
    assert stopped.counts["archived"] == 0


def test_the_search_index_catches_up_with_everybody(database: Any, running: Running):
    session = new_session()
    append_many(session.session_id, [f"boat {n}" for n in range(70)])
    assert jobs.index_searches(running)
    assert running.counts["messages"] == 70
    [searched] = search.reading.sessions([session.session_id], user_id=None).values()
    assert searched.message_count == 70


def test_topics_are_judged_from_where_the_last_run_stopped(
    database: Any, encoder: Any, running: Running
):
    first, second = new_session().session_id, new_session().session_id
    for session_id in (first, second):
        append(session_id, "The boat leaves at seven.")
    running.position = first
    assert jobs.judge_topics(running)
    assert running.counts == {"looked_at": 1, "sessions": 1, "messages": 1}
    assert running.position == ""
    assert encoder.encoded == ["The boat leaves at seven."]


def test_a_stopped_walk_over_topics_does_nothing(database: Any, encoder: Any, stopped: Running):
    append(new_session().session_id, "Hello.")
    assert not jobs.judge_topics(stopped)
    assert encoder.encoded == []


def test_topics_are_wanted_where_there_is_an_encoder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoders, "available", lambda: False)
    assert not jobs.topics_wanted()


@pytest.fixture
def model(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(openai_compatible, "RETRY_WAITS_SECONDS", ())
    with model_server.serving() as server:
        settings.CONTEXT_SUMMARY, settings.LLM_BASE_URL = True, server.base_url
        settings.LLM_API_KEY, settings.LLM_MODEL, settings.LLM_TIMEOUT_SECONDS = "", "gulf", 5
        yield server


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_summaries_are_brought_up_to_date(database: Any, model: Any, running: Running):
    session_id = new_session(policy={"max_tokens": 512}).session_id
    append_many(session_id, [f"The {n}th boat leaves at seven." for n in range(300)])
    assert jobs.summaries_wanted()
    assert jobs.write_summaries(running)
    assert running.counts["extended"] == running.counts["calls"] > 0
    assert summaries.read(session_id=session_id, user_id=OWNER).summary is not None


def test_summaries_are_gone_on_with_behind_sessions_of_which_none_was_due(
    database: Any, model: Any, running: Running, monkeypatch: pytest.MonkeyPatch
):
    ids = sorted(new_session().session_id for _ in range(5))
    rests: list[str] = []
    monkeypatch.setattr(Running, "rest", lambda each: rests.append(each.position))
    # As when the time of a run is over.
    monkeypatch.setattr(Running, "goes_on", lambda _: len(rests) < 3)
    assert not jobs.write_summaries(running)
    assert (running.position, rests) == (ids[2], ids[:3])
    monkeypatch.setattr(Running, "goes_on", lambda _: True)
    assert jobs.write_summaries(running)
    assert rests == ids


def test_summaries_are_not_wanted_without_a_model(settings: Any):
    settings.CONTEXT_SUMMARY = True
    assert not jobs.summaries_wanted()

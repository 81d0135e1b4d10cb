"""`GET /session/search` costs its user's share of a worker, and no more."""

import unicodedata
from contextlib import ExitStack
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from django.utils import timezone

from sessions_app.domain import search as search_rules
from sessions_app.services.search import indexing, querying
from sessions_app.services.throttling import one_at_a_time
from tests.conftest import error

MARKS = "\u0323\u0301\u0327\u0302"


def search(person, q="alpha beta"):
    return person.client.get(f"/session/search?q={quote(q)}")


def running(person):
    """As while another search of this person runs at any worker."""
    return one_at_a_time(key=querying._running(person.id), seconds=60, now=timezone.now())


def test_messages_of_marks_do_not_freeze_the_worker(alice, session, append, monkeypatch):
    for _ in range(12):
        append(session, "alpha a" + 7_990 * MARKS, role="user")
    normalised = []

    def normalize(form, text):
        normalised.append(text)
        return unicodedata.normalize(form, text)

    monkeypatch.setattr(search_rules.text, "unicodedata", SimpleNamespace(normalize=normalize))
    # Normal forms take quadratic time in the length of a run: this took 95 seconds.
    assert search(alice).json() == {"results": [], "complete": True}
    assert max(map(len, normalised)) < 50


def test_such_a_message_is_still_found(alice, session, append):
    append(session, "alpha a" + 7_990 * MARKS + " beta", role="user")
    assert [hit["seq"] for hit in search(alice).json()["results"]] == [1]


def test_a_second_search_of_the_same_user_is_refused_meanwhile(alice, session, append):
    append(session, "alpha beta", role="user")
    with running(alice):
        response = search(alice)
    assert response.status_code == 429
    assert response.json() == error("search_in_progress", "Another search of yours is in progress.")
    assert response["Retry-After"] == "1"
    assert search(alice).status_code == 200


def test_somebody_elses_search_does_not_wait(alice, bob):
    with running(alice):
        assert search(bob).status_code == 200


def test_a_search_whose_worker_died_blocks_its_user_for_seconds_only(alice):
    with ExitStack() as died:
        died.enter_context(
            one_at_a_time(key=querying._running(alice.id), seconds=-1, now=timezone.now())
        )
        assert search(alice).status_code == 200


def test_searches_have_a_rate_of_their_own(alice, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"search": "2/day"}
    assert [search(alice).status_code for _ in range(3)] == [200, 200, 429]
    assert search(alice).json()["errors"][0]["code"] == "throttled"
    assert alice.client.get("/session").status_code == 200


@pytest.fixture
def clock(monkeypatch):
    """A clock that only goes on when a test says so."""
    clock = SimpleNamespace(now=0.0)
    for module in (querying, indexing):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_the_time_limit_is_looked_at_after_each_message(alice, session, append, clock, monkeypatch):
    for number in range(10):
        append(session, f"alpha beta {number}", role="user")
    assert len(search(alice).json()["results"]) == 10
    fold, folded = search_rules.text.fold, []

    def slow(text):
        folded.append(text)
        clock.now += 1.0 if text.startswith("alpha beta ") else 0.0
        return fold(text)

    monkeypatch.setattr(search_rules.text, "fold", slow)
    results = search(alice).json()
    assert results["complete"] is False
    assert 0 < len(results["results"]) < 10


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_indexing_stops_after_a_block_and_goes_on_the_next_time(
    alice, session, append, clock, monkeypatch
):
    for number in range(150):
        append(session, f"alpha beta {number}", role="user")
    terms = search_rules.text.terms

    def slow(text):
        clock.now += 1.0
        return terms(text)

    monkeypatch.setattr(search_rules.text, "terms", slow)

    def reached():
        indexing.catch_up(user_id=alice.id, seconds=0.5, now=timezone.now())
        listed = indexing.search_store.index.indexed([session["session_id"]])
        return listed[session["session_id"]].indexed

    assert [reached(), reached(), reached(), reached()] == [64, 128, 150, 150]

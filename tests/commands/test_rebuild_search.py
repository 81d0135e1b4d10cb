"""`manage.py rebuild_search`: what it makes anew, what it passes over."""

from typing import Any

import pytest

from sessions_app.domain.data import Session
from sessions_app.services.search import indexing as search_indexing
from sessions_app.services.search import querying as search
from tests.commands.conftest import Run
from tests.repository.conftest import OWNER, append, append_many, new_session, now

COMMAND = "rebuild_search"


@pytest.fixture
def session(database: Any) -> Session:
    return new_session()


def figures(run: Run, *arguments: str) -> tuple[int, int]:
    outcome = run(COMMAND, "--json", *arguments)
    assert outcome.code == 0
    return outcome.json()["sessions"], outcome.json()["messages"]


def test_it_indexes_every_session(run: Run, database: Any) -> None:
    for n in range(5):
        append_many(new_session().session_id, [f"word {m}" for m in range(n * 40)])
    assert figures(run) == (5, 400)
    assert search_indexing.catch_up(user_id=OWNER, seconds=60, now=now()).indexed_sessions == 0
    assert search_indexing.catch_up(user_id=None, seconds=60, now=now()).indexed_sessions == 0


def test_it_makes_anew_what_is_wrong(run: Run, session: Any, database: Any) -> None:
    append(session.session_id, "a word")
    assert figures(run) == (1, 1)
    database.search_documents.update_many({"first_seq": 1}, {"$set": {"terms": ["wrong"]}})
    assert figures(run, "--only-missing") == (0, 0)
    assert figures(run) == (1, 1)
    assert database.search_documents.count_documents({"terms": "word"}) == 1


def test_it_passes_over_what_is_indexed(run: Run, session: Any) -> None:
    append(session.session_id, "a word")
    assert figures(run, "--only-missing") == (1, 1)
    append(session.session_id, "another")
    assert figures(run, "--only-missing") == (1, 1)
    assert figures(run, "--only-missing") == (0, 0)


def test_it_can_be_for_one_user(run: Run, session: Any) -> None:
    append(session.session_id, "a word")
    assert figures(run, "--user", "somebody else") == (0, 0)
    assert figures(run, "--user", OWNER) == (1, 1)


def test_it_finds_what_came_with_an_old_time(run: Run, session: Any, database: Any) -> None:
    append(session.session_id, "a word")
    figures(run)
    database.sessions.update_many({}, {"$set": {"updated_at": session.created_at}})
    database.search_documents.delete_many({})
    figures(run, "--only-missing")
    assert len(search.search_own(user_id=OWNER, text="word", limit=5, now=now()).hits) == 1


def test_it_says_what_it_did(run: Run, session: Any) -> None:
    append(session.session_id, "a word")
    assert run(COMMAND).out.startswith("1 sessions with 1 messages indexed in ")

"""The staff's search: through everybody's sessions, by whom, state and time."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_app.domain.data import Status
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.search.data import SearchFilter, SearchResults
from sessions_app.services import messages, sessions
from sessions_app.services.search import indexing as search_indexing
from sessions_app.services.search import querying as search
from tests.repository.conftest import Role, now

PEOPLE = ("alice", "bob")


@pytest.fixture
def talks(database: Any) -> dict[str, str]:
    """A session of each person, with one message; user → session id."""
    made = {}
    for person in PEOPLE:
        draft = SessionDraft(
            title=f"{person}'s owl",
            history=[MessageDraft(role=Role.USER, content=f"an owl of {person}")],
        )
        made[person] = sessions.session_create(user_id=person, draft=draft, now=now()).session_id
    return made


def look(text: str, limit: int = 20, **wanted: Any) -> SearchResults:
    wanted_sessions = SearchFilter(**wanted)
    return search.search_all(
        text=text, limit=limit, wanted=wanted_sessions, staff_id="9", now=now()
    )


def rows(results: SearchResults) -> list[tuple[str, int | None]]:
    return [(hit.user_id, hit.seq) for hit in results.hits]


def test_it_finds_everybodys(talks: Any) -> None:
    results = look("owl")
    assert rows(results) == [("bob", None), ("alice", None), ("bob", 1), ("alice", 1)]
    assert (results.complete, results.indexed_until) == (True, None)


def test_it_can_be_one_users(talks: Any) -> None:
    assert rows(look("owl", user_id="alice")) == [("alice", None), ("alice", 1)]


def test_it_can_be_of_one_status(talks: Any) -> None:
    sessions.session_archive(session_id=talks["bob"], user_id="bob", now=now())
    assert rows(look("owl", status=Status.ARCHIVED)) == [("bob", None), ("bob", 1)]
    assert rows(look("owl", status=Status.ACTIVE)) == [("alice", None), ("alice", 1)]


def test_it_can_be_of_a_time(talks: Any) -> None:
    before, after = now() - timedelta(minutes=1), now() + timedelta(minutes=1)
    assert len(look("owl", since=before, until=after).hits) == 4
    assert look("owl", since=after).hits == []
    assert look("owl", until=before).hits == []


def test_it_shows_what_has_expired_as_long_as_it_is_there(talks: Any, database: Any) -> None:
    past = now() - timedelta(days=1)
    database.sessions.update_many({}, {"$set": {"expires_at": past}})
    assert len(look("owl").hits) == 4


def test_it_says_until_when_the_index_reaches_where_it_is_behind(
    talks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look("owl").complete
    monkeypatch.setattr(search, "_INDEXING_SECONDS", 0)
    draft = MessageDraft(role=Role.USER, content="a newer owl")
    messages.message_append(session_id=talks["bob"], user_id="bob", draft=draft, now=now())
    results = look("newer")
    assert (results.hits, results.complete) == ([], False)
    assert results.indexed_until is not None
    assert results.indexed_until <= now() - search_indexing.MARGIN
    monkeypatch.undo()
    assert rows(look("newer")) == [("bob", 2)]

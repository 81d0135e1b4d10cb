"""Short ways to search, and to look into the index."""

from collections.abc import Callable
from typing import Any

import pytest

from sessions_app.domain.data import Session
from sessions_app.services.search import querying as search
from tests.repository.conftest import OWNER, append_many, new_session, now

Find = Callable[..., list[int | str]]
Words = Callable[[], set[str]]


@pytest.fixture
def session(database: Any) -> Session:
    return new_session()


@pytest.fixture
def long_session(database: Any) -> Session:
    """One with messages in three buckets and the tail."""
    session = new_session()
    append_many(session.session_id, [f"message {n}" for n in range(1, 301)])
    return session


@pytest.fixture
def find(database: Any) -> Find:
    """What the owner finds: `seq` of messages, and titles."""

    def find_own(text: str, *, limit: int = 20, user_id: str = OWNER) -> list[int | str]:
        results = search.search_own(user_id=user_id, text=text, limit=limit, now=now())
        assert results.complete
        return [hit.title if hit.seq is None else hit.seq for hit in results.hits]

    return find_own


@pytest.fixture
def words(database: Any) -> Words:
    """Every term of the index."""
    return lambda: {term for stored in database.search_documents.find() for term in stored["terms"]}

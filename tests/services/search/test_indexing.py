"""The index of search: complete, whoever writes it, and without a word of what is gone."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from sessions_app.domain.drafts import SessionDraft
from sessions_app.repository.erasure import messages as erasures
from sessions_app.repository.search import index as search_index
from sessions_app.repository.search import reading as search_reading
from sessions_app.services import erasure, sessions
from sessions_app.services.privacy import erasing as privacy
from sessions_app.services.search import indexing as search_indexing
from sessions_app.services.search import querying as search
from tests.repository.conftest import OWNER, append, append_many, new_session, now
from tests.waiting import at_once


def index(user_id: str | None = OWNER, seconds: float = 60) -> search_indexing.Backlog:
    return search_indexing.catch_up(user_id=user_id, seconds=seconds, now=now())


def erase(session_id: str, seq: int) -> None:
    erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())


class Meanwhile:
    """Something happens once, between the reading of messages and the writing of the index."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, happens: Any) -> None:
        self.read, self.happens, self.done = search_reading.texts, happens, False
        monkeypatch.setattr(search_reading, "texts", self)

    def __call__(self, *arguments: Any) -> Any:
        texts = self.read(*arguments)
        if not self.done:
            self.done = True
            self.happens()
        return texts


def test_nothing_is_indexed_twice(session: Any) -> None:
    append_many(session.session_id, [f"word {n}" for n in range(200)])
    assert index().indexed_messages == 200
    assert index().indexed_sessions == 0
    append(session.session_id, "one more")
    assert index().indexed_messages == 1


def test_a_message_erased_while_it_is_indexed_leaves_no_word(
    session: Any, find: Any, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_many(session.session_id, ["a secret", "a word"])
    meanwhile = Meanwhile(monkeypatch, lambda: erase(session.session_id, 1))
    assert find("word") == [2]
    assert meanwhile.done
    assert "secret" not in words()
    assert "word" in words()


def test_a_session_deleted_while_it_is_indexed_leaves_no_word(
    session: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(session.session_id, "a secret")
    gone = {"session_id": session.session_id, "user_id": OWNER}
    Meanwhile(monkeypatch, lambda: sessions.session_delete(**gone))
    index()
    assert database.search_documents.count_documents({}) == 0


def test_a_session_deleted_before_it_is_begun_leaves_nothing(
    session: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(session.session_id, "a secret")
    begin = search_index.begin

    def late(results: Any) -> None:
        sessions.session_delete(session_id=session.session_id, user_id=OWNER)
        begin(results)

    monkeypatch.setattr(search_index, "begin", late)
    index()
    assert database.search_documents.count_documents({}) == 0


def test_an_erasure_that_stopped_before_the_index_is_made_up_for(
    session: Any, find: Any, words: Any
) -> None:
    append_many(session.session_id, ["a secret", "a word"])
    index()
    erasures.erase_message(
        session_id=session.session_id, user_id=OWNER, seq=1, now=now(), default_ttl_seconds=0
    )
    assert find("secret") == []
    assert "secret" not in words()
    assert find("word") == [2]


def test_what_stopped_before_it_was_finished_is_written_again(
    session: Any, find: Any, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_many(session.session_id, ["a secret", "a word"])

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(search_index, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            index()
    assert "secret" in words()
    erase(session.session_id, 1)
    assert "secret" not in words()
    assert find("word") == [2]


def test_erasing_in_a_long_session_makes_one_block_again(
    long_session: Any, find: Any, database: Any
) -> None:
    index()
    erase(long_session.session_id, 100)
    assert database.search_documents.count_documents({"first_seq": 65}) == 0
    assert index().indexed_messages == 0
    assert database.search_documents.count_documents({"first_seq": 65}) == 1
    assert find("message 99") == [99]
    assert find('"message 100"') == []


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_many_workers_make_one_index(session: Any, find: Any, database: Any) -> None:
    append_many(session.session_id, [f"word {n}" for n in range(300)])
    for n in range(20):
        append(new_session().session_id, f"word {n}")
    at_once(*[index] * 4)
    assert index().indexed_sessions == 0
    assert database.search_documents.count_documents({}) == 5 + 20 * 2 + 1
    assert len(find("word", limit=100)) == 100
    assert find('"word 299"') == [300]


def test_a_search_is_complete_without_the_index(
    session: Any, long_session: Any, find: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_INDEXING_SECONDS", 0)
    append(session.session_id, "a needle")
    assert find("needle") == [1]
    assert find('"message 7"') == [7]


def test_a_search_that_runs_out_of_time_says_so(
    long_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_INDEXING_SECONDS", 0)
    results = search.search_own(user_id=OWNER, text="message", limit=20, now=now(), seconds=0)
    assert (results.hits, results.complete) == ([], False)


def test_time_that_runs_out_leaves_the_rest_to_the_next_time(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_indexing, "_RUN", 64)
    append_many(session.session_id, [f"word {n}" for n in range(300)])
    assert index(seconds=0).indexed_messages == 0
    (missing,) = index(seconds=0).ranges
    assert (missing.first, missing.last) == (1, 300)
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    with monkeypatch.context() as patch:
        patch.setattr(search_indexing, "time", clock)
        (missing,) = index(seconds=3).ranges
    assert 64 < missing.first < 300
    assert index().indexed_messages == 301 - missing.first


def test_progress_passes_over_nothing_that_a_slow_writer_brings(
    session: Any, find: Any, database: Any
) -> None:
    append(session.session_id, "early")
    late = now() - search_indexing.MARGIN / 2
    assert find("early") == [1]
    slow = sessions.session_create(user_id=OWNER, draft=SessionDraft(title="slow"), now=late)
    assert find("slow") == ["slow"]
    assert database.search_progress.count_documents({}) == 1
    assert slow.updated_at < now()


def test_what_says_very_much_is_indexed_in_parts(
    session: Any, find: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_indexing, "_TERMS_MAX", 100)
    append_many(session.session_id, [" ".join(f"w{n}x{m}" for m in range(60)) for n in range(10)])
    assert find("w9x59") == [10]
    assert database.search_documents.count_documents({"first_seq": {"$gt": 0}}) == 5
    append(session.session_id, "another")
    assert find("w3x3") == [4]
    assert find("another") == [11]
    assert database.search_documents.count_documents({"first_seq": {"$gt": 0}}) == 6
    erase(session.session_id, 4)
    assert find("w3x3") == []
    assert find("w4x3") == [5]


def test_erasing_a_user_forgets_how_far_they_were_indexed(session: Any, database: Any) -> None:
    append(session.session_id, "a word")
    index()
    assert database.search_progress.count_documents({}) == 1
    assert OWNER not in str(database.search_progress.find_one())
    privacy.erase_user(user_id=OWNER, now=now())
    assert database.search_documents.count_documents({}) == 0
    assert database.search_progress.count_documents({}) == 0

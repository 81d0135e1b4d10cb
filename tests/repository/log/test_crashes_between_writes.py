"""Every operation is cut before and after each of its writes, once; then everything must be right.

A cut is an exception that nothing catches, raised in place of a write or just after it: the next
instruction of a killed worker never runs either way. What the cut left is read as it lies, the
operation is repeated as a client would, and the whole store is checked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from sessions_app.domain.data import Role, Session
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import SessionNotFound
from sessions_app.repository.log import tail
from sessions_app.services import erasure, quotas, sessions
from sessions_app.services.audits import integrity
from sessions_app.services.privacy import erasing as privacy
from tests.repository.conftest import OWNER, append, append_many, new_session, now, read_all

pytestmark = pytest.mark.mongod("transactions that fail")

WRITES = (
    "insert_one", "insert_many", "update_one", "replace_one", "delete_one", "delete_many",
    "find_one_and_update", "find_one_and_delete",
)  # fmt: skip
# An append is written by one.
COMMAND = Database.command


class Crash(BaseException):
    """Not an Exception: no handler of ours may take it for an error to deal with."""


@contextmanager
def cut(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Iterator[list[int]]:
    """Crash at write number `at` (from 0), before or after it; yields the count of writes."""
    seen = [0]

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **kwargs: Any) -> Any:
            if original is COMMAND and "findAndModify" not in args[1]:
                return original(*args, **kwargs)
            number, seen[0] = seen[0], seen[0] + 1
            if number == at and not after:
                raise Crash
            result = original(*args, **kwargs)
            if number == at:
                raise Crash
            return result

        return write

    with monkeypatch.context() as patch:
        for name in WRITES:
            patch.setattr(Collection, name, wrap(getattr(Collection, name)))
        patch.setattr(Database, "command", wrap(COMMAND))
        yield seen


def cuts(
    monkeypatch: pytest.MonkeyPatch, prepare: Callable[[], Any], operation: Callable[[Any], Any]
) -> Iterator[Any]:
    """Run `operation` on a fresh `prepare()` once for each cut; yield what was cut."""
    subject = prepare()
    # So that each round has as many writes: what a process has taken of a quota saves some.
    quotas.forget()
    with cut(monkeypatch, at=-1, after=False) as seen:
        operation(subject)
    assert seen[0] > 0
    for at in range(seen[0]):
        for after in (False, True):
            subject = prepare()
            quotas.forget()
            with cut(monkeypatch, at, after=after), suppress(Crash):
                operation(subject)
                pytest.fail(f"write {at} was not cut")
            yield subject


def is_whole() -> bool:
    return not list(integrity.integrity_check(repair=False, progress=lambda _: None))


def overgrown() -> str:
    """A session whose tail is about to spill."""
    session_id = new_session().session_id
    append_many(session_id, [f"message {n}" for n in range(1, 129)])
    return session_id


def contents(count: int) -> list[str]:
    return [f"message {n}" for n in range(1, count + 1)]


def test_a_cut_spill_hides_and_doubles_nothing(database: Any, monkeypatch: Any) -> None:
    def operation(session_id: str) -> None:
        append(session_id, "message 129", "key-129")

    for session_id in cuts(monkeypatch, overgrown, operation):
        seen = [message.content for message in read_all(session_id)]
        assert seen in (contents(128), contents(129))
        assert append(session_id, "message 129", "key-129").seq == 129
        append_many(session_id, [f"message {n}" for n in range(130, 301)])
        assert [message.content for message in read_all(session_id)] == contents(300)
        assert is_whole()


def test_a_message_erased_between_a_spill_and_its_cut_stays_erased(
    database: Any, monkeypatch: Any
) -> None:
    session_id = overgrown()
    with cut(monkeypatch, at=1, after=True), suppress(Crash):
        append(session_id, "message 129")
    assert database.message_buckets.count_documents({"session_id": session_id}) == 1
    erasure.message_delete(session_id=session_id, user_id=OWNER, seq=5, now=now())
    assert "'message 5'" not in str(list(database.message_buckets.find()))
    append_many(session_id, ["more"] * 80)
    erased = read_all(session_id)[4]
    assert (erased.deleted, erased.content) == (True, "")
    assert "'message 5'" not in str(list(database.message_buckets.find()))
    assert is_whole()


def test_a_slow_spiller_cannot_bring_back_what_was_erased(database: Any, monkeypatch: Any) -> None:
    session_id = overgrown()
    read_before: list[Any] = []
    original = tail._write_bucket

    def slowly(new: Any) -> Any:
        if not read_before:
            read_before.append(new)
            erasure.message_delete(session_id=session_id, user_id=OWNER, seq=5, now=now())
            tail.tidy(session_id)
        return original(new)

    monkeypatch.setattr(tail, "_write_bucket", slowly)
    append(session_id, "message 129")
    assert read_all(session_id)[4].deleted
    assert "'message 5'" not in str(list(database.message_buckets.find()))
    assert is_whole()


def test_a_cut_creation_is_whole_or_absent(database: Any, monkeypatch: Any) -> None:
    history = [MessageDraft(role=Role.USER, content=content) for content in contents(300)]

    def operation(_: None) -> Session:
        return new_session(history=history)

    def prepare() -> None:
        database.sessions.delete_many({})
        database.message_buckets.delete_many({})
        database.usage_counters.delete_many({})

    for _ in cuts(monkeypatch, prepare, operation):
        assert database.sessions.count_documents({}) in (0, 1)
        assert is_whole()


def test_a_cut_fork_leaves_its_source_and_nothing_half(database: Any, monkeypatch: Any) -> None:
    def prepare() -> str:
        session_id = overgrown()
        append_many(session_id, ["more"] * 80)
        return session_id

    def operation(session_id: str) -> None:
        sessions.session_fork(
            session_id=session_id, user_id=OWNER, up_to_seq=200, title=None, now=now()
        )

    for session_id in cuts(monkeypatch, prepare, operation):
        assert len(read_all(session_id)) == 208
        assert is_whole()


def test_a_cut_deletion_is_done_or_not_done(database: Any, monkeypatch: Any) -> None:
    def prepare() -> str:
        session_id = overgrown()
        append_many(session_id, ["more"] * 80)
        return session_id

    def operation(session_id: str) -> None:
        sessions.session_delete(session_id=session_id, user_id=OWNER)

    for session_id in cuts(monkeypatch, prepare, operation):
        with suppress(SessionNotFound):
            assert len(read_all(session_id)) == 208
            operation(session_id)
        assert database.message_buckets.count_documents({"session_id": session_id}) == 0
        assert is_whole()


@pytest.mark.parametrize("seq", [5, 200])
def test_a_cut_erasure_of_a_message_keeps_the_totals_true(
    database: Any, monkeypatch: Any, seq: int
) -> None:
    def prepare() -> str:
        session_id = overgrown()
        append_many(session_id, ["more"] * 80)
        return session_id

    def operation(session_id: str) -> None:
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())

    for session_id in cuts(monkeypatch, prepare, operation):
        assert is_whole()
        operation(session_id)
        assert read_all(session_id)[seq - 1].deleted
        assert is_whole()


def test_a_cut_erasure_of_a_user_is_finished_by_the_next(database: Any, monkeypatch: Any) -> None:
    def prepare() -> None:
        database.erased_users.delete_many({})
        overgrown()
        overgrown()

    def operation(_: None) -> None:
        privacy.erase_user(user_id=OWNER, now=now())

    for _ in cuts(monkeypatch, prepare, operation):
        operation(None)
        assert database.sessions.count_documents({"user_id": OWNER}) == 0
        assert database.message_buckets.count_documents({}) == 0

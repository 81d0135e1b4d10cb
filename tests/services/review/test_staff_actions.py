"""What staff do with other people's sessions: whole, once, and never against a legal hold."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from sessions_app.domain.data import Session, Status
from sessions_app.domain.errors import (
    LegalHold,
    MessageNotFound,
    SessionExpired,
    SessionNotFound,
)
from sessions_app.repository import log
from sessions_app.services import erasure, sessions
from sessions_app.services.audits import integrity
from sessions_app.services.review import staff_actions
from tests.repository.conftest import OWNER, append, append_many, new_session, now, read_all
from tests.waiting import at_once

UNKNOWN = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"


@pytest.fixture
def session(database: Any) -> Session:
    session = new_session(ttl_seconds=60)
    append_many(session.session_id, [f"message {n}" for n in range(200)])
    return session


def expire(database: Any, session: Session) -> None:
    past = now() - timedelta(seconds=1)
    database.sessions.update_one({"_id": session.session_id}, {"$set": {"expires_at": past}})


def test_an_archived_session_is_read_only_and_keeps_every_message(session: Session) -> None:
    archived = staff_actions.session_archive_any(session_id=session.session_id, now=now())
    assert (archived.status, archived.expires_at) == (Status.ARCHIVED, None)
    assert archived.archived_at is not None
    assert len(read_all(session.session_id)) == 200


def test_a_restored_session_has_a_new_timeout_and_goes_on(session: Session) -> None:
    staff_actions.session_archive_any(session_id=session.session_id, now=now())
    moment = now()
    restored = staff_actions.session_restore_any(session_id=session.session_id, now=moment)
    assert restored.expires_at is not None
    assert abs(restored.expires_at - moment - timedelta(seconds=60)) < timedelta(seconds=1)
    assert restored.archived_at is None
    assert append(session.session_id, "on").seq == 201


@pytest.mark.parametrize("action", ["archive", "restore"])
def test_twice_is_the_same_as_once(session: Session, action: str) -> None:
    act = getattr(staff_actions, f"session_{action}_any")
    first = act(session_id=session.session_id, now=now())
    assert act(session_id=session.session_id, now=now()) == first


def test_where_expiry_deletes_an_expired_session_is_the_sweepers(
    session: Session, database: Any, settings: Any
) -> None:
    settings.EXPIRY_MODE = "delete"
    expire(database, session)
    for act in (staff_actions.session_archive_any, staff_actions.session_restore_any):
        with pytest.raises(SessionExpired):
            act(session_id=session.session_id, now=now())


def test_deleting_takes_everything_along(session: Session, database: Any) -> None:
    staff_actions.session_delete_any(session_id=session.session_id)
    for name in ("sessions", "message_buckets", "message_annotations"):
        assert database[name].count_documents({}) == 0


def test_a_held_session_is_deleted_by_nobody(session: Session) -> None:
    staff_actions.session_hold_any(session_id=session.session_id, legal_hold=True)
    with pytest.raises(LegalHold):
        staff_actions.session_delete_any(session_id=session.session_id)
    with pytest.raises(LegalHold):
        sessions.session_delete(session_id=session.session_id, user_id=OWNER)
    staff_actions.session_hold_any(session_id=session.session_id, legal_hold=False)
    staff_actions.session_delete_any(session_id=session.session_id)


@pytest.mark.parametrize("seq", [1, 200])
def test_nor_is_a_message_of_it(session: Session, seq: int) -> None:
    staff_actions.session_hold_any(session_id=session.session_id, legal_hold=True)
    with pytest.raises(LegalHold):
        erasure.message_delete(session_id=session.session_id, user_id=OWNER, seq=seq, now=now())
    with pytest.raises(MessageNotFound):
        erasure.message_delete(session_id=session.session_id, user_id=OWNER, seq=201, now=now())
    assert [m.content for m in read_all(session.session_id)] == [f"message {n}" for n in range(200)]
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []


def test_a_hold_goes_on_and_off_without_a_trace_for_the_owner(session: Session) -> None:
    before = log.read_any_header(session.session_id)
    on_hold = staff_actions.session_hold_any(session_id=session.session_id, legal_hold=True)
    assert on_hold.legal_hold
    assert (on_hold.version, on_hold.updated_at) == (before.version, before.updated_at)
    assert staff_actions.session_hold_any(session_id=session.session_id, legal_hold=True) == on_hold
    assert staff_actions.session_hold_any(session_id=session.session_id, legal_hold=False) == before


def test_an_expired_session_can_still_be_held(session: Session, database: Any) -> None:
    expire(database, session)
    assert staff_actions.session_hold_any(session_id=session.session_id, legal_hold=True).legal_hold


def test_an_unknown_session_is_not_found(database: Any) -> None:
    acts: list[Callable[[], Any]] = [
        lambda: log.read_any_header(UNKNOWN),
        lambda: staff_actions.session_archive_any(session_id=UNKNOWN, now=now()),
        lambda: staff_actions.session_restore_any(session_id=UNKNOWN, now=now()),
        lambda: staff_actions.session_hold_any(session_id=UNKNOWN, legal_hold=True),
        lambda: staff_actions.session_hold_any(session_id=UNKNOWN, legal_hold=False),
        lambda: staff_actions.session_delete_any(session_id=UNKNOWN),
    ]
    for act in acts:
        with pytest.raises(SessionNotFound):
            act()


@pytest.mark.mongod("writers that meet")
def test_of_a_hold_and_a_deletion_at_once_only_one_succeeds(database: Any) -> None:
    for _ in range(20):
        session_id = new_session().session_id

        def succeeds(act: Callable[..., Any], **more: Any) -> bool:
            try:
                act(session_id=session_id, **more)  # noqa: B023 - ended before the next round
            except (LegalHold, SessionNotFound):
                return False
            return True

        held, deleted = at_once(
            partial(succeeds, staff_actions.session_hold_any, legal_hold=True),
            partial(succeeds, staff_actions.session_delete_any),
        )
        there = database.sessions.find_one({"_id": session_id}) is not None
        assert (held, deleted) == (there, not there)

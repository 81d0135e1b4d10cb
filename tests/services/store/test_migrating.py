"""Stored documents are taken to the current version, beside writers of old releases and new."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sessions_app.documents import versions
from sessions_app.domain.errors import DamagedSession
from sessions_app.repository.store import migrating, steps
from sessions_app.repository.store.steps import Step
from sessions_app.services import messages, sessions
from sessions_app.services.store import StoreMigration, pacing
from tests.repository.conftest import OWNER, append, append_many, new_session, now


def migrate(**options: Any) -> StoreMigration:
    migration = StoreMigration(**{"dry_run": False, "per_second": None, **options})
    migration.run(lambda _: None)
    return migration


def forget_version(database: Any, name: str = "sessions") -> None:
    """As 0.1 has stored it."""
    database[name].update_many({}, {"$unset": {"schema_version": 1}})


def version_of(database: Any, session_id: str) -> int | None:
    return database.sessions.find_one({"_id": session_id}).get("schema_version")


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> Callable[[Step], None]:
    """The code of the version after this one, which changes sessions by a step."""

    def become(step: Step) -> None:
        following = versions.CURRENT + 1
        monkeypatch.setattr(versions, "CURRENT", following)
        monkeypatch.setattr(steps, "STEPS", {(following, "sessions"): step})

    return become


# A change of form: the title lies in a list.
LISTED = Step(
    reads=("title",),
    change=lambda stored: {"$set": {"titles": [stored["title"]]}, "$unset": {"title": 1}},
)


def test_new_documents_say_the_version(database: Any):
    session = new_session()
    append_many(session.session_id, [f"message {n}" for n in range(200)])
    for name in ("sessions", "message_buckets"):
        assert set(database[name].distinct("schema_version")) == {versions.CURRENT}
        assert database[name].count_documents({"schema_version": None}) == 0


def test_an_append_leaves_the_version_as_it_is(database: Any):
    session = new_session()
    forget_version(database)
    append(session.session_id, "Hello")
    assert version_of(database, session.session_id) is None


def test_it_goes_through_all_versions_in_order(database: Any, next_version: Any):
    session = new_session(title="Lisbon")
    forget_version(database)
    next_version(LISTED)
    assert migrate().counts["sessions"] == 1
    stored = database.sessions.find_one({"_id": session.session_id})
    assert stored["titles"] == ["Lisbon"]
    assert "title" not in stored
    assert stored["schema_version"] == versions.CURRENT


def test_a_change_of_what_a_step_has_read_is_not_overwritten(
    database: Any, next_version: Any, monkeypatch: pytest.MonkeyPatch
):
    session_id = new_session(title="Lisbon").session_id
    next_version(LISTED)
    write = migrating.advance
    renamed: list[str] = []

    def rename_first(name: str, stored: Any) -> None:
        if name == "sessions" and not renamed:
            renamed.append("Porto")
            database.sessions.update_one({"_id": session_id}, {"$set": {"title": "Porto"}})
        write(name, stored)

    monkeypatch.setattr(migrating, "advance", rename_first)
    assert migrate().left == 0
    assert database.sessions.find_one({"_id": session_id})["titles"] == ["Porto"]


def test_documents_that_never_stand_still_are_left_and_said(
    database: Any, next_version: Any, monkeypatch: pytest.MonkeyPatch
):
    session_id = new_session(title="0").session_id
    next_version(LISTED)
    write = migrating.advance

    def rename_always(name: str, stored: Any) -> None:
        if name == "sessions":
            title = f"{stored[0]['title']}0"
            database.sessions.update_one({"_id": session_id}, {"$set": {"title": title}})
        write(name, stored)

    monkeypatch.setattr(migrating, "advance", rename_always)
    migration = migrate()
    assert migration.left == 1
    assert "sessions" not in migration.counts
    assert "titles" not in database.sessions.find_one({"_id": session_id})


def test_a_stopped_run_goes_on_where_it_was(database: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(migrating, "PAGE", 2)
    ids = sorted(new_session().session_id for _ in range(6))
    forget_version(database)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        StoreMigration(dry_run=False, per_second=None).run(stop)
    assert [version_of(database, each) for each in ids] == [versions.CURRENT] * 2 + [None] * 4
    assert migrate().counts == {"sessions": 4}


def test_messages_that_are_appended_meanwhile_stay(database: Any, monkeypatch: pytest.MonkeyPatch):
    session_id = new_session().session_id
    forget_version(database)
    write = migrating.advance

    def append_first(name: str, stored: Any) -> None:
        append(session_id, "meanwhile")
        write(name, stored)

    monkeypatch.setattr(migrating, "advance", append_first)
    assert migrate().counts == {"sessions": 1}
    page = messages.message_page(
        session_id=session_id, user_id=OWNER, after=0, before=None, limit=10, now=now()
    )
    assert [message.content for message in page.messages] == ["meanwhile"]


def test_what_an_old_worker_inserts_behind_it_is_found_by_the_next_run(database: Any):
    migrate()
    new_session()
    forget_version(database)
    assert migrate().counts == {"sessions": 1}


def test_a_version_that_is_no_number_is_left_and_said(database: Any):
    new_session()
    database.sessions.update_many({}, {"$set": {"schema_version": "two"}})
    assert migrate().left == 1


def test_documents_of_the_next_version_are_read_and_left_alone(database: Any):
    session_id = new_session(title="Of tomorrow").session_id
    following = versions.CURRENT + 1
    database.sessions.update_many({}, {"$set": {"schema_version": following, "unknown": 1}})
    read = sessions.session_get(session_id=session_id, user_id=OWNER, limit=1, now=now())
    assert read[0].title == "Of tomorrow"
    append(session_id, "Hello")
    assert migrate().counts == {}
    assert version_of(database, session_id) == following


def test_a_session_of_a_later_version_is_damaged_to_this_one(database: Any):
    session_id = new_session().session_id
    beyond = versions.NEWEST_READABLE + 1
    database.sessions.update_many({}, {"$set": {"schema_version": beyond}})
    with pytest.raises(DamagedSession) as damage:
        sessions.session_get(session_id=session_id, user_id=OWNER, limit=1, now=now())
    assert "of a newer release" in damage.value.problem


def test_it_rests_for_its_rate_and_at_least_as_long_as_it_worked(monkeypatch: pytest.MonkeyPatch):
    moment, rests = [0.0], []
    clock = SimpleNamespace(monotonic=lambda: moment[0], sleep=rests.append)
    monkeypatch.setattr(pacing, "time", clock)
    pace = pacing.Pace(100)
    moment[0] += 1.0
    pace.rest(500)
    assert rests == [4.0]
    moment[0] += 3.0
    pace.rest(10)
    assert rests == [4.0, 3.0]
    pacing.Pace(None).rest(1_000_000)
    assert len(rests) == 2

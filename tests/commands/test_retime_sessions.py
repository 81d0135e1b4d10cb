"""`retime_sessions`, on thousands of sessions in a real database."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_app.repository.expiry import retiming
from tests.commands.conftest import Run
from tests.expiry_data import DAY, Store, now

HOUR = timedelta(hours=1)


@pytest.fixture
def store(database: Any) -> Store:
    return Store(database)


@pytest.fixture
def idle(store: Store) -> list[str]:
    """Thousands that follow a default of 30 days and were last used ten days ago."""
    used = now() - 10 * DAY
    return store.add(
        2_500, ttl_seconds=None, created_at=used, updated_at=used, expires_at=used + 30 * DAY
    )


def idle_times(store: Store) -> set[timedelta | None]:
    return {
        stored["expires_at"] - stored["updated_at"] if "expires_at" in stored else None
        for stored in store.database.sessions.find()
    }


@pytest.mark.parametrize("days", [20, 60])
def test_they_follow_the_default_of_today(
    run: Run, store: Store, idle: Any, settings: Any, days: int
) -> None:
    settings.SESSION_TTL_SECONDS = days * 86_400
    assert run("retime_sessions", "--json").json() == {
        "dry_run": False, "looked_at": 2_500, "retimed": 2_500, "expired": 0
    }  # fmt: skip
    assert idle_times(store) == {days * DAY}
    assert run("retime_sessions", "--json").json()["retimed"] == 0


def test_what_had_no_timeout_gets_one_and_the_other_way_round(
    run: Run, store: Store, idle: Any, settings: Any
) -> None:
    settings.SESSION_TTL_SECONDS = 0
    run("retime_sessions")
    assert idle_times(store) == {None}
    settings.SESSION_TTL_SECONDS = 20 * 86_400
    run("retime_sessions")
    assert idle_times(store) == {20 * DAY}


def test_where_it_has_passed_they_have_expired(
    run: Run, store: Store, idle: Any, settings: Any
) -> None:
    settings.SESSION_TTL_SECONDS = 5 * 86_400
    for arguments, verb in ((["--dry-run"], "would get"), ([], "got")):
        assert run("retime_sessions", *arguments).out == (
            f"2,500 sessions follow the default, 2,500 {verb} another timeout, "
            "which has passed for 2,500\n"
        )
    assert run("expire_sessions", "--json").json()["archived"] == 2_500


def test_a_dry_run_changes_nothing(run: Run, store: Store, idle: Any, settings: Any) -> None:
    settings.SESSION_TTL_SECONDS = 60
    preview = run("retime_sessions", "--dry-run", "--json").json()
    assert preview == {"dry_run": True, "looked_at": 2_500, "retimed": 2_500, "expired": 2_500}
    assert idle_times(store) == {30 * DAY}


def test_others_stay_as_they_are(run: Run, store: Store, settings: Any) -> None:
    store.add(10, ttl_seconds=3_600)
    store.add(10, ttl_seconds=0, expires_at=None)
    store.expired(10, ttl_seconds=None)
    store.archived(10, DAY, ttl_seconds=None)
    before = list(store.database.sessions.find().sort("_id", 1))
    settings.SESSION_TTL_SECONDS = 10 * 86_400
    assert run("retime_sessions", "--json").json()["looked_at"] == 0
    assert list(store.database.sessions.find().sort("_id", 1)) == before


def test_activity_meanwhile_has_the_last_word(
    run: Run, store: Store, idle: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = retiming.following_default

    def read_and_use(**more: Any) -> Any:
        page = read(**more)
        if page:
            used = {"updated_at": now(), "expires_at": now() + HOUR}
            store.database.sessions.update_one({"_id": page[0].session_id}, {"$set": used})
        return page

    monkeypatch.setattr(retiming, "following_default", read_and_use)
    settings.SESSION_TTL_SECONDS = 20 * 86_400
    result = run("retime_sessions", "--json").json()
    assert (result["looked_at"], result["retimed"]) == (2_500, 2_497)

"""`expire_sessions`, on thousands of sessions in a real database."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sessions_app.domain.errors import SessionNotFound, StorageUnavailable
from sessions_app.domain.sessions import expiry as rules
from sessions_app.management.commands.expire_sessions import Command
from sessions_app.repository import clocks
from sessions_app.repository.expiry import sweeps
from sessions_app.services import sessions
from sessions_app.services.expiry import sweeping as expiry
from sessions_app.services.review import staff_actions
from tests.commands.conftest import Run
from tests.expiry_data import DAY, Store, now
from tests.waiting import Threads, at_once

HOUR = timedelta(hours=1)


@pytest.fixture
def store(database: Any) -> Store:
    return Store(database)


def counts(result: dict[str, Any]) -> dict[str, int]:
    return {name: result[name] for name in ("archived", "deleted", "purged", "held", "in_turn")}


def expected(**more: int) -> dict[str, int]:
    return {"archived": 0, "deleted": 0, "purged": 0, "held": 0, "in_turn": 0} | more


def test_what_has_expired_is_archived_and_nothing_else(run: Run, store: Store) -> None:
    due = set(store.expired(2_500)) | set(store.expired(500, HOUR))
    active = set(store.add(300))
    never = set(store.add(100, expires_at=None))
    result = run("expire_sessions", "--json").json()
    assert counts(result) == expected(archived=3_000)
    assert result["complete"] is True
    assert (store.status("archived"), store.status("active")) == (due, active | never)
    for stored in store.database.sessions.find({"status": "archived"}):
        assert "expires_at" not in stored
        assert abs(stored["archived_at"] - now()) < timedelta(minutes=1)
        assert stored["updated_at"] < now() - HOUR
        assert stored["version"] == 2
    store.assert_nothing_orphaned()


def test_with_mode_delete_they_go_with_all_that_belongs_to_them(run: Run, store: Store) -> None:
    store.expired(3_000)
    active = set(store.add(300))
    result = run("expire_sessions", "--mode", "delete", "--json").json()
    assert counts(result) == expected(deleted=3_000)
    assert store.left() == active
    store.assert_nothing_orphaned()


def test_the_mode_is_that_of_the_settings_unless_it_is_named(
    run: Run, store: Store, settings: Any
) -> None:
    settings.EXPIRY_MODE = "delete"
    store.expired(10)
    assert counts(run("expire_sessions", "--json").json()) == expected(deleted=10)
    store.expired(10)
    result = run("expire_sessions", "--mode", "archive", "--json").json()
    assert counts(result) == expected(archived=10)


def test_archives_past_their_retention_are_purged(run: Run, store: Store, settings: Any) -> None:
    settings.ARCHIVE_RETENTION_DAYS = 30
    store.archived(2_000, 31 * DAY)
    young = set(store.archived(500, 29 * DAY))
    result = run("expire_sessions", "--json").json()
    assert counts(result) == expected(purged=2_000)
    assert store.left() == young
    store.assert_nothing_orphaned()


def test_what_was_just_archived_is_not_purged_in_the_same_run(
    run: Run, store: Store, settings: Any
) -> None:
    settings.ARCHIVE_RETENTION_DAYS = 1
    due = set(store.expired(100, 400 * DAY))
    assert counts(run("expire_sessions", "--json").json()) == expected(archived=100)
    assert store.status("archived") == due


def test_without_retention_archives_stay_for_ever(run: Run, store: Store, settings: Any) -> None:
    settings.ARCHIVE_RETENTION_DAYS = 0
    old = set(store.archived(100, 3_650 * DAY))
    assert counts(run("expire_sessions", "--json").json()) == expected()
    assert store.left() == old


def test_a_hold_keeps_from_deletion_and_from_purging(run: Run, store: Store) -> None:
    on_hold = set(store.expired(50, legal_hold=True)) | set(
        store.archived(50, 400 * DAY, legal_hold=True)
    )
    store.expired(100)
    store.archived(100, 400 * DAY)
    result = run("expire_sessions", "--mode", "delete", "--json").json()
    assert counts(result) == expected(deleted=100, purged=100, held=100)
    assert store.left() == on_hold
    assert result["complete"] is True


def test_a_held_session_is_archived_since_that_destroys_nothing(run: Run, store: Store) -> None:
    on_hold = set(store.expired(50, legal_hold=True))
    assert counts(run("expire_sessions", "--json").json()) == expected(archived=50)
    assert store.status("archived") == on_hold


def test_once_the_hold_is_lifted_it_goes(run: Run, store: Store) -> None:
    (session_id,) = store.expired(1, legal_hold=True)
    run("expire_sessions", "--mode", "delete")
    staff_actions.session_hold_any(session_id=session_id, legal_hold=False)
    result = run("expire_sessions", "--mode", "delete", "--json").json()
    assert counts(result) == expected(deleted=1)


@pytest.mark.parametrize("mode", ["archive", "delete"])
def test_a_turn_in_progress_is_not_cut(run: Run, store: Store, mode: str) -> None:
    answering = set(store.expired(20, turn={"deadline": now() + HOUR}))
    store.expired(20, turn={"deadline": now() - HOUR})
    result = run("expire_sessions", "--mode", mode, "--json").json()
    fate = {"archive": "archived", "delete": "deleted"}[mode]
    assert counts(result) == expected(**{fate: 20}, in_turn=20)
    assert store.status("active") == answering


def test_many_of_the_same_moment_are_all_ended_past_those_that_are_exempt(
    run: Run, store: Store
) -> None:
    moment = now() - DAY
    store.add(2_500, expires_at=moment, legal_hold=True)
    store.add(2_500, expires_at=moment)
    result = run("expire_sessions", "--mode", "delete", "--json").json()
    assert counts(result) == expected(deleted=2_500, held=2_500)


@pytest.mark.parametrize("size", ["1", "7", "1000"])
def test_the_batch_size_changes_nothing_but_the_steps(run: Run, store: Store, size: str) -> None:
    store.expired(20)
    result = run("expire_sessions", "--batch-size", size, "--json").json()
    assert counts(result) == expected(archived=20)


def test_a_limit_is_kept_and_the_longest_due_go_first(run: Run, store: Store) -> None:
    young, old = store.expired(500, HOUR), store.expired(500, DAY)
    store.archived(100, 400 * DAY)
    result = run("expire_sessions", "--limit", "600", "--json").json()
    assert (counts(result), result["complete"]) == (expected(archived=600), False)
    assert set(old) < store.status("archived")
    assert len(store.status("active") & set(young)) == 400
    result = run("expire_sessions", "--limit", "450", "--json").json()
    assert (counts(result), result["complete"]) == (expected(archived=400, purged=50), False)
    result = run("expire_sessions", "--limit", "50", "--json").json()
    assert (counts(result), result["complete"]) == (expected(purged=50), True)


@pytest.mark.parametrize("mode", ["archive", "delete"])
@pytest.mark.parametrize("limit", [None, 450])
def test_a_dry_run_tells_what_the_run_then_does(
    run: Run, store: Store, mode: str, limit: int | None
) -> None:
    store.expired(300, timedelta(minutes=5))
    store.expired(200, 3 * DAY, user="frequent")
    store.expired(50, 40 * DAY, legal_hold=True)
    store.expired(5, turn={"deadline": now() + HOUR})
    store.archived(100, 400 * DAY)
    store.archived(10, 400 * DAY, legal_hold=True)
    store.add(100)
    arguments = ["--mode", mode, "--json", *(["--limit", str(limit)] if limit else [])]
    before = store.left(), store.status("archived")
    preview = run("expire_sessions", "--dry-run", *arguments).json()
    assert (store.left(), store.status("archived")) == before
    assert store.database.sweeps.count_documents({}) == 0
    done = run("expire_sessions", *arguments).json()
    assert counts(preview) == counts(done)
    ended = sum(done[fate] for fate in ("archived", "deleted", "purged"))
    assert sum(sum(each.values()) for each in preview["by_user"].values()) == ended
    assert sum(sum(ages.values()) for ages in preview["by_age"].values()) == ended


def test_a_dry_run_tells_ages_and_users(run: Run, store: Store) -> None:
    for ago in (timedelta(minutes=59), 23 * HOUR, 6 * DAY, 29 * DAY, 31 * DAY):
        store.expired(2, ago)
    store.archived(3, 365 * DAY + HOUR, user="archivist")
    preview = run("expire_sessions", "--dry-run", "--json").json()
    once = dict.fromkeys(rules.AGES, 0)
    assert preview["by_age"] == {
        "archived": dict.fromkeys(rules.AGES, 2),
        "purged": once | {"under_1_day": 3},
    }
    assert preview["by_user"]["somebody-0"] == {"archived": 5}
    assert preview["by_user"]["archivist-2"] == {"purged": 1}
    printed = run("expire_sessions", "--dry-run").out
    assert "somebody-0" in printed
    assert printed.endswith(
        "a run would do this: 10 archived, 0 deleted, 3 purged; "
        "passed over: 0 under legal hold, 0 in a turn\n"
    )


def test_again_there_is_nothing_to_do(run: Run, store: Store) -> None:
    store.expired(100)
    run("expire_sessions")
    before = list(store.database.sessions.find().sort("_id", 1))
    outcome = run("expire_sessions")
    assert (outcome.code, outcome.out) == (
        0,
        "0 archived, 0 deleted, 0 purged; passed over: 0 under legal hold, 0 in a turn\n",
    )
    assert list(store.database.sessions.find().sort("_id", 1)) == before


@pytest.mark.parametrize("mode", list(rules.ExpiryMode))
def test_many_sweepers_at_once_end_each_session_once(store: Store, mode: Any) -> None:
    store.expired(3_000)
    store.archived(1_500, 400 * DAY)
    active = set(store.add(100))

    def sweep() -> expiry.Swept:
        plan = expiry.expiry_plan(mode=mode, now=now())
        return expiry.expiry_sweep(
            plan, limit=None, batch_size=50, progress=lambda _: None, now=now
        )

    total: Counter[str] = Counter()
    for each in at_once(*[sweep] * 6):
        total.update(each.counts)
    fate = "archived" if mode is rules.ExpiryMode.ARCHIVE else "deleted"
    assert total == {fate: 3_000, "purged": 1_500}
    assert store.status("active") == active
    assert all(stored["version"] <= 2 for stored in store.database.sessions.find())
    receipts = list(store.database.sweeps.find())
    assert sum(receipt[fate] for receipt in receipts) == 3_000
    assert sum(receipt["purged"] for receipt in receipts) == 1_500
    store.assert_nothing_orphaned()


@pytest.mark.parametrize("mode", list(rules.ExpiryMode))
def test_a_session_that_wakes_up_during_the_sweep_is_left_alone(
    store: Store, mode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = store.expired(1_000)
    woken: list[str] = []
    name = "archive" if mode is rules.ExpiryMode.ARCHIVE else "delete"
    end = getattr(sweeps, name)

    def end_after_a_waking(sweep_id: str, session_ids: list[str], **more: Any) -> int:
        owner = store.database.sessions.find_one({"_id": session_ids[0]})["user_id"]
        sessions.session_restore(session_id=session_ids[0], user_id=owner, now=now())
        woken.append(session_ids[0])
        return end(sweep_id, session_ids, **more)

    monkeypatch.setattr(sweeps, name, end_after_a_waking)
    plan = expiry.expiry_plan(mode=mode, now=now())
    swept = expiry.expiry_sweep(plan, limit=None, batch_size=50, progress=lambda _: None, now=now)
    assert len(woken) == 20
    assert store.status("active") == set(woken)
    assert sum(swept.counts.values()) == len(due) - 20
    assert swept.complete


def test_sessions_that_wake_up_at_the_same_time_are_either_ended_or_awake(store: Store) -> None:
    due = store.expired(2_000)
    owners = {s["_id"]: s["user_id"] for s in store.database.sessions.find({}, {"user_id": 1})}
    plan = expiry.expiry_plan(mode=rules.ExpiryMode.DELETE, now=now())
    awake: list[str] = []

    def wake() -> None:
        for session_id in reversed(due):
            try:
                sessions.session_restore(
                    session_id=session_id, user_id=owners[session_id], now=now()
                )
            except SessionNotFound:
                continue
            awake.append(session_id)

    with Threads() as threads:
        waking = threads.submit(wake)
        swept = expiry.expiry_sweep(
            plan, limit=None, batch_size=100, progress=lambda _: None, now=now
        )
    waking.result()
    assert store.left() == set(awake)
    assert swept.counts["deleted"] + len(awake) == len(due)
    store.assert_nothing_orphaned()


def test_of_two_clocks_the_one_that_is_behind_decides(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.expired(10, HOUR)
    old = store.expired(10, DAY)
    monkeypatch.setattr(clocks, "server_time", lambda: now() - 2 * HOUR)
    run("expire_sessions")
    assert store.status("archived") == set(old)


def test_its_receipt_says_what_it_did_and_names_nobody(run: Run, store: Store) -> None:
    store.expired(30)
    store.archived(20, 400 * DAY)
    result = run("expire_sessions", "--json").json()
    (receipt,) = store.database.sweeps.find()
    assert receipt["_id"] == result["sweep_id"]
    assert (receipt["archived"], receipt["deleted"], receipt["purged"]) == (30, 0, 20)
    assert receipt["latest_expiry"] <= receipt["cutoff"]
    assert receipt["latest_archival"] <= receipt["retention_cutoff"]
    assert (receipt["complete"], receipt["held"], receipt["in_turn"]) == (True, 0, 0)
    assert "somebody" not in str(receipt)


def test_every_so_often_until_it_is_told_to_stop(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.expired(20)
    turns = iter([False, False, True])

    def rest(self: Command, seconds: float) -> None:
        assert seconds == 60
        store.expired(5)
        if next(turns):
            self.stop.set()

    monkeypatch.setattr(Command, "_rest", rest)
    outcome = run("expire_sessions", "--every", "60", "--json")
    assert outcome.code == 0
    assert outcome.json() == {
        "every": 60, "runs": 3, "failed_runs": 0, "archived": 30, "deleted": 0, "purged": 0
    }  # fmt: skip


def test_a_round_that_finds_no_storage_is_not_the_last(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.expired(20)
    rounds = iter(["fail", "work"])
    plan = expiry.expiry_plan

    def sometimes(**more: Any) -> expiry.SweepPlan:
        if next(rounds) == "fail":
            raise StorageUnavailable
        return plan(**more)

    last = iter([False, True])

    def rest(self: Command, seconds: float) -> None:
        if next(last):
            self.stop.set()

    monkeypatch.setattr("sessions_app.services.expiry.expiry_plan", sometimes)
    monkeypatch.setattr(Command, "_rest", rest)
    result = run("expire_sessions", "--every", "1", "--json").json()
    assert (result["runs"], result["failed_runs"], result["archived"]) == (1, 1, 20)


def test_resting_it_looks_up_often_enough_to_hear_a_signal() -> None:
    waits: list[float] = []

    class Told(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            waits.append(timeout)
            # A signal that another thread was given: heard when this one next does anything.
            if len(waits) == 3:
                self.set()
            return self.is_set()

    command = Command()
    command.stop = Told()
    command._rest(3_600)
    assert len(waits) == 3
    assert max(waits) <= 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--mode", "forget"),
        ("--limit", "0"),
        ("--limit", "-1"),
        ("--batch-size", "0"),
        ("--batch-size", "1001"),
        ("--every", "0"),
        ("--every", "soon"),
        ("--every", "5", "--dry-run"),
    ],
)
def test_wrong_usage_changes_nothing(database: Any, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("expire_sessions", *arguments)
    assert database.sweeps.count_documents({}) == 0

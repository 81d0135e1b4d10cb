"""`audit_expiry`, on thousands of sessions in a real database."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sessions_app.domain.audit.expiry import ClockReading
from sessions_app.repository import clocks
from sessions_app.repository.audits import integrity
from sessions_app.repository.expiry import audit as expiry_audit
from sessions_app.services import erasure, sessions
from sessions_app.services.expiry import sweeping as expiry
from tests.commands.conftest import Run
from tests.expiry_data import DAY, Store, now
from tests.repository.conftest import OWNER, append_many, new_session

HOUR = timedelta(hours=1)


@pytest.fixture
def store(database: Any) -> Store:
    return Store(database)


def wrongs(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["wrong"], finding["subject"]) for finding in result["findings"]]


def test_thousands_of_sessions_in_every_state_are_in_order(run: Run, store: Store) -> None:
    store.add(1_500)
    store.add(100, ttl_seconds=0, expires_at=None)
    store.expired(500, HOUR)
    store.expired(50, HOUR, legal_hold=True)
    store.archived(700, 30 * DAY)
    outcome = run("audit_expiry", "--json")
    result = outcome.json()
    assert (outcome.code, result["findings"], result["wrong"]) == (0, [], {})
    assert result["sessions"] == {"active": 2_150, "archived": 700}
    assert result["belongings"] == 2 * 2_850
    assert result["notes"]["expired_not_swept"] == 550
    assert (result["notes"]["held"], result["notes"]["held_past_their_end"]) == (50, 50)
    (clock,) = result["clocks"]
    assert abs(clock["ahead_ms"]) <= 5_000 + clock["uncertainty_ms"]


def test_what_the_services_leave_behind_is_in_order(run: Run, database: Any) -> None:
    for ttl_seconds in (None, 600, 0):
        session_id = new_session(ttl_seconds=ttl_seconds).session_id
        append_many(session_id, ["x"] * 200)
        for seq in (1, 200):
            erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())
        sessions.session_archive(session_id=session_id, user_id=OWNER, now=now())
        sessions.session_restore(session_id=session_id, user_id=OWNER, now=now())
        sessions.session_fork(
            session_id=session_id, user_id=OWNER, up_to_seq=None, title=None, now=now()
        )
    assert run("audit_expiry").code == 0


def test_what_was_not_swept_in_time_is_found(run: Run, store: Store) -> None:
    late = store.expired(3, 2 * DAY)
    old = store.archived(2, 367 * DAY)
    outcome = run("audit_expiry", "--json")
    assert outcome.code == 1
    assert sorted(wrongs(outcome.json())) == sorted(
        [("not_expired", each) for each in late] + [("not_purged", each) for each in old]
    )


def test_a_sweep_puts_that_right(run: Run, store: Store) -> None:
    store.expired(2_000, 2 * DAY)
    store.archived(1_000, 367 * DAY)
    assert run("audit_expiry").code == 1
    run("expire_sessions")
    outcome = run("audit_expiry", "--json")
    assert outcome.code == 0
    last = outcome.json()["last_sweep"]
    assert (last["archived"], last["purged"], last["mode"]) == (2_000, 1_000, "archive")


def test_what_a_sweep_that_got_through_has_missed_is_wrong_at_once(run: Run, store: Store) -> None:
    run("expire_sessions")
    (missed,) = store.expired(1, HOUR)
    outcome = run("audit_expiry", "--json")
    assert (outcome.code, wrongs(outcome.json())) == (1, [("not_expired", missed)])


def test_the_grace_is_the_operators(run: Run, store: Store) -> None:
    store.expired(1, HOUR)
    assert run("audit_expiry", "--grace", "7200").code == 0
    assert run("audit_expiry", "--grace", "1800").code == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        (lambda: {"status": "archived", "expires_at": None}, "archived_without_time"),
        (lambda: {"status": "archived", "archived_at": now()}, "archived_with_timeout"),
        (lambda: {"archived_at": now()}, "active_with_archival"),
        (lambda: {"ttl_seconds": 60}, "timeout_misplaced"),
        (lambda: {"ttl_seconds": 60, "expires_at": None}, "timeout_missing"),
        (lambda: {"updated_at": now() + HOUR, "expires_at": now() + 2 * HOUR}, "from_the_future"),
        (lambda: {"created_at": now() + HOUR / 2, "updated_at": now() + HOUR}, "from_the_future"),
        (lambda: {"status": "gone"}, "unknown_status"),
        (lambda: {"updated_at": None}, "time_missing"),
    ],
)
def test_times_that_contradict_each_other_are_found(
    run: Run, store: Store, fields: Any, wrong: str
) -> None:
    store.add(20)
    (session_id,) = store.add(1, **{"ttl_seconds": None} | fields())
    outcome = run("audit_expiry", "--json")
    assert outcome.code == 1
    assert set(wrongs(outcome.json())) == {(wrong, session_id)}


def test_orphans_of_every_kind_are_found(run: Run, store: Store) -> None:
    store.add(1_000)
    (gone, too) = store.add(2)
    store.database.sessions.delete_many({"_id": {"$in": [gone, too]}})
    outcome = run("audit_expiry", "--json")
    assert outcome.code == 1
    assert sorted(wrongs(outcome.json())) == sorted(
        [("orphan", each) for each in (gone, too) for _ in range(2)]
    )


def test_a_sweep_that_ended_what_was_not_due_is_found(run: Run, store: Store) -> None:
    store.expired(10)
    sweep_id = run("expire_sessions", "--mode", "delete", "--json").json()["sweep_id"]
    assert run("audit_expiry").code == 0
    ahead = {"latest_expiry": now() + DAY}
    store.database.sweeps.update_one({"_id": sweep_id}, {"$set": ahead})
    outcome = run("audit_expiry", "--json")
    assert (outcome.code, wrongs(outcome.json())) == (1, [("ended_too_early", sweep_id)])


def test_a_sweep_by_a_fast_clock_is_found(run: Run, store: Store) -> None:
    sweep_id = run("expire_sessions", "--json").json()["sweep_id"]
    ahead = {"cutoff": now() + DAY}
    store.database.sweeps.update_one({"_id": sweep_id}, {"$set": ahead})
    result = run("audit_expiry", "--json").json()
    assert wrongs(result) == [("swept_by_a_fast_clock", sweep_id)]


def test_a_sweep_that_was_killed_is_told_and_not_wrong(run: Run, store: Store) -> None:
    plan = expiry.expiry_plan(mode=None, now=now())
    expiry.expiry_store.sweeps.begin(
        sweep_id="killed",
        mode=plan.mode,
        started_at=now() - DAY,
        cutoff=now() - DAY,
        retention_cutoff=None,
    )
    outcome = run("audit_expiry", "--json")
    assert (outcome.code, outcome.json()["notes"]["sweeps_cut_short"]) == (0, 1)


def test_clocks_that_disagree_are_found(
    run: Run, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = [
        ClockReading("one:27017", timedelta(milliseconds=3), timedelta(milliseconds=2)),
        ClockReading("two:27017", -timedelta(minutes=3), timedelta(milliseconds=2)),
    ]
    monkeypatch.setattr(clocks, "readings", lambda: readings)
    outcome = run("audit_expiry")
    assert outcome.code == 1
    assert "two:27017: clocks_disagree (180.0 s behind this machine's clock)\n" in outcome.out
    assert "one:27017 +3 ms, two:27017 -180,000 ms" in outcome.out


def test_what_is_put_right_while_it_looks_is_not_wrong(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.expired(50, 2 * DAY)
    read = expiry_audit.times_page

    def read_and_sweep(after: str) -> Any:
        page = read(after)
        plan = expiry.expiry_plan(mode=None, now=now())
        expiry.expiry_sweep(plan, limit=None, progress=lambda _: None, now=now)
        return page

    monkeypatch.setattr(expiry_audit, "times_page", read_and_sweep)
    assert run("audit_expiry").code == 0


def test_what_is_cleared_up_while_it_looks_is_no_orphan(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone,) = store.add(1)
    store.database.sessions.delete_one({"_id": gone})
    find = integrity.orphans

    def find_and_clear(damage: Any, *more: Any) -> Any:
        for document_id, session_id in list(find(damage, *more)):
            integrity.delete_orphan(damage, document_id, session_id)
            yield document_id, session_id

    monkeypatch.setattr(integrity, "orphans", find_and_clear)
    assert run("audit_expiry").code == 0


def test_another_default_is_told_and_not_wrong(run: Run, store: Store, settings: Any) -> None:
    store.add(30, ttl_seconds=None)
    settings.SESSION_TTL_SECONDS = 3_600
    assert run("audit_expiry", "--json").json()["notes"]["of_another_default"] == 0
    settings.SESSION_TTL_SECONDS = 60
    outcome = run("audit_expiry", "--json")
    assert (outcome.code, outcome.json()["notes"]["of_another_default"]) == (0, 30)


def test_thousands_of_findings_are_counted_and_some_are_shown(run: Run, store: Store) -> None:
    store.expired(1_200, 2 * DAY)
    result = run("audit_expiry", "--json").json()
    assert result["wrong"] == {"not_expired": 1_200}
    assert (len(result["findings"]), result["findings_left_out"]) == (1_000, 200)


def test_in_words(run: Run, store: Store) -> None:
    (late,) = store.expired(1, 2 * DAY)
    out = run("audit_expiry").out
    assert f"{late}: not_expired (expired " in out
    assert "sessions: 1 active; 2 documents of theirs\n" in out
    assert "sweeps: 0 receipts; none has got through\n" in out
    assert out.endswith("wrong: 1 not_expired\n")


@pytest.mark.parametrize("grace", ["-1", "soon", "1.5"])
def test_wrong_usage(database: Any, grace: str) -> None:
    with pytest.raises(CommandError):
        call_command("audit_expiry", "--grace", grace)

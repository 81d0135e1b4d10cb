"""`manage.py erase_user`."""

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.errors import SessionError
from sessions_app.services import messages, sessions, throttling
from sessions_app.services.audits import integrity
from tests.commands.conftest import Run
from tests.commands.test_export_user import copies
from tests.docs.readme import ROOT
from tests.repository.conftest import OWNER, append_many, new_session, now
from tests.waiting import started, wait_until

pytestmark = pytest.mark.django_db
SECRETS = {"SECRET_KEY": "s" * 50, "JWT_SIGNING_KEY": "j" * 50}


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", "alice@example.com", "pw")


def count(database: Any, **wanted: Any) -> int:
    return int(database.sessions.count_documents(wanted))


def test_thousands_of_sessions_go_and_nothing_of_others(run: Run, database: Any, alice: User):
    copies(database, "bob", 20)
    copies(database, str(alice.pk), 3_000)
    append_many(new_session().session_id, [f"message {n}" for n in range(400)])
    others = list(database.sessions.find({"user_id": {"$ne": str(alice.pk)}}).sort("_id"))
    buckets = list(database.message_buckets.find())
    outcome = run("erase_user", "ALICE", "--json")
    result = outcome.json()
    assert (outcome.code, result["clean"]) == (0, True)
    assert result["erased"]["sessions"] == 3_000
    assert result["receipt"]["counts"]["messages"] == 6_000
    assert set(result["left"].values()) == {0}
    assert {"sessions", "message_buckets", "accounts_user", "django_session"} <= set(result["left"])
    assert list(database.sessions.find().sort("_id")) == others
    assert list(database.message_buckets.find()) == buckets
    assert not User.objects.exists()


def test_archives_buckets_and_annotations_go_along(run: Run, database: Any):
    session_id = new_session().session_id
    append_many(session_id, [f"message {n}" for n in range(400)])
    database.message_annotations.insert_one(
        {"_id": f"{session_id}/000000000001", "session_id": session_id}
    )
    sessions.session_archive(session_id=session_id, user_id=OWNER, now=now())
    result = run("erase_user", OWNER, "--json").json()
    counts = result["receipt"]["counts"]
    assert (counts["sessions"], counts["messages"]) == (1, 400)
    for collection in ("sessions", "message_buckets", "message_annotations"):
        assert database[collection].count_documents({}) == 0


def test_a_receipt_stays_that_names_nobody(run: Run, database: Any, alice: User):
    copies(database, str(alice.pk), 1)
    run("erase_user", "alice")
    [receipt] = database.erased_users.find()
    assert receipt["erased_at"] <= receipt["completed_at"]
    assert receipt["counts"]["accounts"] == receipt["counts"]["sessions"] == 1
    text = str(receipt)
    assert not any(name in text for name in (str(alice.pk), "alice", alice.pk.hex))


def test_a_receipt_cannot_be_found_by_trying_ids(run: Run, database: Any, settings: Any):
    copies(database, "42", 1)
    run("erase_user", "42")
    receipts = database.erased_users.distinct("_id")
    settings.SECRET_KEY = "another"
    copies(database, "42", 1)
    run("erase_user", "42")
    assert len({*receipts, *database.erased_users.distinct("_id")}) == 2


def test_throttle_windows_of_the_user_go(run: Run, database: Any, alice: User):
    for caller in (str(alice.pk), "bob"):
        key = throttling.caller_key(scope="user", caller=caller)
        throttling.throttle_take(key=key, limit=60, period_seconds=60, now=now())
    assert run("erase_user", "alice", "--json").json()["erased"]["throttle_windows"] == 1
    assert database.throttle_windows.count_documents({}) == 1


def test_a_legal_hold_keeps_everything(run: Run, database: Any, alice: User):
    copies(database, str(alice.pk), 3)
    database.sessions.update_one({}, {"$set": {"legal_hold": True}})
    with pytest.raises(CommandError, match=r"^The session is under legal hold") as refused:
        run("erase_user", "alice")
    assert refused.value.returncode == 1
    assert (count(database), database.erased_users.count_documents({})) == (3, 0)
    assert User.objects.exists()


def test_a_hold_placed_meanwhile_keeps_what_it_holds(database: Any, alice: User, monkeypatch: Any):
    copies(database, str(alice.pk), 3)
    from sessions_app.repository.erasure import users as user_erasures

    original = user_erasures._next_sessions

    def hold_one(user_id: str) -> Any:
        chosen = original(user_id)
        database.sessions.update_one({}, {"$set": {"legal_hold": True}})
        return chosen

    monkeypatch.setattr(user_erasures, "_next_sessions", hold_one)
    with pytest.raises(CommandError, match="legal hold"):
        call_command("erase_user", "alice")
    assert (count(database), count(database, legal_hold=True)) == (1, 1)
    assert User.objects.exists()


def test_check_erases_nothing_and_says_what_is_there(run: Run, database: Any, alice: User):
    copies(database, str(alice.pk), 2)
    outcome = run("erase_user", "alice", "--check")
    assert outcome.code == 1
    lines = outcome.out.splitlines()
    assert {"sessions: 2 left", "accounts_user: 1 left", "something is left"} <= set(lines)
    assert (count(database), User.objects.count()) == (2, 1)


def test_check_of_somebody_unknown_finds_nothing(run: Run, database: Any):
    outcome = run("erase_user", "nobody", "--check")
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "nothing is left")


def test_somebody_unknown_cannot_be_erased(run: Run, database: Any):
    with pytest.raises(CommandError, match="Nobody with that username or id") as refused:
        run("erase_user", "nobody")
    assert refused.value.returncode == 1


@pytest.mark.parametrize(
    "forgotten",
    [
        {"_id": 1, "owner": {"ids": ["x", "{id}"]}},
        {"_id": "{id}/key"},
        {"_id": 1, "{id}": 1},
        {"_id": 1, "raw": b"by {id}"},
    ],
)
def test_a_collection_that_was_forgotten_is_found(run: Run, database: Any, alice, forgotten):
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(key): filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        if isinstance(value, bytes):
            return value.replace(b"{id}", str(alice.pk).encode())
        return value.replace("{id}", str(alice.pk)) if isinstance(value, str) else value

    database.forgotten.insert_one(filled(forgotten))
    outcome = run("erase_user", "alice", "--json")
    database.drop_collection("forgotten")
    assert outcome.code == 1
    assert {collection for collection, left in outcome.json()["left"].items() if left} == {
        "forgotten"
    }


def test_what_lost_its_session_is_something_left(run: Run, database: Any):
    copies(database, "42", 1)
    database.message_buckets.insert_one({"_id": "gone/000000000001", "session_id": "gone"})
    outcome = run("erase_user", "42")
    assert outcome.code == 1
    assert "message_buckets: 1 whose session is gone" in outcome.out


def test_others_may_have_said_the_id(run: Run, database: Any, alice: User):
    append_many(new_session().session_id, [f"who is {alice.pk}?"])
    outcome = run("erase_user", "alice", "--json")
    assert (outcome.code, outcome.json()["mentions"]) == (0, 1)


def test_a_number_is_found_as_an_id_only(run: Run, database: Any):
    copies(database, "7", 2)
    copies(database, "1970", 2)
    assert run("erase_user", "7", "--json").json()["left"]["sessions"] == 0
    assert count(database) == 2


def test_nothing_written_meanwhile_stays(run: Run, database: Any, alice: User):
    owner = str(alice.pk)
    draft = MessageDraft(role=Role.USER, content="hello " * 50)
    ids = [
        sessions.session_create(user_id=owner, draft=SessionDraft(), now=now()).session_id
        for _ in range(6)
    ]
    copies(database, owner, 1_000)
    stop = threading.Event()

    def write(session_id: str) -> None:
        while not stop.is_set():
            try:
                messages.message_append_batch(
                    session_id=session_id, user_id=owner, batch=[draft] * 40, now=now()
                )
                sessions.session_create(
                    user_id=owner, draft=SessionDraft(history=[draft]), now=now()
                )
            except SessionError:
                return

    writers = [threading.Thread(target=write, args=[session_id]) for session_id in ids]
    for writer in writers:
        writer.start()
    try:
        first = run("erase_user", "alice", "--json")
    finally:
        stop.set()
        for writer in writers:
            writer.join(30)
    assert first.json()["erased"]["sessions"] >= 1_006
    assert count(database, user_id=owner) == 0
    assert not list(integrity.integrity_check(repair=False, progress=lambda _: None))
    assert run("erase_user", owner, "--check").code == 0


def test_killed_halfway_the_next_run_finishes(
    database: Any, database_name: str, mongod_uri: str, tmp_path: Any
):
    copies(database, "auth0|17", 4_000)
    environment = os.environ | SECRETS | {
        "MONGODB_URI": mongod_uri,
        "MONGODB_DATABASE": database_name,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "erase_user", "auth0|17", "--json"]
    options: Any = {"cwd": ROOT, "env": environment, "stdout": subprocess.PIPE, "timeout": 60}
    subprocess.run([*command[:2], "migrate", "-v", "0"], check=True, **options)
    del options["timeout"]
    kills = 0
    for _ in range(3):
        before = count(database)
        with started(command, stderr=subprocess.DEVNULL, **options) as erasing:
            has_begun = lambda: count(database) != before  # noqa: B023, E731
            wait_until(lambda: has_begun() or erasing.poll() is not None, pause=0)  # noqa: B023
            if erasing.poll() is None:
                erasing.send_signal(signal.SIGKILL)
                kills += 1
    assert kills >= 1
    finished = subprocess.run(command, timeout=60, **options, check=True)
    assert b'"clean": true' in finished.stdout
    [receipt] = database.erased_users.find()
    assert (receipt["counts"]["sessions"], receipt["counts"]["messages"]) == (4_000, 8_000)
    assert receipt["completed_at"]

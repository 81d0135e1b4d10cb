"""A sweep that is killed anywhere: every batch has happened whole and is counted, or has not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.expiry_data import Store
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
SECRET = "a key for tests only, 32 characters or more"
DUE = 3_000
PATIENCE = 60.0


@pytest.fixture
def start(database: Any, mongod_uri: str, database_name: str, tmp_path: Path):
    """Start `expire_sessions` as a process of its own."""
    started: list[subprocess.Popen[str]] = []
    environment = os.environ | {
        "DATA_DIR": str(tmp_path),
        "MONGODB_URI": mongod_uri,
        "MONGODB_DATABASE": database_name,
        "SECRET_KEY": SECRET,
        "JWT_SIGNING_KEY": SECRET,
        "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    }

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "expire_sessions", "--json", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("mode", ["archive", "delete"])
def test_killed_again_and_again_it_ends_each_session_once(
    database: Any, start: Any, mode: str
) -> None:
    # A killed process's transaction stands until MongoDB's limit, which is a minute otherwise.
    limit = {"transactionLifetimeLimitSeconds": 1}
    database.client.admin.command({"setParameter": 1, **limit})
    store = Store(database)
    store.expired(DUE)
    kept = set(store.add(50))
    fate = {"archive": "archived", "delete": "deleted"}[mode]

    def done() -> int:
        return sum(receipt[fate] for receipt in database.sweeps.find())

    try:
        for kills in range(1, 5):
            process = start("--mode", mode, "--batch-size", "10")
            target = kills * 400 + 7 * kills
            wait_until(lambda target=target: done() >= target, PATIENCE, pause=0.005)
            process.kill()
            assert process.wait(PATIENCE) == -signal.SIGKILL
            store.assert_nothing_orphaned()
        process = start("--mode", mode)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        database.client.admin.command({"setParameter": 1, "transactionLifetimeLimitSeconds": 60})
    assert process.returncode == 0, err
    assert json.loads(out)["complete"] is True
    assert done() == DUE
    assert store.status("active") == kept
    assert store.status("archived") == (store.left() - kept)
    assert len(store.left()) == (DUE + 50 if mode == "archive" else 50)
    assert all(stored["version"] <= 2 for stored in database.sessions.find())
    store.assert_nothing_orphaned()
    receipts = list(database.sweeps.find())
    assert sum("finished_at" in receipt for receipt in receipts) == 1
    assert len(receipts) == 5


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_says_so_by_its_exit_code(
    database: Any, start: Any, number: int, code: int
) -> None:
    store = Store(database)
    store.expired(DUE)
    process = start("--batch-size", "1")
    wait_until(lambda: len(store.status("archived")) > 100, PATIENCE, pause=0.005)
    process.send_signal(number)
    assert process.wait(PATIENCE) == code
    assert len(store.status("archived")) < DUE
    store.assert_nothing_orphaned()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_run_for_ever_it_ends_well_when_told_to(
    database: Any, start: Any, number: int
) -> None:
    store = Store(database)
    store.expired(200)
    process = start("--every", "1")
    wait_until(lambda: database.sweeps.count_documents({"complete": True}) >= 2)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert (result["archived"], result["failed_runs"]) == (200, 0)
    assert result["runs"] >= 2


def test_told_to_stop_in_the_middle_of_a_round_it_finishes_the_batch_only(
    database: Any, start: Any
) -> None:
    store = Store(database)
    store.expired(DUE)
    process = start("--every", "1", "--batch-size", "1")
    wait_until(lambda: len(store.status("archived")) > 100, PATIENCE, pause=0.005)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert json.loads(out)["archived"] == len(store.status("archived")) < DUE
    (receipt,) = database.sweeps.find()
    assert (receipt["complete"], receipt["archived"]) == (False, len(store.status("archived")))
    store.assert_nothing_orphaned()

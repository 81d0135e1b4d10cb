"""`manage.py simulate_chat` in a process of its own, with a service of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.waiting import wait_until

TURN = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a command puts what it throws away."""
    path = tmp_path / "scratch"
    path.mkdir()
    monkeypatch.setenv("TMPDIR", str(path))
    return path


@pytest.fixture
def two(tmp_path: Path) -> str:
    path = tmp_path / "two.jsonl"
    path.write_text("".join(json.dumps({"id": n, "messages": TURN}) + "\n" for n in "ab"))
    return str(path)


def command_line(*arguments: str) -> "subprocess.Popen[str]":
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    return subprocess.Popen(
        [sys.executable, "manage.py", "simulate_chat", *arguments],
        cwd=settings.BASE_DIR,
        env=environment | {"WORKERS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_starts_a_service_of_its_own_and_leaves_nothing_behind(two: str, scratch: Path):
    process = command_line(two, "--users", "2", "--json")
    out, err = process.communicate(timeout=90)

    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["messages"] == 4
    assert list(scratch.iterdir()) == []


def test_interrupted_it_stops_the_service_that_it_started(two: str, scratch: Path):
    process = command_line(two, "--json")
    wait_until(lambda: list(scratch.glob("*/data")) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=90)

    assert (process.returncode, err) == (130, "")
    assert json.loads(out)["interrupted"] is True
    assert list(scratch.iterdir()) == []

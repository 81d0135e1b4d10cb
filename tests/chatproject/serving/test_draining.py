"""How long a stop waits is the operator's to say."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatproject.serving import server, worker
from sessions_app.services import turns
from sessions_app.services.figures import keeper
from tests.chatproject.conftest import ROOT, environment


def test_requests_in_progress_have_as_long_as_the_setting_says(settings: Any):
    settings.DRAIN_SECONDS = 25
    command = server.command(server.Address("127.0.0.1", 8000))
    assert command[command.index("--workers-kill-timeout") + 1] == "25"


def test_turns_have_as_long_as_the_setting_says(settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.DRAIN_TURNS_SECONDS = 20
    waited: list[float] = []
    monkeypatch.setattr(turns, "turns_shut_down", lambda *, seconds: waited.append(seconds))
    monkeypatch.setattr(keeper, "stop", lambda: None)
    worker._stopping()
    assert waited == [20]


def test_turns_end_before_what_waits_for_them_is_cut_off(tmp_path: Path):
    settings = {"DRAIN_SECONDS": "5", "DRAIN_TURNS_SECONDS": "5"}
    refused = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment(tmp_path, **settings) | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert refused.stderr == "error: DRAIN_TURNS_SECONDS must be less than DRAIN_SECONDS\n"

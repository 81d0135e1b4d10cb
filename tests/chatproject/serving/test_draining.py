"""How long a stop waits is the operator's to say."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatproject.service_error import ServiceError
from chatproject.serving import server, supervisor, worker
from sessions_app.services import turns
from sessions_app.services.figures import keeper
from tests.chatproject.conftest import ROOT, environment
from tests.waiting import wait_until


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
        timeout=60,
    )
    assert refused.returncode == 1
    assert refused.stderr == "error: DRAIN_TURNS_SECONDS must be less than DRAIN_SECONDS\n"


def test_a_sigterm_turns_readiness_off_before_anything_is_refused(serve: Any):
    # Longer than this test takes on any machine; it is killed, as an operator in a hurry would.
    service = serve(DRAIN_NOTICE_SECONDS="600").ready(240)
    os.kill(service.process.pid, signal.SIGTERM)
    wait_until(lambda: service.get("/readyz").status_code == 503)
    assert service.get("/readyz").json() == {"status": "draining"}
    # It goes on serving meanwhile.
    assert service.get("/healthz").status_code == 200
    account = {"username": "alice", "password": "a long enough secret"}
    token = service.post("/auth/register", account)["access"]
    assert service.post("/session/create", {}, token)["session_id"]
    service.kill()
    # Its successor is ready, whatever is left of the notice.
    assert serve(PORT=str(service.port)).ready(240).get("/readyz").status_code == 200


def test_a_ctrl_c_waits_for_no_balancer(settings: Any, monkeypatch: pytest.MonkeyPatch):
    given: list[Any] = []
    monkeypatch.setattr(supervisor.draining, "give_notice", given.append)
    waited: list[float] = []
    process: Any = SimpleNamespace(wait=waited.append)
    settings.DRAIN_NOTICE_SECONDS = 7
    notice = supervisor._Notice(process)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        notice(None, supervisor._Stop(number), None)
    notice(None, ServiceError("mongod has stopped by itself"), None)
    assert given == [settings.DATA_DIR]
    assert waited == [7]

"""An append stays small: few files to read for whoever follows one, few that can break it."""

import subprocess
import sys

import pytest

from sessions_app.services import revocations
from sessions_app.services.tallies import tallies
from tests.api.bodies import path
from tests.passed_through import ROOT, files_passed_through

MOST_FILES = 20
NEVER_LOADED = (
    *("providers", "encoders", "sources", "services.turns", "services.context", "services.topics"),
    *("domain.topics", "domain.window", "domain.relevance"),
)


@pytest.fixture
def as_served(settings, monkeypatch):
    """With what tests leave out and a service does: rate limits, and the figures' counting."""
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"user": "100000/day"}
    monkeypatch.setattr(tallies, "counts", True)
    # What is read twice a second is on the way of one append in hundreds.
    monkeypatch.setattr(revocations, "FRESH_SECONDS", 3_600)
    yield
    tallies.take()


def test_an_append_passes_through_at_most_twenty_files(as_served, alice, session, append):
    append(session)  # what is done once in a process does not count
    responses = []

    def send() -> None:
        body = {"content": "How are you?", "client_id": "a key", "metadata": {"from": "web"}}
        responses.append(alice.client.post(path(session, "message"), body))

    # Middlewares, which every request of every route passes, are no part of an append.
    of_every_request = files_passed_through(lambda: alice.client.get("/nowhere"))
    files = [each for each in files_passed_through(send) if each not in of_every_request]
    assert responses[0].status_code == 201
    # These are on every append's way; without them, nothing was measured.
    assert {"sessions_app/api/messages.py", "sessions_app/repository/log/appending.py"} <= {*files}
    assert len(files) <= MOST_FILES, "\n".join(files)


@pytest.mark.mongod("a process of its own")
def test_an_append_loads_no_model_window_or_topic():
    code = (
        "import os, sys, django\n"
        "from django.conf import settings\n"
        "settings.configure(REST_FRAMEWORK={}, TURN_WAIT_MAX_SECONDS=1,\n"
        "    INSTALLED_APPS=['django.contrib.contenttypes'])\n"
        "django.setup()\n"
        "import sessions_app.api.messages\n"
        "print('\\n'.join(name for name in sys.modules if name.startswith('sessions_app.')))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = [name.removeprefix("sessions_app.") for name in answer.stdout.split()]
    assert "repository.log.appending" in loaded
    assert [name for name in loaded if name.startswith(NEVER_LOADED)] == []

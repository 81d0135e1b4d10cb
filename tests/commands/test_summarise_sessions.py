"""`manage.py summarise_sessions`: what it extends, what it counts, how it exits."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError

from sessions_app.providers import openai_compatible
from sessions_app.repository.sessions import summaries
from sessions_app.services import sessions
from sessions_app.services.walks import Walk
from tests import model_server
from tests.commands.conftest import Run
from tests.model_server import ModelServer
from tests.repository.conftest import OWNER, append_many, new_session, now

COMMAND = "summarise_sessions"
DONE = {"sessions": 0, "calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "overtaken": 0}


@pytest.fixture(autouse=True)
def model(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setattr(openai_compatible, "RETRY_WAITS_SECONDS", ())
    with model_server.serving() as server:
        settings.CONTEXT_SUMMARY, settings.LLM_BASE_URL = True, server.base_url
        settings.LLM_API_KEY, settings.LLM_MODEL = "", "gulf"
        settings.LLM_TIMEOUT_SECONDS = 5
        yield server


def talk(length: int = 300) -> str:
    session_id = new_session(policy={"max_tokens": 512}).session_id
    append_many(session_id, [f"The {n}th boat leaves at seven." for n in range(length)])
    return session_id


def usage_error(run: Run, *arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(COMMAND, *arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


def covered(session_id: str) -> int:
    summary = summaries.read(session_id=session_id, user_id=OWNER).summary
    return summary.last_seq if summary else 0


def test_it_brings_every_session_up_to_date(run: Run):
    long, longer, short = talk(), talk(600), talk(10)
    assert run(COMMAND, "--json").json() == DONE | {
        "sessions": 2,
        "calls": 8,
        "prompt_tokens": 800,
        "completion_tokens": 56,
        "failures": [],
    }
    assert covered(long) > 280
    assert covered(longer) > 580
    assert covered(short) == 0


def test_it_tells_each_session_that_it_has_looked_at(run: Run, monkeypatch: pytest.MonkeyPatch):
    ids = sorted(talk(length) for length in (10, 300, 10))
    looked_at: list[str] = []
    monkeypatch.setattr(Walk, "passed", lambda _, session_id: looked_at.append(session_id))
    assert run(COMMAND, "--json").json()["sessions"] == 1
    assert looked_at == ids


def test_what_is_up_to_date_costs_nothing(run: Run):
    talk()
    run(COMMAND)
    outcome = run(COMMAND)
    assert (outcome.code, outcome.out) == (0, "0 sessions summarised in 0 calls, 0 tokens\n")


def test_it_can_be_told_how_much_it_may_cost(run: Run, model: ModelServer):
    talk(1_000)
    assert run(COMMAND, "--limit", "2").code == 0
    assert len(model.requests) == 2


def test_it_takes_one_user_or_one_session(run: Run):
    first, second = talk(), talk()
    run(COMMAND, "--session", first)
    assert (covered(first) > 0, covered(second)) == (True, 0)
    run(COMMAND, "--user", "somebody")
    assert covered(second) == 0
    run(COMMAND, "--user", OWNER)
    assert covered(second) > 0


def test_archived_sessions_are_passed_over(run: Run, model: ModelServer):
    sessions.session_archive(session_id=talk(), user_id=OWNER, now=now())
    assert run(COMMAND).code == 0
    assert model.requests == []


def test_a_session_that_fails_does_not_keep_the_others(run: Run, model: ModelServer):
    failing, other = talk(), talk()
    model.answers = [model_server.fails(400)]
    outcome = run(COMMAND)
    assert outcome.code == 1
    assert outcome.out.startswith(f"{failing}: key … is bad\n1 sessions")
    assert (covered(failing), covered(other) > 0) == (0, True)


def test_a_model_that_is_down_is_left_alone_soon(run: Run, model: ModelServer):
    for _ in range(5):
        talk(150)
    model.answers = [model_server.fails(500)] * 5
    outcome = run(COMMAND, "--json")
    assert (outcome.code, len(outcome.json()["failures"])) == (1, 3)
    assert len(model.requests) == 3


def test_without_a_provider_it_says_what_to_set(run: Run, settings: Any):
    settings.LLM_BASE_URL = ""
    assert usage_error(run) == "No model is set: set LLM_BASE_URL."


def test_switched_off_it_says_what_to_set(run: Run, settings: Any):
    settings.CONTEXT_SUMMARY = False
    assert usage_error(run) == "Summaries are off: set CONTEXT_SUMMARY=1."


def test_a_limit_must_be_a_number_of_calls(run: Run):
    assert usage_error(run, "--limit", "0") == "--limit must be 1 or more."


def test_a_session_that_is_not_there_exits_with_1(run: Run):
    with pytest.raises(CommandError) as caught:
        run(COMMAND, "--session", "unknown")
    assert (caught.value.returncode, str(caught.value)) == (1, "No such session.")

"""What a model's server can do wrong, over HTTP: each an error, the question kept, all usable."""

from collections.abc import Iterator
from typing import Any

import pytest

from sessions_app.providers import openai_compatible
from sessions_app.services.turns import taking as turns
from tests import model_server
from tests.conftest import Person, error
from tests.model_server import ModelServer
from tests.services.turns import events
from tests.services.turns.api import cancel, chat, read, said, stream


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setattr(openai_compatible, "RETRY_WAITS_SECONDS", (0.01, 0.01))
    with model_server.serving() as running:
        settings.LLM_BASE_URL, settings.LLM_MODEL = running.base_url, "gulf"
        settings.LLM_TIMEOUT_SECONDS = 1
        yield running
        running.released.set()
        turns.turns_shut_down(seconds=10)


WRONG: dict[str, tuple[Any, int]] = {
    "unauthorized": (model_server.fails(401), 502),
    "broken": (model_server.fails(500), 502),
    "busy": (model_server.fails(503), 502),
    "silence": (model_server.hangs, 504),
    "silence in the middle": (model_server.hangs_after("One"), 504),
    "cut": (model_server.cuts_after("One", " two"), 502),
    "rubbish": (model_server.sends(b"<html>"), 502),
    "rubbish events": (model_server.sends_events("{", "}"), 502),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_told_and_the_session_goes_on(
    alice: Person, session: Any, server: ModelServer, wrong: str
):
    answer, status = WRONG[wrong]
    server.answers = [answer] * 3
    code = "provider_timeout" if status == 504 else "provider_error"

    response = chat(alice, session, client_id="k")

    assert response.status_code == status, response.content
    body = response.json()
    assert (body["type"], body["errors"][0]["code"]) == ("server_error", code)
    assert "sk-" not in response.content.decode()
    assert said(alice, session) == [("user", "Hello?")]
    assert read(alice, session)["turn_in_progress"] is False

    server.answers = [answer] * 3
    found = events.read(stream(alice, session, client_id="k"))
    assert (found[-1].name, found[-1].data["code"]) == ("error", code)

    server.answers = []
    assert chat(alice, session, client_id="k").status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", server.text)]


def test_a_server_that_is_not_there(
    alice: Person, session: Any, server: ModelServer, settings: Any
):
    settings.LLM_BASE_URL = model_server.address_of_nobody()
    response = chat(alice, session)
    assert (response.status_code, response.json()) == (
        502,
        error("provider_error", "The model's server cannot be reached.", kind="server_error"),
    )
    assert said(alice, session) == [("user", "Hello?")]


def test_an_endless_answer_is_an_error_and_can_be_asked_for_again(
    alice: Person, session: Any, server: ModelServer, settings: Any
):
    settings.MESSAGE_MAX_CHARS = 200
    server.answers = [model_server.never_ends("word ")]
    response = chat(alice, session, client_id="k")
    assert (response.status_code, response.json()) == (
        502,
        error(
            "provider_error",
            "The model's answer went on past 200 characters.",
            kind="server_error",
        ),
    )
    assert server.wait_for_hang_up()
    assert said(alice, session) == [("user", "Hello?")]

    server.answers = []
    assert chat(alice, session, client_id="k").status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", server.text)]


def test_a_cancelled_call_is_hung_up(alice: Person, session: Any, server: ModelServer):
    server.answers = [model_server.hangs_after("One")]
    events.until(stream(alice, session), "delta")
    assert cancel(alice, session).json()["assistant_message"]["content"] == "One"
    assert server.wait_for_hang_up()


def test_what_no_text_may_hold_is_left_out(alice: Person, session: Any, server: ModelServer):
    server.answers = [model_server.streams("a\x00b", "\ud83e", "c")]
    found = events.read(stream(alice, session))
    assert events.text(found) == found[-2].data["content"] == "ab\ufffdc"


def test_calls_of_tools_are_stored(alice: Person, session: Any, server: ModelServer):
    call = {
        "index": 0,
        "id": "c1",
        "type": "function",
        "function": {"name": "w", "arguments": "{}"},
    }
    server.answers = [model_server.streams({"tool_calls": [call]}, finish_reason="tool_calls")]
    reply = chat(alice, session).json()["assistant_message"]
    assert reply["content"] == ""
    assert reply["tool_calls"] == [{k: v for k, v in call.items() if k != "index"}]
    assert reply["generation"]["finish_reason"] == "tool_calls"


def test_usage_is_the_servers_own(alice: Person, session: Any, server: ModelServer, database: Any):
    made = chat(alice, session).json()["assistant_message"]["generation"]
    assert (made["model"], made["prompt_tokens"], made["completion_tokens"]) == ("gulf-1", 100, 7)
    turn = database.turns.find_one()
    assert (turn["state"], turn["model"], turn["prompt_tokens"]) == ("done", "gulf-1", 100)
    assert turn["seen"]["seqs"] == [[1, 1]]
    assert "text" not in turn

"""What goes wrong with a turn, in OpenAI's shape."""

from typing import Any

import pytest

from sessions_app.services.turns import Slot
from tests import model_server
from tests.conftest import Person
from tests.model_server import ModelServer
from tests.openai_api.calls import complete, error, said, text
from tests.services.turns.scripted import ScriptedModel


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (model_server.fails(401), 502, "provider_error"),
        (model_server.cuts_after("One"), 502, "provider_error"),
        (model_server.hangs, 504, "provider_timeout"),
        (model_server.hangs_after("One"), 504, "provider_timeout"),
    ],
)
def test_the_models_failures(
    alice: Person, session: Any, server: ModelServer, settings: Any,
    answer: Any, status: int, code: str,
):  # fmt: skip
    settings.LLM_TIMEOUT_SECONDS = 1
    server.answers = [answer]
    response = complete(alice, session, "Hello?")
    assert response.status_code == status
    found = response.json()["error"]
    assert (found["type"], found["code"], found["param"]) == ("server_error", code, None)
    assert "sk-" not in response.content.decode()
    assert said(alice, session) == [("user", "Hello?")]
    server.text = "Well."
    assert text(complete(alice, session, "Hello?")) == "Well."


def test_an_archived_session_takes_nothing_and_no_repeat_helps(
    alice: Person, session: Any, archive: Any, model: ScriptedModel
):
    archive(session)
    response = complete(alice, session, "Hello?")
    assert (response.status_code, response.json()) == (
        409,
        error("The session is archived and read-only; restore it first.", "session_archived"),
    )
    assert response.headers["X-Should-Retry"] == "false"


def test_an_expired_session_is_gone(alice: Person, session: Any, expire: Any, model: ScriptedModel):
    expire(session)
    response = complete(alice, session, "Hello?")
    assert (response.status_code, response.json()) == (
        410, error("The session has expired.", "session_expired"),
    )  # fmt: skip


def test_too_long_a_message_is_named_by_its_place(
    alice: Person, session: Any, model: ScriptedModel, settings: Any
):
    settings.MESSAGE_MAX_CHARS = 10
    system = {"role": "system", "content": "Be brief."}
    response = complete(alice, session, system, "Hello?", "x" * 11)
    assert (response.status_code, response.json()) == (
        413, error("At most 10 characters are allowed.", "too_large", "messages.2.content"),
    )  # fmt: skip
    assert said(alice, session) == []


def test_too_large_a_body_is_refused(alice: Person, session: Any, settings: Any):
    settings.REQUEST_MAX_BYTES = 200
    response = complete(alice, session, "x" * 300)
    assert (response.status_code, response.json()) == (
        413, error("The body may have at most 200 bytes beside its files.", "too_large"),
    )  # fmt: skip


def test_when_too_many_turns_run_nothing_is_stored(
    alice: Person, session: Any, model: ScriptedModel, settings: Any
):
    settings.TURNS_MAX = Slot.taken()
    for named in (session, None):
        response = complete(alice, named, "Hello?")
        assert (response.status_code, response.json()) == (
            503,
            error(
                "Too many turns are in progress; try again.", "too_many_turns",
                kind="server_error",
            ),
        )  # fmt: skip
        assert response.headers["Retry-After"] == "2"
    assert said(alice, session) == []


def test_without_mongodb_it_says_so(
    alice: Person, session: Any, model: ScriptedModel, without_mongodb: Any
):
    without_mongodb()
    response = complete(alice, session, "Hello?")
    assert (response.status_code, response.json()) == (
        503,
        error(
            "Storage is unavailable at the moment; try again.", "storage_unavailable",
            kind="server_error",
        ),
    )  # fmt: skip
    assert response.headers["Retry-After"] == "2"


def test_model_calls_have_a_limit_of_their_own(
    alice: Person, session: Any, model: ScriptedModel, settings: Any
):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"chat": "2/min"}
    assert complete(alice, session, "One").status_code == 200
    assert complete(alice, None, "Two").status_code == 200
    for named in (session, None):
        response = complete(alice, named, "Three")
        assert response.status_code == 429
        found = response.json()["error"]
        assert (found["type"], found["code"]) == ("requests", "rate_limit_exceeded")
        assert int(response.headers["Retry-After"]) >= 1
    assert alice.client.get("/v1/models").status_code == 200


def test_a_mistake_of_ours_shows_nothing(
    alice: Person, session: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
):
    def fail(**_: Any) -> Any:
        raise RuntimeError("secret path /etc")

    monkeypatch.setattr("sessions_app.services.turns.completion_start", fail)
    response = complete(alice, session, "Hello?")
    expected = error("A server error occurred.", "error", kind="server_error")
    expected["error"]["request_id"] = response.headers["X-Request-Id"]
    assert (response.status_code, response.json()) == (500, expected)
    assert "secret path" in caplog.text

"""`POST /v1/chat/completions` with `stream: true`, in a session."""

from typing import Any

import pytest

from sessions_app import event_loop
from sessions_app.domain.errors import ProviderError
from sessions_app.openai_api import chat_completions
from sessions_app.services.turns.worker import worker
from tests.conftest import Person
from tests.openai_api.calls import complete, error, lines, parse, repeat, said, stored, text, until
from tests.services.turns.api import cancel
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import in_time

CALL = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": "{}"}}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream begins without waiting for its first words."""
    monkeypatch.setattr(chat_completions, "BEGINNING_SECONDS", 0.0)


def deltas(chunks: list[Any]) -> list[Any]:
    return [each["choices"][0]["delta"] for each in chunks if each != "[DONE]" and each["choices"]]


def test_it_streams_chunks_as_openai_does(alice: Person, session: Any, model: ScriptedModel):
    model.scripts.append(Script("Three", " that I know of."))
    *chunks, done = lines(complete(alice, session, "Which hotels?", stream=True))
    assert done == "[DONE]"
    first, *middle, last = deltas(chunks)
    assert first == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(delta["content"] for delta in middle) == "Three that I know of."
    assert last == {}
    reasons = [each["choices"][0]["finish_reason"] for each in chunks]
    assert reasons == [None] * (len(chunks) - 1) + ["stop"]
    turn = stored(alice, session)[1]["generation"]["turn_id"].removeprefix("turn_")
    assert {(each["id"], each["object"], each["created"]) for each in chunks} == {
        (f"chatcmpl-{turn}", "chat.completion.chunk", chunks[0]["created"])
    }
    assert not any("usage" in each for each in chunks)
    assert said(alice, session)[1] == ("assistant", "Three that I know of.")


def test_the_counts_come_last_where_they_are_asked_for(
    alice: Person, session: Any, model: ScriptedModel
):
    options = {"include_usage": True}
    response = complete(alice, session, "Hello?", stream=True, stream_options=options)
    *chunks, counts, _ = lines(response)
    assert all(each["usage"] is None for each in chunks)
    assert (counts["choices"], counts["usage"]) == (
        [], {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21},
    )  # fmt: skip


def test_tool_calls_are_streamed(alice: Person, session: Any, model: ScriptedModel):
    model.scripts.append(Script(tool_calls=[CALL], finish_reason="tool_calls"))
    *chunks, _ = lines(complete(alice, session, "Find it.", stream=True))
    assert deltas(chunks)[1] == {"tool_calls": [{"index": 0, **CALL}]}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_failure_in_the_middle_is_an_error_line(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("One", error=ProviderError()))
    found = lines(complete(alice, session, "Hello?", stream=True))
    assert found[-1] == error("The model's server failed.", "provider_error", kind="server_error")
    assert "[DONE]" not in found
    assert said(alice, session) == [("user", "Hello?")]


def test_it_goes_on_when_the_client_hangs_up(alice: Person, session: Any, model: ScriptedModel):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    until(complete(alice, session, "Hello?", stream=True), "One")
    script.open()
    assert text(repeat(alice, session, "Hello?")) == "One two"
    assert said(alice, session)[1] == ("assistant", "One two")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("gate", [0, 1])
def test_what_somebody_stops_has_ended(
    alice: Person, session: Any, model: ScriptedModel, gate: int
):
    model.scripts.append(Script("One", " two", gates=[gate]))
    response = complete(alice, session, "Hello?", stream=True)
    stream = iter(in_time(response.streaming_content))
    received = b""
    while (b"One" if gate else b"assistant") not in received:
        received += next(stream)
    cancel(alice, session)
    found = parse(received + b"".join(stream))
    assert found[-1] == "[DONE]"
    assert found[-2]["choices"][0]["finish_reason"] == "stop"


def test_an_event_loop_gets_the_same(alice: Person, session: Any, model: ScriptedModel):
    """What the gateway iterates, so that no stream takes a thread."""
    response = complete(alice, session, "Hello?", stream=True)

    async def read() -> bytes:
        return b"".join([chunk async for chunk in response.events])

    assert parse(event_loop.run(read()))[-1] == "[DONE]"


@pytest.mark.usefixtures("at_once")
def test_it_says_when_nothing_happens(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sessions_app.http.event_stream.HEARTBEAT_SECONDS", 0.01)
    script = Script("One", gates=[0])
    model.scripts.append(script)
    stream = iter(in_time(complete(alice, session, "Hello?", stream=True).streaming_content))
    lines = [next(stream) for _ in range(3)]
    # A comment would be read as JSON by some clients.
    assert [parse(line)[0]["choices"][0]["delta"] for line in lines[1:]] == [{}, {}]
    script.open()
    assert parse(b"".join(stream))[-1] == "[DONE]"


@pytest.mark.usefixtures("at_once")
def test_a_stream_that_this_worker_tells_no_further_ends_with_an_error(
    alice: Person, session: Any, model: ScriptedModel
):
    from sessions_app.domain.turns import TurnState
    from sessions_app.services.turns import Outcome

    script = Script("One", gates=[0])
    model.scripts.append(script)
    response = complete(alice, session, "Hello?", stream=True)
    event_loop.call(worker.running[0].feed.finish, Outcome(TurnState.RUNNING))
    assert lines(response)[-1]["error"]["code"] == "turn_interrupted"

"""Responses by the unmodified `openai` and `openai-agents` packages, at a service that serves."""

import asyncio
import os
import signal
import subprocess
from typing import Any

import httpx
import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from openai.types.responses import Response
from pydantic import BaseModel

from tests import model_server
from tests.chatproject.conftest import Service
from tests.chatproject.serving.test_openai_package import Alice, alice, model
from tests.docs import pages
from tests.faults.talks import READY_SECONDS, with_model
from tests.model_server import ModelServer
from tests.waiting import wait_until

__all__ = ["alice", "model"]

pytestmark = pytest.mark.xdist_group("the openai package")

AGENTS = pages.ROOT / ".venv" / "agents" / "bin" / "python"
TOOL: Any = {"type": "function", "name": "find", "parameters": {"type": "object"}, "strict": False}
CALL = {"index": 0, "id": "c1", "function": {"name": "find", "arguments": '{"a": 1}'}}


class Place(BaseModel):
    city: str
    dogs: bool


def ask(person: Alice, said: Any = "Hello?", **more: Any) -> Response:
    response: Response = person.client.responses.create(model="gulf", input=said, **more)
    # As strictly as the package's types are: nothing missing, nothing of another type.
    Response.model_validate(response.model_dump(by_alias=True), strict=False)
    return response


def ended(person: Alice, response_id: str) -> Response:
    def found() -> Response | None:
        response: Response = person.client.responses.retrieve(response_id)
        return None if response.status in {"queued", "in_progress"} else response

    response = wait_until(found)
    assert response
    return response


def asked(model: ModelServer) -> list[list[tuple[str, str]]]:
    """Role and text of what each turn asked with; titles are asked for beside them."""
    return [
        [(message["role"], message["content"]) for message in request["messages"]]
        for request in model.requests
        if request.get("stream")
    ]


def test_a_response_is_parsed_and_kept(alice: Alice, model: ModelServer):
    response = ask(alice, instructions="Be brief.", metadata={"a": "b"})
    assert (response.output_text, response.status) == (model.text, "completed")
    assert response.usage is not None
    assert response.usage.total_tokens == 107
    assert alice.client.responses.retrieve(response.id) == response
    items = alice.client.responses.input_items.list(response.id)
    assert [item.content[0].text for item in items.data] == ["Hello?"]
    alice.client.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        alice.client.responses.retrieve(response.id)


def test_a_chain_and_a_fork(alice: Alice, model: ModelServer):
    first = ask(alice, "One?")
    second = ask(alice, "Two?", previous_response_id=first.id)
    ask(alice, "Three?", previous_response_id=second.id)
    said = ("assistant", model.text)
    assert asked(model)[-1] == [("user", "One?"), said, ("user", "Two?"), said, ("user", "Three?")]
    ask(alice, "Four?", previous_response_id=first.id)
    assert asked(model)[-1] == [("user", "One?"), said, ("user", "Four?")]


def test_a_conversation(alice: Alice, model: ModelServer):
    conversation = alice.client.conversations.create()
    for question in ("One?", "Two?"):
        response = ask(alice, question, conversation=conversation.id)
        assert response.conversation is not None
        assert response.conversation.id == conversation.id
    items = alice.client.conversations.items.list(conversation.id, order="asc").data
    assert [item.role for item in items] == ["user", "assistant"] * 2
    assert items[-1].id == response.output[0].id


def test_the_packages_own_stream_puts_a_response_together(alice: Alice, model: ModelServer):
    model.answers = [
        model_server.streams(
            {"reasoning_content": "Let me "}, {"reasoning_content": "see."}, "By", " train.",
            {"tool_calls": [CALL]}, finish_reason="tool_calls",
        )
    ]  # fmt: skip
    with alice.client.responses.stream(model="gulf", input="How?", tools=[TOOL]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text == "By train."
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call"]
    numbers = [event.sequence_number for event in events if hasattr(event, "sequence_number")]
    assert numbers == sorted(set(numbers))
    [call] = [item for item in final.output if item.type == "function_call"]
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "Here."}
    again = ask(alice, [output], previous_response_id=final.id, tools=[TOOL])
    assert again.output_text == model.text
    assert [role for role, _ in asked(model)[-1]] == ["user", "assistant", "tool"]


def test_an_answer_in_a_schema(alice: Alice, model: ModelServer):
    model.answers = [model_server.streams('{"city": "Lisbon",', ' "dogs": true}')]
    parsed = alice.client.responses.parse(model="gulf", input="Where?", text_format=Place)
    assert parsed.output_parsed == Place(city="Lisbon", dogs=True)
    sent = next(each for each in model.requests if each.get("stream"))["response_format"]
    assert (sent["type"], sent["json_schema"]["name"]) == ("json_schema", "Place")


def test_one_in_the_background_is_retrieved(alice: Alice, model: ModelServer):
    model.answers = [model_server.streams("One", " two", first=0.5)]
    response = ask(alice, background=True)
    assert response.status in {"queued", "in_progress"}
    assert ended(alice, response.id).output_text == "One two"


def test_one_in_the_background_is_cancelled(alice: Alice, model: ModelServer):
    model.answers = [model_server.streams(*["word "] * 100, between=0.2)]
    response = ask(alice, background=True)
    assert model.wait_for_request()
    assert alice.client.responses.cancel(response.id).status == "cancelled"
    assert alice.client.responses.retrieve(response.id).status == "cancelled"


def test_a_stream_is_resumed_at_any_worker(alice: Alice, model: ModelServer):
    thoughts = [{"reasoning_content": f"thought{n} "} for n in range(4)]
    words = [f"word{n} " for n in range(12)]
    model.answers = [model_server.streams(*thoughts, *words, between=0.1)]
    before = []
    with alice.client.responses.create(model="gulf", input="How?", stream=True) as stream:
        for event in stream:
            before.append(event)
            if event.type == "response.output_text.delta":
                break
    response_id = before[0].response.id
    # New connections each: the kernel deals them out to the workers.
    for _ in range(6):
        with alice.client.copy(http_client=httpx2.Client()) as client:
            rest = client.responses.retrieve(
                response_id, stream=True, starting_after=before[-1].sequence_number
            )
            after = list(rest)
        numbers = [event.sequence_number for event in [*before, *after]]
        assert numbers == list(range(len(numbers)))
        deltas = [e.delta for e in [*before, *after] if e.type == "response.output_text.delta"]
        assert "".join(deltas) == "".join(words)
        assert after[-1].type == "response.completed"
        assert "".join(after[-1].response.output_text) == "".join(words)


def test_a_client_that_lost_patience_gets_the_response_that_it_began(
    alice: Alice, model: ModelServer
):
    model.answers = [model_server.streams("One", " two", first=1.2)]
    impatient = alice.client.with_options(timeout=httpx2.Timeout(0.5), max_retries=8)
    assert impatient.responses.create(model="gulf", input="Hello?").output_text == "One two"
    assert len(asked(model)) == 1


def test_an_asynchronous_client(alice: Alice, model: ModelServer):
    async def talk() -> str:
        async with AsyncOpenAI(base_url=alice.url, api_key=alice.key) as client:
            first = await client.responses.create(model="gulf", input="Hello?")
            stream = await client.responses.create(
                model="gulf", input="And?", previous_response_id=first.id, stream=True
            )
            return "".join(
                [event.delta async for event in stream if event.type.endswith("text.delta")]
            )

    assert asyncio.run(talk()) == model.text


def test_what_was_not_stored_can_be_sent_again(alice: Alice, model: ModelServer):
    history: list[Any] = [{"role": "user", "content": "One?"}]
    first = ask(alice, history, store=False)
    history += [item.model_dump() for item in first.output]
    ask(alice, [*history, {"role": "user", "content": "Two?"}], store=False)
    assert asked(model)[-1] == [
        ("user", "One?"), ("assistant", model.text), ("user", "Two?"),
    ]  # fmt: skip
    with pytest.raises(openai.NotFoundError):
        alice.client.responses.retrieve(first.id)


def test_an_erased_word_is_told_no_more(alice: Alice, model: ModelServer):
    conversation = alice.client.conversations.create()
    response = ask(alice, conversation=conversation.id)
    alice.client.conversations.items.delete(response.output[0].id, conversation_id=conversation.id)
    assert alice.client.responses.retrieve(response.id).output == []


def test_errors_are_the_packages_own(alice: Alice):
    for more, kind, code in (
        ({"tools": [{"type": "web_search"}]}, openai.BadRequestError, "unsupported_value"),
        ({"prompt": {"id": "pmpt_1"}}, openai.BadRequestError, "unsupported_parameter"),
        (
            {"previous_response_id": "resp_1"},
            openai.NotFoundError,
            "previous_response_not_found",
        ),
    ):
        with pytest.raises(kind) as caught:
            ask(alice, **more)
        assert caught.value.code == code


AGENT = """
import asyncio
import os
from agents import Agent, ModelSettings, Runner, function_tool, set_default_openai_client
from agents import set_tracing_disabled
from openai import AsyncOpenAI

set_tracing_disabled(True)
client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
set_default_openai_client(client)

@function_tool
def find(place: str) -> str:
    return f"found {place}"

agent = Agent(name="Guide", instructions="Be brief.", model="gulf", tools=[find])

async def main() -> None:
    first = await Runner.run(agent, "One?", **NAMED)
    print(first.final_output)
    named = {"previous_response_id": first.last_response_id} if CHAINED else NAMED
    second = Runner.run_streamed(agent, "Two?", **named)
    async for event in second.stream_events():
        pass
    print(second.final_output)

async def prepared() -> None:
    global NAMED, CHAINED
    CHAINED = os.environ["KIND"] == "previous_response_id"
    NAMED = {}
    if not CHAINED:
        NAMED = {"conversation_id": (await client.conversations.create()).id}
    await main()

asyncio.run(prepared())
"""


@pytest.mark.skipif(not AGENTS.exists(), reason="needs requirements-agents.txt in .venv/agents")
@pytest.mark.parametrize("kind", ["conversation_id", "previous_response_id"])
def test_an_agent_goes_on_by_its_id(alice: Alice, model: ModelServer, kind: str):
    call = {"index": 0, "id": "c1", "function": {"name": "find", "arguments": '{"place": "x"}'}}
    model.answers = [
        model_server.streams({"tool_calls": [call]}, finish_reason="tool_calls"),
    ]
    environment = {**os.environ, "BASE_URL": alice.url, "API_KEY": alice.key, "KIND": kind}
    ran = subprocess.run(
        [str(AGENTS), "-W", "ignore", "-c", AGENT],
        env=environment, capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, f"{model.text}\n{model.text}\n"), ran.stderr
    said = ("assistant", model.text)
    assert asked(model)[-1] == [
        ("system", "Be brief."), ("user", "One?"), ("assistant", ""), ("tool", "found x"), said,
        ("user", "Two?"),
    ]  # fmt: skip


def answers(service: Service) -> bool:
    """Whether it is ready; between two workers nobody listens."""
    try:
        return service.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_after_a_killed_worker_the_response_is_there_or_has_failed(
    model: ModelServer, tmp_path: Any
):
    service = Service(tmp_path / "data", **with_model(model, WORKERS="1")).ready(READY_SECONDS)
    try:
        person = Alice(service)
        model.answers, model.requests = [model_server.streams(*["word "] * 100, between=0.2)], []
        response = ask(person, background=True)
        assert model.wait_for_request()
        killed = service.pid("worker")
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: killed not in service.workers() and len(service.workers()) == 1, 60)
        wait_until(lambda: answers(service), READY_SECONDS)
        stopped = ended(person, response.id)
        assert (stopped.status, stopped.output) == ("failed", [])
        later = ask(person, "And?", previous_response_id=response.id)
        assert later.output_text == model.text
        assert asked(model)[-1] == [("user", "Hello?"), ("user", "And?")]
        person.client.close()
    finally:
        service.kill()

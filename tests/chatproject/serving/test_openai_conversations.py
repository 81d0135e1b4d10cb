"""The conversations of the unmodified `openai` and `openai-agents` packages, served."""

import asyncio
import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.chatproject.conftest import ROOT, Service
from tests.waiting import Threads

pytestmark = pytest.mark.xdist_group("the openai package")
AGENTS = ROOT / ".venv" / "agents" / "bin" / "python"
SCRIPT = Path(__file__).with_name("agents_session.py")


@pytest.fixture
def service(served: Service) -> Service:
    return served


@pytest.fixture
def key(service: Service) -> str:
    account = {"username": f"alice{time.monotonic_ns()}", "password": "a long walk home"}
    token = service.post("/auth/register", account)["access"]
    made: str = service.post(
        "/auth/api-keys", {"password": account["password"], "name": "tests"}, token
    )["key"]
    return made


@pytest.fixture
def client(service: Service, key: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{service.url}/v1", api_key=key) as opened:
        yield opened


def test_a_conversation_from_its_creation_to_its_end(client: OpenAI):
    conversation = client.conversations.create(
        metadata={"topic": "demo"}, items=[{"role": "user", "content": "Hello!"}]
    )
    assert (conversation.object, conversation.metadata) == ("conversation", {"topic": "demo"})
    assert client.conversations.retrieve(conversation.id) == conversation
    updated = client.conversations.update(conversation.id, metadata={"topic": "other"})
    assert updated.metadata == {"topic": "other"}
    deleted = client.conversations.delete(conversation.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (
        conversation.id,
        "conversation.deleted",
        True,
    )
    with pytest.raises(openai.NotFoundError) as caught:
        client.conversations.retrieve(conversation.id)
    assert caught.value.code == "not_found"


def test_items_of_each_kind_have_the_packages_types(client: OpenAI):
    sent: list[Any] = [
        {"role": "user", "content": [{"type": "input_text", "text": "What is 3 + 4?"}]},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "A sum."}],
            "encrypted_content": "gAAA",
        },
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "[3, 4]"},
        {"type": "function_call_output", "call_id": "c1", "output": "7"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed",
         "action": {"type": "search", "query": "7"}},
        {"role": "assistant", "content": "7."},
    ]  # fmt: skip
    conversation = client.conversations.create()
    made = client.conversations.items.create(conversation.id, items=sent)
    listed = list(client.conversations.items.list(conversation.id, order="asc", limit=2))
    assert listed == made.data
    assert [type(item).__name__ for item in listed] == [
        "Message",
        "ResponseReasoningItem",
        "ResponseFunctionToolCallItem",
        "ResponseFunctionToolCallOutputItem",
        "ResponseFunctionWebSearch",
        "Message",
    ]
    assert listed[1].encrypted_content == "gAAA"
    for item in listed:
        shown = client.conversations.items.retrieve(
            item.id, conversation_id=conversation.id, include=["reasoning.encrypted_content"]
        )
        assert shown == item
    left = client.conversations.items.delete("rs_1", conversation_id=conversation.id)
    assert left.id == conversation.id
    assert len(list(client.conversations.items.list(conversation.id))) == 5


def test_all_pages_are_walked_by_the_packages_iterator(client: OpenAI):
    conversation = client.conversations.create()
    for start in range(0, 300, 100):
        batch: Any = [{"role": "user", "content": str(start + n)} for n in range(100)]
        client.conversations.items.create(conversation.id, items=batch)
    pages = list(client.conversations.items.list(conversation.id).iter_pages())
    assert len(pages) == 3
    texts = [item.content[0].text for page in pages for item in page.data]
    assert texts == [str(n) for n in reversed(range(300))]


def test_writers_at_the_same_moment_lose_and_repeat_nothing(client: OpenAI):
    conversation = client.conversations.create()

    def add(number: int) -> None:
        items: Any = [
            {"role": "user", "content": f"{number}a"},
            {"role": "assistant", "content": f"{number}b"},
        ]
        client.conversations.items.create(conversation.id, items=items)

    with Threads(8) as pool:
        list(pool.map(add, range(40)))
    listed = client.conversations.items.list(conversation.id, order="asc")
    texts = [item.content[0].text for item in listed]
    assert sorted(texts) == sorted(f"{n}{side}" for n in range(40) for side in "ab")
    # A batch is never parted.
    pairs = zip(texts[::2], texts[1::2], strict=True)
    assert all(one[:-1] == two[:-1] for one, two in pairs)


def test_repeats_at_the_same_moment_store_one(service: Service, client: OpenAI, key: str):
    conversation = client.conversations.create()
    url = f"{service.url}/v1/conversations/{conversation.id}/items"
    body = {"items": [{"role": "user", "content": "yes"}]}

    def send(count: int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}", "X-Stainless-Retry-Count": str(count)}
        response = httpx.post(url, json=body, headers=headers, timeout=20)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    send(0)
    with Threads(8) as pool:
        answers = list(pool.map(send, [1, 2] * 8))
    assert all(answer == answers[0] for answer in answers)
    assert len(list(client.conversations.items.list(conversation.id))) == 1


def test_an_id_is_taken_once_however_many_bring_it(client: OpenAI):
    conversation = client.conversations.create()
    item: Any = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {}}

    def add(_: int) -> str | None:
        try:
            client.conversations.items.create(conversation.id, items=[item])
        except openai.BadRequestError as error:
            return error.code
        return "added"

    with Threads(8) as pool:
        outcomes = Counter(pool.map(add, range(16)))
    assert outcomes == {"added": 1, "duplicate_item": 15}


def test_creations_under_one_key_at_the_same_moment_make_one(client: OpenAI, service: Service):
    def create(_: int) -> str:
        items: Any = [{"role": "user", "content": "Hello!"}]
        headers = {"Idempotency-Key": "one"}
        return client.conversations.create(items=items, extra_headers=headers).id

    with Threads(8) as pool:
        ids = set(pool.map(create, range(20)))
    assert len(ids) == 1
    assert len(list(client.conversations.items.list(ids.pop()))) == 1


def test_the_packages_asynchronous_client(service: Service, key: str):
    async def talk() -> list[str]:
        async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key=key) as client:
            conversation = await client.conversations.create()
            items: Any = [{"role": "user", "content": str(n)} for n in range(30)]
            await client.conversations.items.create(conversation.id, items=items)
            listed = client.conversations.items.list(conversation.id, order="asc", limit=7)
            return [item.content[0].text async for item in listed]

    assert asyncio.run(talk()) == [str(n) for n in range(30)]


@pytest.mark.skipif(not AGENTS.exists(), reason="needs requirements-agents.txt in .venv/agents")
def test_a_session_of_openai_agents(service: Service, key: str):
    settings = {"OPENAI_BASE_URL": f"{service.url}/v1", "OPENAI_API_KEY": key}
    ran = subprocess.run(
        [str(AGENTS), str(SCRIPT)], env=settings, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told == {
        "first": ["user: My dog is Rufus.", "assistant: Noted."],
        "sent again": ["My dog is Rufus.", "Noted.", "What is my dog called?"],
        "tool": ["message", "function_call", "function_call_output", "message"],
        "limited": ["user: And my cat?", "assistant: Mia."],
        "popped": "Mia.",
        "left": 7,
        "many": 45,
        "cleared": 0,
    }

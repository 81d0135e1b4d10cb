"""The Agents SDK's session by its own protocol, and in its own runner."""

from collections.abc import AsyncIterator

import pytest
from agents import Agent, Runner, Session, SessionSettings, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call
from chat_sessions_client import AsyncClient
from chat_sessions_client.adapters.openai_agents import ChatSessionsSession
from conftest import BASE, KEY

ITEMS = [
    {"role": "user", "content": "How is the weather in Oslo and Lima?"},
    {"type": "function_call", "call_id": "call-1", "name": "weather", "arguments": "{}"},
    {"type": "function_call", "call_id": "call-2", "name": "weather", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call-1", "output": "rain"},
    {"type": "function_call_output", "call_id": "call-2", "output": "sun"},
    {"role": "assistant", "content": "Rain and sun."},
]


@pytest.fixture
async def agents_client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(BASE, api_key=KEY) as client:
        yield client


@pytest.fixture
def session(agents_client: AsyncClient, name: str) -> ChatSessionsSession:
    return ChatSessionsSession(name, agents_client)


async def test_it_is_a_session_of_the_sdk(session: ChatSessionsSession):
    assert isinstance(session, Session)
    assert await session.get_items() == []
    assert await session.pop_item() is None


async def test_it_gives_back_what_was_added(session: ChatSessionsSession):
    await session.add_items(ITEMS[:3])
    await session.add_items(ITEMS[3:])
    await session.add_items([])

    assert await session.get_items() == ITEMS


async def test_items_of_other_models_may_share_an_id(session: ChatSessionsSession):
    said = [
        {"id": "__fake_id__", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": text, "annotations": []}]}
        for text in ("One.", "Two.")
    ]  # fmt: skip
    await session.add_items(said[:1])
    await session.add_items(said[1:])

    assert [item["role"] for item in await session.get_items()] == ["assistant"] * 2


async def test_a_limit_gives_the_newest_in_order(session: ChatSessionsSession):
    await session.add_items(ITEMS)

    assert await session.get_items(2) == ITEMS[-2:]
    assert await session.get_items(0) == []
    assert await session.get_items(100) == ITEMS
    session.session_settings = SessionSettings(limit=1)
    assert await session.get_items() == ITEMS[-1:]


async def test_popped_items_are_gone_without_a_trace(session: ChatSessionsSession):
    await session.add_items(ITEMS)

    assert [await session.pop_item() for _ in range(2)] == [ITEMS[-1], ITEMS[-2]]
    assert await session.get_items() == ITEMS[:-2]
    assert await session.get_items(1) == ITEMS[-3:-2]
    await session.add_items(ITEMS[-1:])
    assert await session.get_items(2) == [ITEMS[-3], ITEMS[-1]]


async def test_a_cleared_session_is_empty_and_goes_on(session: ChatSessionsSession):
    await session.add_items(ITEMS)
    await session.clear_session()
    assert await session.get_items() == []
    await session.add_items(ITEMS[:1])
    assert await session.get_items() == ITEMS[:1]


async def test_more_items_than_one_page_has(session: ChatSessionsSession):
    many = [{"role": "user", "content": f"Sentence {number}."} for number in range(130)]
    await session.add_items(many)

    assert await session.get_items() == many
    assert await session.get_items(120) == many[-120:]


async def test_an_agent_remembers_its_calls_and_its_user(session: ChatSessionsSession):
    @function_tool
    def weather(city: str) -> str:
        return f"rain in {city}"

    model = ScriptedModel([
        [function_call("weather", {"city": city}, call_id=city) for city in ("Oslo", "Lima")],
        [assistant_message("Rain in both.")],
        [assistant_message("You asked about Oslo and Lima.")],
    ])  # fmt: skip
    agent = Agent(name="assistant", model=model, tools=[weather])
    await Runner.run(agent, "How is the weather?", session=session)
    result = await Runner.run(agent, "What did I ask?", session=session)

    items = await session.get_items()
    assert result.final_output == "You asked about Oslo and Lima."
    assert [item.get("role") or item["type"] for item in items] == [
        "user", "function_call", "function_call", "function_call_output", "function_call_output",
        "assistant", "user", "assistant",
    ]  # fmt: skip
    assert [item["output"] for item in items[3:5]] == ["rain in Oslo", "rain in Lima"]

"""LangChain's history by LangChain's own base class, and in its own runnable."""

import pytest
from chat_sessions_client import Client
from chat_sessions_client.adapters.langchain import ChatSessionsHistory
from langchain_core.chat_history import BaseChatMessageHistory, InMemoryChatMessageHistory
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables.history import RunnableWithMessageHistory

CALLS = [
    {"name": "weather", "args": {"city": city}, "id": f"call-{city}", "type": "tool_call"}
    for city in ("Oslo", "Lima")
]
CONVERSATION = [
    SystemMessage("Be brief."),
    HumanMessage("How is the weather in Oslo and Lima?"),
    AIMessage("", tool_calls=CALLS, id="run-1"),
    ToolMessage("rain", tool_call_id="call-Oslo"),
    ToolMessage("no such city", tool_call_id="call-Lima", status="error"),
    AIMessage("Rain in Oslo."),
]


@pytest.fixture
def history(client: Client, name: str) -> ChatSessionsHistory:
    return ChatSessionsHistory(name, client)


def test_it_is_a_history_of_langchain(history: ChatSessionsHistory):
    assert isinstance(history, BaseChatMessageHistory)
    assert history.messages == []


def test_it_gives_back_what_langchains_own_history_does(history: ChatSessionsHistory):
    own = InMemoryChatMessageHistory()
    for each in (own, history):
        each.add_messages(CONVERSATION[:3])
        each.add_messages(CONVERSATION[3:])
        each.add_user_message("Thanks.")
        each.add_ai_message("You are welcome.")

    assert history.messages == own.messages
    assert str(history) == str(own)


def test_parallel_calls_are_one_assistant_message(
    history: ChatSessionsHistory, client: Client, name: str
):
    history.add_messages(CONVERSATION)

    [asking] = [message for message in history.messages if getattr(message, "tool_calls", None)]
    stored = client.get_session(client.create_session(external_id=name)["session_id"])
    assert [call["id"] for call in asking.tool_calls] == ["call-Oslo", "call-Lima"]
    assert [message["role"] for message in stored["messages"]] == [
        "system", "user", "assistant", "tool", "tool", "assistant"
    ]  # fmt: skip


def test_a_call_that_is_no_json_stays_as_it_is(history: ChatSessionsHistory):
    broken = {"name": "weather", "args": '{"city', "id": "call-1", "error": None,
              "type": "invalid_tool_call"}  # fmt: skip
    history.add_message(HumanMessage("Oslo?"))
    history.add_message(AIMessage("", invalid_tool_calls=[broken]))

    assert history.messages[1].invalid_tool_calls == [broken]


def test_an_erased_message_is_not_seen(history: ChatSessionsHistory, client: Client, name: str):
    history.add_messages([HumanMessage("a secret"), HumanMessage("a question")])
    client.erase_message(client.create_session(external_id=name)["session_id"], 1)

    assert history.messages == [HumanMessage("a question")]


def test_clear_forgets_everything(history: ChatSessionsHistory):
    history.add_messages(CONVERSATION)
    history.clear()
    assert history.messages == []
    history.add_user_message("Hello again.")
    assert history.messages == [HumanMessage("Hello again.")]


def test_more_messages_than_one_request_takes(history: ChatSessionsHistory):
    many = [HumanMessage(f"Sentence {number}.") for number in range(230)]
    history.add_messages(many)

    assert history.messages == many


def test_content_that_is_no_text_is_refused(history: ChatSessionsHistory):
    picture = HumanMessage([{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}])
    with pytest.raises(ValueError, match="image_url"):
        history.add_message(picture)
    assert history.messages == []


async def test_it_works_on_an_event_loop(history: ChatSessionsHistory):
    await history.aadd_messages(CONVERSATION)
    assert await history.aget_messages() == CONVERSATION
    await history.aclear()
    assert await history.aget_messages() == []


def test_a_chain_remembers(client: Client, name: str):
    model = FakeListChatModel(responses=["Hello.", "Rufus."])
    chain = RunnableWithMessageHistory(model, lambda key: ChatSessionsHistory(key, client))
    for text in ("My dog is called Rufus.", "What is my dog called?"):
        chain.invoke([HumanMessage(text)], {"configurable": {"session_id": name}})

    assert [message.content for message in ChatSessionsHistory(name, client).messages] == [
        "My dog is called Rufus.", "Hello.", "What is my dog called?", "Rufus."
    ]  # fmt: skip

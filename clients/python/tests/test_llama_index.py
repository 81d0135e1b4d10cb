"""LlamaIndex' chat store by its own base class, beside its own store, and in its own memory."""

import pytest
from chat_sessions_client import Client
from chat_sessions_client.adapters.llama_index import ChatSessionsStore
from llama_index.core.llms import ChatMessage, ImageBlock, MessageRole
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.storage.chat_store import SimpleChatStore
from llama_index.core.storage.chat_store.base import BaseChatStore

CALL = {"id": "call-1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
CONVERSATION = [
    ChatMessage("Be brief.", role=MessageRole.SYSTEM),
    ChatMessage("How is the weather?"),
    ChatMessage(role=MessageRole.ASSISTANT, additional_kwargs={"tool_calls": [CALL]}),
    ChatMessage("rain", role=MessageRole.TOOL, additional_kwargs={"tool_call_id": "call-1"}),
    ChatMessage("Rain.", role=MessageRole.ASSISTANT, additional_kwargs={"cost": 0.5}),
    ChatMessage("Thanks.", role=MessageRole.USER),
]


@pytest.fixture
def store(client: Client) -> ChatSessionsStore:
    return ChatSessionsStore(client)


def test_it_is_a_store_of_llama_index(store: ChatSessionsStore, name: str):
    assert isinstance(store, BaseChatStore)
    assert store.get_messages(name) == []


def test_it_does_what_llama_indexs_own_store_does(store: ChatSessionsStore, name: str):
    own = SimpleChatStore()
    seen = []
    for each in (own, store):
        each.set_messages(name, CONVERSATION[:4])
        for message in CONVERSATION[4:]:
            each.add_message(name, message)
        seen.append([
            list(each.get_messages(name)),
            each.delete_message(name, 1),
            each.delete_last_message(name),
            list(each.get_messages(name)),
            name in each.get_keys(),
            each.delete_messages(name),
            list(each.get_messages(name)),
            name in each.get_keys(),
        ])  # fmt: skip

    assert seen[1] == seen[0]
    assert seen[1][0] == CONVERSATION


def test_setting_replaces_what_was_there(store: ChatSessionsStore, name: str):
    store.set_messages(name, CONVERSATION)
    store.set_messages(name, CONVERSATION[:2])

    assert store.get_messages(name) == CONVERSATION[:2]


def test_a_key_may_be_any_text(store: ChatSessionsStore, name: str):
    key = f"käufer/{name} №1"
    store.add_message(key, ChatMessage("Hello."))

    assert store.get_messages(key) == [ChatMessage("Hello.")]
    assert key in store.get_keys()


def test_a_position_that_is_not_there_deletes_nothing(store: ChatSessionsStore, name: str):
    store.set_messages(name, CONVERSATION)

    assert store.delete_message(name, 6) is None
    assert store.delete_message(name, -1) == CONVERSATION[-1]
    assert store.get_messages(name) == CONVERSATION[:-1]


def test_what_cannot_be_kept_is_refused(store: ChatSessionsStore, name: str):
    for lost in (
        ChatMessage(blocks=[ImageBlock(url="https://x.example/a.png")]),
        ChatMessage("Hi", additional_kwargs={"long": "x" * 600}),
    ):
        with pytest.raises(ValueError, match=r"image|long"):
            store.add_message(name, lost)
    assert store.get_messages(name) == []


async def test_it_works_on_an_event_loop(store: ChatSessionsStore, name: str):
    await store.aset_messages(name, CONVERSATION)
    await store.async_add_message(name, ChatMessage("More."))
    assert await store.adelete_last_message(name) == ChatMessage("More.")
    assert await store.aget_messages(name) == CONVERSATION


def test_a_memory_buffer_remembers(store: ChatSessionsStore, name: str):
    memory = ChatMemoryBuffer.from_defaults(
        chat_store=store, chat_store_key=name, token_limit=500, tokenizer_fn=str.split
    )
    memory.put(ChatMessage("My dog is called Rufus."))

    again = ChatMemoryBuffer.from_defaults(
        chat_store=store, chat_store_key=name, token_limit=500, tokenizer_fn=str.split
    )
    assert again.get() == [ChatMessage("My dog is called Rufus.")]

"""Clients that keep the history themselves: items whole or by reference, and no session named."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.responses.calls import ask, asked, repeat, said, session_of, text
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")

CALL = {"id": "call_a", "type": "function", "function": {"name": "find", "arguments": "{}"}}
TOOL = {"type": "function", "name": "find", "parameters": {"type": "object"}}
OUTPUT = {"type": "function_call_output", "call_id": "call_a", "output": "Here."}
SYSTEM = {"role": "system", "content": "Be brief."}


def user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}


def reference(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "item_reference", "id": item["id"]}


def whole(item: dict[str, Any]) -> dict[str, Any]:
    return item


@pytest.mark.parametrize("sent", [reference, whole])
def test_a_tool_loop_stays_in_one_session(
    alice: Person, model: ScriptedModel, database: Any, sent: Any
):
    model.scripts.append(Script("Let me see.", tool_calls=[CALL], finish_reason="tool_calls"))
    history = [SYSTEM, user("Where?")]
    first = ask(alice, history, tools=[TOOL])
    history += [*map(sent, first.json()["output"]), OUTPUT]
    second = ask(alice, history, tools=[TOOL])
    assert session_of(second) == session_of(first)
    history += [*map(sent, second.json()["output"]), user("And then?")]
    asked(alice, history, tools=[TOOL])
    assert database.sessions.count_documents({}) == 1
    assert said(alice, session_of(first)) == [
        ("system", "Be brief."), ("user", "Where?"), ("assistant", "Let me see."),
        ("tool", "Here."), ("assistant", "Well."), ("user", "And then?"), ("assistant", "Well."),
    ]  # fmt: skip
    assert [message["role"] for message in model.asked[-1]] == [
        "system", "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip


def test_an_edited_history_begins_a_session(alice: Person, model: ScriptedModel, database: Any):
    first = ask(alice, [user("One?")])
    other = ask(alice, [user("One, please?"), *first.json()["output"], user("Two?")])
    assert session_of(other) != session_of(first)
    assert len(said(alice, session_of(first))) == 2
    assert [message["content"] for message in model.asked[-1]] == ["One, please?", "Well.", "Two?"]


@pytest.mark.parametrize(
    "how", [{}, {"store": False}, {"headers": {"X-Session-Id": "a", "X-Session-Create": "1"}}]
)
@pytest.mark.parametrize("sent", [reference, whole])
def test_a_reply_that_is_longer_than_a_message_may_be_is_sent_along(
    alice: Person, model: ScriptedModel, settings: Any, sent: Any, how: Any
):
    settings.MESSAGE_MAX_CHARS = 20
    model.scripts.append(Script("word " * 20))
    kept = {name: value for name, value in how.items() if name != "store"}
    first = ask(alice, [user("One?")], **kept)
    history = [user("One?"), *map(sent, first.json()["output"]), user("Two?")]
    second = ask(alice, history, **how)
    assert second.status_code == 200, second.content
    assert [message["content"] for message in model.asked[-1]] == ["One?", "word " * 20, "Two?"]


def test_a_reply_of_others_that_is_longer_than_a_message_may_be_is_not_stored(
    alice: Person, model: ScriptedModel, settings: Any, database: Any
):
    settings.MESSAGE_MAX_CHARS = 20
    reply = {"role": "assistant", "content": "word " * 20}
    for more in ({}, {"conversation": "own"}):
        if more:
            alice.client.post("/session/create", {"external_id": "own"})
        answer = ask(alice, [user("One?"), reply, user("Two?")], **more)
        assert (answer.status_code, answer.json()["error"]["param"]) == (413, "input.1.content")
        assert database.sessions.count_documents({}) == len(more)


def test_other_instructions_are_for_the_call(alice: Person, model: ScriptedModel):
    first = ask(alice, [SYSTEM, user("One?")])
    later = [{"role": "system", "content": "In French."}, user("One?"), *first.json()["output"]]
    second = ask(alice, [*later, user("Two?")])
    assert session_of(second) == session_of(first)
    assert [message["content"] for message in model.asked[-1]] == [
        "Be brief.\n\nIn French.", "One?", "Well.", "Two?",
    ]  # fmt: skip


def test_a_repeat_gets_the_response_that_was_lost(alice: Person, model: ScriptedModel):
    first = asked(alice, [user("One?")])
    history = [user("One?"), *first["output"], user("Two?")]
    second = asked(alice, history)
    assert repeat(alice, history).json() == second
    assert len(model.asked) == 2


def test_without_storing_references_are_read(alice: Person, model: ScriptedModel, database: Any):
    first = asked(alice, [user("One?")])
    history = [user("One?"), *map(reference, first["output"]), user("Two?")]
    assert text(asked(alice, history, store=False)) == "Well."
    assert [message["content"] for message in model.asked[-1]] == ["One?", "Well.", "Two?"]
    assert database.turns.count_documents({}) == 1


def test_an_item_of_somebody_else_is_not_found(alice: Person, bob: Person, model: ScriptedModel):
    first = asked(alice, [user("One?")])
    for person, item_id in ((bob, first["output"][0]["id"]), (alice, "msg_1")):
        answer = ask(person, [{"type": "item_reference", "id": item_id}, user("Two?")])
        assert answer.status_code == 404, answer.content
        assert answer.json()["error"]["message"] == f"Item with id '{item_id}' not found."
        assert answer.json()["error"]["param"] == "input.0.id"


def test_in_a_conversation_a_reference_adds_nothing(
    alice: Person, session: Any, model: ScriptedModel
):
    where = {"conversation": session["session_id"]}
    first = asked(alice, [user("One?")], **where)
    asked(alice, [*map(reference, first["output"]), user("Two?")], **where)
    assert len(said(alice, session["session_id"])) == 4

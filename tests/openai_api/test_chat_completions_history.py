"""Clients that send the conversation along: each message is stored once."""

from typing import Any

import pytest

from sessions_app.repository import log
from tests.api.bodies import path
from tests.conftest import Person
from tests.openai_api.calls import assistant, complete, said, stored, text, user
from tests.services.turns.scripted import Script, ScriptedModel

TURNS = 30


def call(number: int) -> dict[str, Any]:
    function = {"name": "find", "arguments": f'{{"n": {number}}}'}
    return {"id": f"call_{number}", "type": "function", "function": function}


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.usefixtures("no_encoder")
@pytest.mark.parametrize("newest", [None, 1, 2, 5], ids=["all", "new", "two", "five"])
def test_thirty_turns_are_stored_once_however_much_is_sent(
    alice: Person, session: Any, model: ScriptedModel, newest: int | None
):
    history: list[dict[str, Any]] = []
    for turn in range(TURNS):
        model.scripts.append(Script(f"Reply {turn}. "))
        history.append(user(f"Question {turn}?"))
        reply = complete(alice, session, *(history if newest is None else history[-newest:]))
        history.append(assistant(text(reply).strip(), refusal=None, annotations=[], audio=None))
    expected = [(m["role"], m["content"]) for m in history]
    assert [(role, content.strip()) for role, content in said(alice, session)] == expected
    assert len(model.asked) == TURNS


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.usefixtures("no_encoder")
def test_an_agent_that_sends_all_its_calls_and_results_stores_each_once(
    alice: Person, session: Any, model: ScriptedModel
):
    history: list[dict[str, Any]] = [{"role": "system", "content": "You find things."}]
    for turn in range(TURNS // 2):
        model.scripts += [
            Script(tool_calls=[call(turn)], finish_reason="tool_calls"),
            Script(f"Found {turn}."),
        ]
        history.append(user("Find it."))
        asked = complete(alice, session, *history).json()["choices"][0]["message"]
        history.append({**asked, "function_call": None})
        history.append({"role": "tool", "tool_call_id": f"call_{turn}", "content": "Here."})
        history.append(assistant(text(complete(alice, session, *history))))
    assert [m["role"] for m in stored(alice, session)] == [m["role"] for m in history[1:]]
    assert len(model.asked) == TURNS


def test_a_history_goes_into_an_empty_session(alice: Person, session: Any, model: ScriptedModel):
    complete(alice, session, user("One"), assistant("Two"), user("Three"))
    assert said(alice, session) == [
        ("user", "One"), ("assistant", "Two"), ("user", "Three"), ("assistant", "Well."),
    ]  # fmt: skip


def test_the_history_without_its_last_reply_asks_for_another(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts += [Script("First."), Script("Second."), Script("Other.")]
    complete(alice, session, "One")
    history = [user("One"), assistant("First."), user("Two")]
    complete(alice, session, *history)
    assert text(complete(alice, session, *history)) == "Other."
    assert said(alice, session) == [
        ("user", "One"), ("assistant", "First."), ("user", "Two"), ("assistant", "Other."),
    ]  # fmt: skip
    assert [m["content"] for m in stored(alice, session)][3] == "Second."
    assert model.asked[1] == model.asked[2]


def test_another_reply_to_a_tools_result_keeps_the_call(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts += [Script(tool_calls=[call(1)], finish_reason="tool_calls"), Script("A")]
    complete(alice, session, "Find it.")
    history = [
        user("Find it."),
        assistant(None, tool_calls=[call(1)]),
        {"role": "tool", "tool_call_id": "call_1", "content": "Here."},
    ]
    complete(alice, session, *history)
    complete(alice, session, *history)
    assert [role for role, _ in said(alice, session)] == ["user", "assistant", "tool", "assistant"]
    assert said(alice, session)[-1] == ("assistant", "Well.")
    assert [m["role"] for m in model.asked[2]] == ["user", "assistant", "tool"]


def test_one_question_again_is_a_new_one(alice: Person, session: Any, model: ScriptedModel):
    for _ in range(2):
        complete(alice, session, "Hello?")
    assert len(stored(alice, session)) == 4


def test_an_edited_question_takes_the_place_of_the_old_one(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts += [Script("First."), Script("Second."), Script("Third.")]
    complete(alice, session, "One")
    complete(alice, session, user("One"), assistant("First."), user("Two"))
    complete(alice, session, user("One"), assistant("First."), user("Two, rather"))
    assert [m["content"] for m in model.asked[2]] == ["One", "First.", "Two, rather"]
    assert said(alice, session) == [
        ("user", "One"), ("assistant", "First."),
        ("user", "Two, rather"), ("assistant", "Third."),
    ]  # fmt: skip
    window = alice.client.get(path(session, "context")).json()["messages"]
    assert [m["content"] for m in window] == ["One", "First.", "Two, rather", "Third."]
    # Nothing is gone.
    old = [m for m in stored(alice, session) if m["superseded_by"]]
    assert [(m["content"], m["superseded_by"]) for m in old] == [("Two", 6), ("Second.", 6)]


def test_a_message_that_was_erased_is_not_brought_back(
    alice: Person, session: Any, model: ScriptedModel
):
    complete(alice, session, "My card is 4111")
    alice.client.delete(path(session, "messages", 1))
    complete(alice, session, user("My card is 4111"), assistant("Well."), user("And now?"))
    assert [content for _, content in said(alice, session)] == ["", "Well.", "And now?", "Well."]


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_long_session_is_not_read_as_a_whole(
    alice: Person, session: Any, model: ScriptedModel, no_encoder: None,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    for start in range(0, 1_000, 100):
        batch = [{"content": f"message {n}"} for n in range(start, start + 100)]
        alice.client.post(path(session, "messages"), {"messages": batch})
    limits: list[int] = []
    read = log.read_newest

    def noted(**asked: Any) -> Any:
        limits.append(asked["limit"])
        return read(**asked)

    monkeypatch.setattr(log, "read_newest", noted)
    complete(alice, session, user("message 999"), assistant("Well."), user("Hello?"))
    assert limits[0] == 67
    assert max(limits) <= 512


def test_a_reply_that_was_stopped_before_its_first_word_is_passed_over(
    alice: Person, session: Any, model: ScriptedModel
):
    alice.client.post(path(session, "message"), {"content": "One"})
    complete(alice, session, user("One"), assistant(""), user("Two"))
    assert said(alice, session) == [("user", "One"), ("user", "Two"), ("assistant", "Well.")]


def test_a_tool_that_had_nothing_to_say_has_answered(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script(tool_calls=[call(1)], finish_reason="tool_calls"))
    asked = complete(alice, session, "Do it.").json()["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": "call_1", "content": ""}
    history = [user("Do it."), asked, result]
    reply = assistant(text(complete(alice, session, *history)))
    complete(alice, session, *history, reply, "And then?")
    assert [content for _, content in said(alice, session)] == [
        "Do it.", "", "(no output)", "Well.", "And then?", "Well.",
    ]  # fmt: skip


def test_back_at_an_earlier_question_the_last_one_is_that(
    alice: Person, session: Any, model: ScriptedModel
):
    history: list[Any] = []
    for question in ("One", "Two", "Three"):
        history.append(user(question))
        history.append(assistant(text(complete(alice, session, *history))))
    model.scripts += [Script("Other."), Script("Another.")]
    complete(alice, session, *history[:3])
    assert [content for _, content in said(alice, session)] == ["One", "Well.", "Two", "Other."]
    alice.client.post(path(session, "chat", "regenerate"), {})
    assert [content for _, content in said(alice, session)] == ["One", "Well.", "Two", "Another."]


def test_a_summary_that_tells_of_what_was_edited_goes(
    alice: Person, session: Any, model: ScriptedModel, database: Any
):
    complete(alice, session, "One")
    complete(alice, session, user("One"), assistant("Well."), user("Two"))
    where = {"_id": session["session_id"]}
    for last, kept in ((2, True), (5, False)):
        told = {"content": "x", "first_seq": 1, "last_seq": last, "token_count": 1}
        database.sessions.update_one(where, {"$set": {"summary": told}})
        complete(alice, session, user("One"), assistant("Well."), user(f"Edited {last}"))
        assert ("summary" in database.sessions.find_one(where)) is kept

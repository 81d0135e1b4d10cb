"""A response as events: in OpenAI's order, numbered alike for whoever reads them."""

from typing import Any

import pytest

from sessions_app.domain.errors import ProviderError
from sessions_app.providers import Refusal, Thought
from tests import model_server
from tests.conftest import Person
from tests.model_server import ModelServer
from tests.openai_api.calls import leave
from tests.openai_api.responses.calls import ask, asked, events, get, kinds, parse
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import in_time

pytestmark = pytest.mark.usefixtures("no_encoder")

CALL = {"id": "call_a", "type": "function", "function": {"name": "find", "arguments": "{}"}}
TOOL = {"type": "function", "name": "find", "parameters": {"type": "object"}}


def numbers(read: list[dict[str, Any]]) -> list[int]:
    return [event["sequence_number"] for event in read]


def test_text_comes_in_openais_order(alice: Person, model: ScriptedModel):
    model.scripts.append(Script("By tr", "ain, of ", "course."))
    read = events(ask(alice, stream=True))
    assert kinds(read) == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert numbers(read) == list(range(len(read)))
    deltas = [each["delta"] for each in read if each["type"] == "response.output_text.delta"]
    assert deltas == ["By", " train,", " of", " course."]
    [done] = [each for each in read if each["type"] == "response.output_text.done"]
    assert done["text"] == "By train, of course."
    final = read[-1]["response"]
    assert final == get(alice, final["id"]).json()
    assert {each["item_id"] for each in read if "item_id" in each} == {final["output"][0]["id"]}
    assert read[0]["response"]["status"] == "in_progress"
    assert read[0]["response"]["output"] == []


def test_thoughts_come_before_the_text(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(Thought("Dogs or"), Thought(" cats?"), "Both."))
    read = events(ask(alice, stream=True))
    assert kinds(read) == [
        "created", "in_progress", "output_item.added", "reasoning_summary_part.added",
        "reasoning_summary_text.delta", "reasoning_summary_text.done",
        "reasoning_summary_part.done", "output_item.added", "content_part.added",
        "output_item.done", "output_text.delta", "output_text.done", "content_part.done",
        "output_item.done", "completed",
    ]  # fmt: skip
    reasoning, message = read[-1]["response"]["output"]
    assert reasoning["summary"] == [{"type": "summary_text", "text": "Dogs or cats?"}]
    done = [each for each in read if each["type"] == "response.output_item.done"]
    assert [(each["output_index"], each["item"]) for each in done] == [(0, reasoning), (1, message)]


def test_calls_come_whole(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(tool_calls=[CALL], finish_reason="tool_calls"))
    read = events(ask(alice, stream=True, tools=[TOOL]))
    assert kinds(read) == [
        "created", "in_progress", "output_item.added", "function_call_arguments.delta",
        "function_call_arguments.done", "output_item.done", "completed",
    ]  # fmt: skip
    [item] = read[-1]["response"]["output"]
    assert (item["type"], item["call_id"], item["name"], item["arguments"]) == (
        "function_call", "call_a", "find", "{}",
    )  # fmt: skip


def test_a_refusal_is_told_as_one(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(Refusal("I will"), Refusal(" not.")))
    read = events(ask(alice, stream=True))
    assert kinds(read) == [
        "created", "in_progress", "output_item.added", "content_part.added", "refusal.delta",
        "refusal.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    final = read[-1]["response"]
    assert final["output"][0]["content"] == [{"type": "refusal", "refusal": "I will not."}]
    assert events(get(alice, final["id"], stream="true")) == read
    asked(alice, "Why?", previous_response_id=final["id"])
    assert [message["content"] for message in model.asked[-1]] == ["Hello?", "I will not.", "Why?"]


def test_a_servers_refusal_is_told_as_one(alice: Person, server: ModelServer):
    server.answers = [model_server.streams({"refusal": "I will"}, {"refusal": " not."})]
    read = events(ask(alice, stream=True))
    assert "refusal.delta" in kinds(read)
    assert read[-1]["response"]["output"][0]["content"] == [
        {"type": "refusal", "refusal": "I will not."}
    ]


def test_a_failure_in_the_middle_is_a_failed_response(alice: Person, model: ScriptedModel):
    model.scripts.append(Script("One ", "two ", error=ProviderError()))
    read = events(ask(alice, stream=True))
    assert read[-1]["type"] == "response.failed"
    assert read[-1]["response"]["status"] == "failed"
    assert read[-1]["response"]["error"]["code"] == "server_error"


def test_a_failure_before_the_first_words_has_its_status(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(error=ProviderError()))
    assert ask(alice, stream=True).status_code == 502


def test_a_reader_goes_on_where_it_left(alice: Person, model: ScriptedModel):
    model.scripts.append(
        Script(Thought("Let me see."), "One two ", "three four", tool_calls=[CALL])
    )
    whole = events(ask(alice, stream=True, tools=[TOOL]))
    response_id = whole[0]["response"]["id"]
    for after in range(-1, len(whole)):
        query = {"starting_after": after} if after >= 0 else {}
        rest = events(get(alice, response_id, stream="true", **query))
        assert rest == whole[after + 1 :]


def test_a_reader_left_in_the_middle_goes_on_in_the_middle(alice: Person, model: ScriptedModel):
    script = Script(Thought("Let me see."), "One two ", "three four", " five", gates=[2, 3])
    model.scripts.append(script)
    answer = ask(alice, stream=True)
    received, incoming = b"", iter(in_time(answer.streaming_content))
    while b"two" not in received and b'"One"' not in received:
        received += next(incoming)
    answer._iterator.close()
    leave(answer)
    before = parse(received)
    script.gates[2].set()
    rest = get(alice, before[0]["response"]["id"], stream="true",
               starting_after=before[-1]["sequence_number"])  # fmt: skip
    script.open()
    after = events(rest)
    assert numbers(before + after) == list(range(len(before) + len(after)))
    whole = events(get(alice, before[0]["response"]["id"], stream="true"))
    assert before + after == whole


def test_what_is_thought_between_words_changes_no_number(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(Thought("First. "), "One ", Thought("Then. "), "two three"))
    live = events(ask(alice, stream=True))
    again = events(get(alice, live[0]["response"]["id"], stream="true"))
    assert again == live
    assert live[-1]["response"]["output"][0]["summary"][0]["text"] == "First. Then. "


def test_an_erased_reply_is_told_no_more(alice: Person, model: ScriptedModel):
    response = asked(alice)
    session_id = ask(alice, previous_response_id=response["id"]).headers["X-Session-Id"]
    assert alice.client.delete(f"/session/{session_id}/messages/2").status_code == 204
    read = events(get(alice, response["id"], stream="true"))
    assert "Well" not in str(read)
    assert read[-1]["response"]["output"] == []
    assert get(alice, response["id"]).json()["output"] == []

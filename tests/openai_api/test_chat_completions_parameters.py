"""What a session cannot do, and what is no request, is refused and named."""

from typing import Any

import pytest

from tests.conftest import Create, Person
from tests.model_server import ModelServer
from tests.openai_api.calls import URL, assistant, complete, error, said, user
from tests.services.turns.scripted import ScriptedModel

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CONTROLS = "Control characters and lone surrogates are not allowed."
NOT_KEPT = "A session does not keep this; ask without one."


@pytest.mark.parametrize(
    ("more", "code", "param", "message"),
    [
        ({"n": 2}, "unsupported_value", "n", "A session's turn has one answer."),
        ({"best_of": 2}, "unsupported_value", "best_of", "A session's turn has one answer."),
        ({"stream_options": {"chunks": 1}}, "unknown_parameter", "stream_options.chunks",
         "Unknown parameter: 'stream_options.chunks'."),
        ({"n": 0}, "unsupported_value", "n", "A session's turn has one answer."),
        ({"n": "2"}, "invalid_type", "n", "Expected a whole number."),
        ({"logprobs": True}, "unsupported_parameter", "logprobs", NOT_KEPT),
        ({"audio": {"voice": "x"}}, "unsupported_parameter", "audio", NOT_KEPT),
        ({"top_logprobs": 2}, "unsupported_parameter", "top_logprobs", NOT_KEPT),
        ({"functions": [{}]}, "unsupported_parameter", "functions", "In a session this is tools."),
        ({"function_call": "auto"}, "unsupported_parameter", "function_call",
         "In a session this is tool_choice."),
        ({"modalities": ["text", "audio"]}, "unsupported_value", "modalities",
         "A session keeps text."),
        ({"temperature": "hot"}, "invalid_type", "temperature", "Expected a number."),
        ({"temperature": True}, "invalid_type", "temperature", "Expected a number."),
        ({"tools": {}}, "invalid_type", "tools", "Expected a list."),
        ({"stream": "yes"}, "invalid_type", "stream", "Expected true or false."),
        ({"stream_options": []}, "invalid_type", "stream_options", "Expected an object."),
        ({"max_tokens": 0}, "invalid_value", "max_tokens", "Expected 1 to 1000000."),
        ({"max_completion_tokens": 1.5}, "invalid_type", "max_completion_tokens",
         "Expected a whole number."),
        ({"model": 5}, "invalid_type", "model", "Expected text."),
        ({"model": "x" * 201}, "invalid_value", "model", "A name has 1 to 200 characters."),
        ({"metadata": []}, "invalid_value", "metadata", "Expected an object."),
        ({"metadata": {"session_id": 5}}, "invalid_value", "metadata.session_id",
         "Expected text."),
        ({"messages": None}, "missing_required_parameter", "messages",
         "This parameter is required."),
        ({"messages": []}, "invalid_value", "messages", "Expected a list of at least one message."),
        ({"messages": "Hello"}, "invalid_value", "messages",
         "Expected a list of at least one message."),
        ({"messages": [user("x")] * 2_049}, "invalid_value", "messages",
         "At most 2048 messages are allowed."),
        ({"messages": ["x"]}, "invalid_value", "messages.0", "Expected an object."),
        ({"messages": [{"role": "system", "content": "x"}]}, "invalid_value", "messages",
         "Expected a message besides the instructions."),
        ({"messages": [user("x"), assistant("y")]}, "unsupported_value", "messages.1.role",
         "The last message is to be a user's or a tool's: that is what is answered."),
        ({"messages": [{"role": "function", "content": "x"}]}, "unsupported_value",
         "messages.0.role", "Expected one of: assistant, developer, system, tool, user."),
        ({"messages": [user("")]}, "invalid_value", "messages.0.content",
         "May be empty only beside tool_calls."),
        ({"messages": [user(5)]}, "invalid_value", "messages.0.content",
         "Expected text, or a list of parts."),
        ({"messages": [user("a\x00b")]}, "invalid_value", "messages.0.content", CONTROLS),
        ({"messages": [user([{"type": "video_url"}])]}, "unsupported_value",
         "messages.0.content.0.type", "Expected one of: file, image_url, input_audio, input_file, "
         "input_image, input_text, output_text, refusal, text."),
        ({"messages": [user([{"type": "image_url"}])]}, "invalid_value",
         "messages.0.content.0.image_url", "Expected an address, bytes, or the id of a file."),
        ({"messages": [user([{"type": "text"}])]}, "invalid_value", "messages.0.content.0.text",
         "Expected text."),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value",
         "messages.0.tool_call_id", "A tool's message names the call it answers."),
        ({"messages": [assistant("", tool_calls=[CALL, CALL]), user("x")]}, "invalid_value",
         "messages.0.tool_calls", "Two calls have the same id."),
        ({"messages": [assistant("x", audio={"id": "a"}), user("x")]}, "unsupported_parameter",
         "messages.0.audio", "This is not supported."),
        ({"messages": [user("x") | {"name": "n" * 65}]}, "invalid_value", "messages.0.name",
         "At most 64 characters are allowed."),
    ],
)  # fmt: skip
def test_it_is_refused_and_named(
    alice: Person, session: Any, model: ScriptedModel,
    more: Any, code: str, param: str, message: str,
):  # fmt: skip
    response = complete(alice, session, "Hello?", **more)
    assert (response.status_code, response.json()) == (400, error(message, code, param))
    assert said(alice, session) == []
    assert model.asked == []


@pytest.mark.parametrize("more", [{}, {"messages": [user("\ud800")]}])
def test_lone_surrogates_are_refused_wherever_they_are(
    alice: Person, session: Any, model: ScriptedModel, more: Any
):
    import json

    body = {"session_id": session["session_id"], "messages": [user("x")], "user": "\ud800"} | more
    response = alice.client.post(URL, json.dumps(body), content_type="application/json")
    assert (response.status_code, response.json()) == (
        400, error("The body holds lone surrogates.", "invalid_value"),
    )  # fmt: skip


def test_a_number_that_is_none_is_refused(alice: Person, session: Any, model: ScriptedModel):
    body = f'{{"session_id": "{session["session_id"]}", "temperature": 1e999}}'
    response = alice.client.post(URL, body, content_type="application/json")
    assert (response.status_code, response.json()) == (
        400, error("A number is too large.", "invalid_value"),
    )  # fmt: skip


@pytest.mark.parametrize("body", [[], "x", 5, None])
def test_a_body_that_is_no_object_is_refused(alice: Person, body: Any):
    import json

    response = alice.client.post(URL, json.dumps(body), content_type="application/json")
    assert (response.status_code, response.json()) == (
        400, error("Expected a JSON object.", "invalid_value"),
    )  # fmt: skip


def test_more_than_a_session_begins_with_is_refused(
    alice: Person, session: Any, model: ScriptedModel
):
    history = [user("One"), assistant("Two")] * 500
    response = complete(alice, session, *history, "Three")
    assert response.json() == error(
        "At most 1000 messages may be new to the session.", "invalid_value", "messages"
    )
    assert said(alice, session) == []


@pytest.mark.parametrize(
    "more",
    [
        {"n": 1}, {"n": None}, {"best_of": 1}, {"stream_options": {"include_obfuscation": False}},
        {"logprobs": False}, {"top_logprobs": 0}, {"functions": []}, {"function_call": None},
        {"modalities": ["text"]}, {"audio": None},
    ],
)  # fmt: skip
def test_what_asks_for_nothing_of_these_is_taken(
    alice: Person, session: Any, model: ScriptedModel, more: dict[str, Any]
):
    assert complete(alice, session, "Hello?", **more).status_code == 200


def test_what_is_not_known_here_is_passed_on(alice: Person, create: Create, server: ModelServer):
    unknown = {"top_k": 40, "min_p": 0.05, "vendor": {"deep": [1, None, "é"]}, "store": True}
    complete(alice, create(title="Titled"), "Hello?", **unknown)
    assert {name: server.requests[0][name] for name in unknown} == unknown

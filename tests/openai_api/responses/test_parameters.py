"""Which parameters reach the model's server, and which are refused by name."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.responses.calls import ask, asked, get
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")

SCHEMA = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {}}}
TOOL = {"type": "function", "name": "find", "description": "Finds.", "parameters": SCHEMA,
        "strict": True}  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "options"),
    [
        ({"temperature": 0, "top_p": 0.5}, {"temperature": 0, "top_p": 0.5}),
        ({"reasoning": {"effort": "low", "summary": "auto"}}, {"reasoning_effort": "low"}),
        ({"text": {"verbosity": "low"}}, {"verbosity": "low"}),
        ({"text": {"format": {"type": "text"}}}, {}),
        (
            {"text": {"format": {"type": "json_object"}}},
            {"response_format": {"type": "json_object"}},
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA,
                                 "strict": True}}},
            {"response_format": {"type": "json_schema",
                                 "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}}},
        ),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "name": "find"},
             "parallel_tool_calls": False},
            {"tools": [{"type": "function", "function": {
                "name": "find", "description": "Finds.", "parameters": SCHEMA, "strict": True}}],
             "tool_choice": {"type": "function", "function": {"name": "find"}},
             "parallel_tool_calls": False},
        ),
        (
            {"tools": [TOOL], "tool_choice": {"type": "allowed_tools", "mode": "required",
                                              "tools": [{"type": "function", "name": "find"}]}},
            {"tools": [{"type": "function", "function": {
                "name": "find", "description": "Finds.", "parameters": SCHEMA, "strict": True}}],
             "tool_choice": {"type": "allowed_tools", "allowed_tools": {
                 "mode": "required", "tools": [{"type": "function", "function": {"name": "find"}}],
             }}},
        ),
        (
            {"tools": [{"type": "custom", "name": "sql", "description": "Asks.",
                        "format": {"type": "grammar", "syntax": "lark", "definition": "x: 1"}}],
             "tool_choice": {"type": "custom", "name": "sql"}},
            {"tools": [{"type": "custom", "custom": {
                "name": "sql", "description": "Asks.", "format": {
                    "type": "grammar", "grammar": {"syntax": "lark", "definition": "x: 1"}}}}],
             "tool_choice": {"type": "custom", "custom": {"name": "sql"}}},
        ),
        (
            {"tools": [TOOL, {"type": "custom", "name": "sql", "format": {"type": "text"}}],
             "tool_choice": {"type": "allowed_tools", "mode": "auto",
                             "tools": [{"type": "custom", "name": "sql"}]}},
            {"tools": [{"type": "function", "function": {
                "name": "find", "description": "Finds.", "parameters": SCHEMA, "strict": True}},
                {"type": "custom", "custom": {"name": "sql", "format": {"type": "text"}}}],
             "tool_choice": {"type": "allowed_tools", "allowed_tools": {
                 "mode": "auto", "tools": [{"type": "custom", "custom": {"name": "sql"}}]}}},
        ),
        ({"n": 1, "best_of": 1, "logprobs": False}, {"logprobs": False}),
        ({"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}, {}),
        ({"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "flex"},
         {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "flex"}),
        ({"top_k": 3}, {"top_k": 3}),
        ({"max_tool_calls": 3, "top_logprobs": 0, "include": ["reasoning.encrypted_content"],
          "stream_options": {"include_obfuscation": False}, "truncation": "auto"}, {}),
    ],
)  # fmt: skip
def test_it_is_written_as_a_chat_completion(
    alice: Person, model: ScriptedModel, sent: dict[str, Any], options: dict[str, Any]
):
    body = asked(alice, **sent)
    assert model.calls[0]["options"] == options
    shown = {name: value for name, value in sent.items()
             if name in body and name not in {"reasoning", "text"}}  # fmt: skip
    assert {name: body[name] for name in shown} == shown
    assert get(alice, body["id"]).json() == body


@pytest.mark.parametrize(
    ("sent", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"tools": [TOOL, {"type": "file_search", "vector_store_ids": []}]}, "tools.1.type"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "tools.0.type"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools.0.type"),
        ({"tools": [{"type": "function"}]}, "tools.0.name"),
        ({"tools": [{"type": "custom"}]}, "tools.0.name"),
        ({"tools": [{"type": "custom", "name": "a", "format": {"type": "ebnf"}}]},
         "tools.0.format.type"),
        ({"tools": [{"type": "custom", "name": "a", "format": {
            "type": "grammar", "syntax": "bnf", "definition": "a"}}]}, "tools.0.format.syntax"),
        ({"tools": [{"type": "custom", "name": "a", "format": {
            "type": "grammar", "syntax": "regex"}}]}, "tools.0.format.definition"),
        ({"n": 2}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"logprobs": True}, "logprobs"),
        ({"audio": {"voice": "a"}}, "audio"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"functions": [{"name": "a"}]}, "functions"),
        ({"messages": [{"role": "user", "content": "a"}]}, "messages"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"max_completion_tokens": 5}, "max_completion_tokens"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"stream_options": {"chunks": True}}, "stream_options.chunks"),
        ({"stream_options": {"include_obfuscation": 1}}, "stream_options.include_obfuscation"),
        ({"conversation": {"id": "x", "title": "y"}}, "conversation.title"),
        ({"tools": {}}, "tools"),
        ({"tools": [TOOL], "tool_choice": {"type": "web_search"}}, "tool_choice.type"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"context_management": [{"type": "compaction"}]}, "context_management"),
        ({"moderation": {"model": "m"}}, "moderation"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"include": ["message.output_text.logprobs"]}, "include.0"),
        ({"include": ["thoughts"]}, "include.0"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format.schema"),
        ({"text": []}, "text"),
        ({"reasoning": {"summary": "long"}}, "reasoning.summary"),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode"),
        ({"truncation": "middle"}, "truncation"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": True}, "max_output_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"instructions": ["a"]}, "instructions"),
        ({"instructions": "\u0000"}, "instructions"),
        ({"store": "no"}, "store"),
        ({"background": 1}, "background"),
        ({"stream": "yes"}, "stream"),
        ({"conversation": 7}, "conversation"),
        ({"conversation": {"name": "x"}}, "conversation.id"),
        ({"previous_response_id": 7}, "previous_response_id"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": 7}, "input"),
        ({"input": [{"role": "user"}]}, "input.0.content"),
        ({"input": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]},
         "input.1"),
    ],
)  # fmt: skip
def test_it_is_refused_by_name_before_anything_is_stored(
    alice: Person, model: ScriptedModel, database: Any, sent: dict[str, Any], param: str
):
    answer = alice.client.post("/v1/responses", {"model": "gulf", "input": "Hello?", **sent})
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert database.sessions.count_documents({}) == database.turns.count_documents({}) == 0
    assert model.asked == []


def test_a_message_over_the_limit_is_refused(alice: Person, model: ScriptedModel, settings: Any):
    settings.MESSAGE_MAX_CHARS = 10
    answer = ask(alice, "A long way home.")
    assert answer.status_code == 413
    assert answer.json()["error"]["param"] == "input.content"


def test_without_truncation_a_conversation_that_does_not_fit_is_refused(
    alice: Person, model: ScriptedModel, settings: Any
):
    settings.CONTEXT_MAX_TOKENS = 100
    model.scripts.append(Script("word " * 60))
    first = asked(alice, "word " * 20, truncation="disabled")
    answer = ask(alice, "word " * 40, previous_response_id=first["id"], truncation="disabled")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert answer.json()["error"]["param"] == "truncation"
    assert asked(alice, "word " * 40, previous_response_id=first["id"])["truncation"] == "auto"

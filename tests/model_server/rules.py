"""What named servers refuse, each in its own words; docs/providers.md has the sources.

    rules.refusal("mistral", body)      None, or (status, the error's body)

A server's list of rules is applied in order; each rule is a function of the request's messages that
gives the server's complaint, or nothing. They are written from what servers say, and share nothing
with what they test.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Messages = list[dict[str, Any]]
Rule = Callable[[Messages], str | None]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NO_SPACE = re.compile(r"[^\s<|\\/>]{1,64}")
_MISTRAL_ID = re.compile(r"[a-zA-Z0-9]{9}")
_EXTRAS = {"reasoning_content", "reasoning", "reasoning_details", "extra_content"}


def refusal(server: str, body: dict[str, Any]) -> tuple[int, Any] | None:
    """The status and body with which a server refuses this request; None when it takes it."""
    messages = json.loads(json.dumps(body["messages"]))
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    if wrong := [name for name in names if not _NAME.fullmatch(name)]:
        return 400, _openai(f"Invalid 'tools[0].function.name': {wrong[0]!r}", "tools[0]")
    for rule in SERVERS[server]:
        if complaint := rule(messages):
            status, wrapped = _BODIES.get(server, (400, _openai))
            return status, wrapped(complaint)
    return None


# --- what all of them want --------------------------------------------------------------------
def well_formed(messages: Messages) -> str | None:
    if not messages:
        return "[] is too short - 'messages'"
    for at, message in enumerate(messages):
        if message["role"] not in {"system", "developer", "user", "assistant", "tool"}:
            return f"Invalid value: {message['role']!r} - 'messages.{at}.role'"
        content = message.get("content")
        if not isinstance(content, str) and not (content is None and message.get("tool_calls")):
            return f"Invalid type for 'messages.[{at}].content': expected a string, got null."
        for call in message.get("tool_calls") or ():
            if not isinstance(call["function"]["arguments"], str):
                return f"Invalid type for 'messages[{at}].tool_calls[0].function.arguments'"
    return None


def results_behind_calls(messages: Messages) -> str | None:
    waiting: list[str] = []
    for at, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                return (
                    f"Invalid parameter: messages with role 'tool' must be a response to a "
                    f"preceeding message with 'tool_calls'. (messages.[{at}].role)"
                )
            waiting.remove(message["tool_call_id"])
        elif waiting:
            break
        else:
            waiting = [call["id"] for call in message.get("tool_calls") or ()]
    if waiting:
        return (
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            f"to each 'tool_call_id'. The following tool_call_ids did not have response "
            f"messages: {', '.join(waiting)}"
        )
    return None


def _calls(messages: Messages) -> Iterator[dict[str, Any]]:
    for message in messages:
        yield from message.get("tool_calls") or ()


def short_ids(messages: Messages) -> str | None:
    ids = [call["id"] for call in _calls(messages)]
    long = [each for each in ids if len(each) > 40]
    if long:
        return f"Invalid 'messages[1].tool_calls[0].id': string too long, got {len(long[0])}."
    if len(set(ids)) < len(ids):
        return "Duplicate value for 'tool_call_id'"
    return None


def tool_names(messages: Messages) -> str | None:
    wrong = [c for c in _calls(messages) if not _NAME.fullmatch(c["function"]["name"])]
    if wrong:
        return (
            f"Invalid 'messages[1].tool_calls[0].function.name': string does not match pattern. "
            f"Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'. {wrong[0]}"
        )
    return None


def speakers_names(messages: Messages) -> str | None:
    names = [m["name"] for m in messages if m.get("name") is not None]
    wrong = [name for name in names if not _NO_SPACE.fullmatch(name)]
    if wrong:
        return "Invalid 'messages[0].name': string does not match pattern '^[^\\s<|\\\\/>]+$'."
    return None


def one_kind_of_instruction(messages: Messages) -> str | None:
    roles = {message["role"] for message in messages}
    if {"system", "developer"} <= roles:
        return "Invalid 'messages': developer and system messages cannot both be used."
    return None


def object_arguments(messages: Messages) -> str | None:
    for call in _calls(messages):
        try:
            value = json.loads(call["function"]["arguments"])
        except ValueError:
            return f"Failed to parse tool call arguments as JSON: {call['function']['arguments']}"
        if not isinstance(value, dict):
            return "tool_use.input: Input should be a valid dictionary"
    return None


def nothing_blank(messages: Messages) -> str | None:
    for at, message in enumerate(messages):
        if not (message.get("content") or "").strip() and not message.get("tool_calls"):
            return f"messages.{at}: text content blocks must contain non-whitespace text"
    return None


def no_extras(messages: Messages) -> str | None:
    for at, message in enumerate(messages):
        for holder in (message, *(message.get("tool_calls") or ())):
            for name in sorted(_EXTRAS & holder.keys()):
                return (
                    f"'messages.{at}' : for 'role:{message['role']}' the following must be "
                    f"satisfied[('messages.{at}' : property '{name}' is unsupported)]"
                )
    return None


# --- orders of roles --------------------------------------------------------------------------
def system_first(messages: Messages) -> str | None:
    if any(message["role"] == "system" for message in messages[1:]):
        return "System message must be at the beginning."
    if not any(message["role"] == "user" for message in messages):
        return "No user query found in messages."
    return None


def alternating_but_for_tools(messages: Messages) -> str | None:
    """The templates of Mistral's models: calls and results are not counted."""
    rest = messages[1:] if messages[0]["role"] == "system" else messages
    spoken = [m for m in rest if m["role"] != "tool" and not m.get("tool_calls")]
    for at, message in enumerate(spoken):
        if (message["role"] == "user") != (at % 2 == 0):
            return (
                "After the optional system message, conversation roles must alternate user and "
                "assistant roles except for tool calls and results."
            )
    return None


def alternating(messages: Messages) -> str | None:
    """Gemma's template: a system message first, then user and model by turns, and nothing else."""
    rest = messages[1:] if messages[0]["role"] == "system" else messages
    for at, message in enumerate(rest):
        if (message["role"] == "user") != (at % 2 == 0) or message["role"] == "tool":
            return "Conversation roles must alternate user/assistant/user/assistant/..."
    return None


def no_system(messages: Messages) -> str | None:
    if messages[0]["role"] == "system":
        return "System role not supported"
    return None


def mistral_order(messages: Messages) -> str | None:
    after = {
        None: {"system", "user"},
        "system": {"system", "user", "assistant"},
        "user": {"assistant", "system", "user"},
        "assistant": {"assistant", "user", "tool"},
        "tool": {"assistant", "tool"},
    }
    before = None
    for message in messages:
        if message["role"] not in after[before]:
            return f"Unexpected role '{message['role']}' after role '{before}'"
        before = message["role"]
    if before not in {"user", "tool"}:
        return (
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got "
            f"{before}"
        )
    return None


def mistral_ids(messages: Messages) -> str | None:
    for call in _calls(messages):
        if not _MISTRAL_ID.fullmatch(call["id"]):
            return f"Tool call id was {call['id']} but must be a-z, A-Z, 0-9, with a length of 9."
    return None


def fitting_ids(messages: Messages) -> str | None:
    for call in _calls(messages):
        if not _NAME.fullmatch(call["id"]):
            return "messages.1.content.0.tool_use.id: String should match '^[a-zA-Z0-9_-]+$'"
    return None


def ends_with_a_question(messages: Messages) -> str | None:
    if messages[-1]["role"] not in {"user", "tool"}:
        return (
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )
    return None


def asked_by_a_user(messages: Messages) -> str | None:
    if not any(message["role"] == "user" for message in messages):
        return "messages: at least one message is required"
    return None


def calls_behind_questions(messages: Messages) -> str | None:
    for before, message in zip([None, *messages], messages, strict=False):
        if message.get("tool_calls") and (not before or before["role"] not in {"user", "tool"}):
            return (
                "Please ensure that function call turn comes immediately after a user turn or "
                "after a function response turn."
            )
    return None


def signed_calls(messages: Messages) -> str | None:
    """Gemini 3, of the turn at hand: the first call of each step has a signature."""
    asked = max((at for at, m in enumerate(messages) if m["role"] == "user"), default=0)
    for message in messages[asked:]:
        if calls := message.get("tool_calls"):
            google = (calls[0].get("extra_content") or {}).get("google") or {}
            if not google.get("thought_signature"):
                return (
                    "Function call is missing a thought_signature in functionCall parts. This is "
                    f"required for tools to work correctly, function call "
                    f"`default_api:{calls[0]['function']['name']}`, position 2."
                )
    return None


def thoughts_passed_back(messages: Messages) -> str | None:
    """DeepSeek's thinking mode, of the tool loop at hand."""
    asked = max((at for at, m in enumerate(messages) if m["role"] == "user"), default=0)
    for at, message in enumerate(messages[asked:], asked):
        if message.get("tool_calls") and "reasoning_content" not in message:
            return (
                f"Missing `reasoning_content` field in the assistant message at message index {at}"
            )
    return None


_OPENAI: list[Rule] = [
    well_formed, results_behind_calls, short_ids, tool_names, speakers_names,
    one_kind_of_instruction,
]  # fmt: skip

SERVERS: dict[str, list[Rule]] = {
    "openai": _OPENAI,
    "azure": _OPENAI,
    "anthropic": [
        well_formed, results_behind_calls, short_ids, fitting_ids, tool_names, object_arguments,
        nothing_blank, asked_by_a_user, ends_with_a_question,
    ],
    "gemini": [
        well_formed, results_behind_calls, tool_names, object_arguments, nothing_blank,
        calls_behind_questions, signed_calls, asked_by_a_user,
    ],
    "mistral": [
        well_formed, mistral_order, results_behind_calls, mistral_ids, tool_names, no_extras,
    ],
    "deepseek": [*_OPENAI, thoughts_passed_back],
    "qwen": [well_formed, results_behind_calls, object_arguments, system_first],
    "llama.cpp": [well_formed, object_arguments, alternating_but_for_tools],
    "gemma": [well_formed, object_arguments, alternating],
    "gemma2": [well_formed, no_system, alternating],
    "ollama": [well_formed, object_arguments],
    "lm studio": [well_formed, results_behind_calls, alternating_but_for_tools, system_first],
    "groq": [*_OPENAI, object_arguments, no_extras],
    "together": [well_formed, results_behind_calls, tool_names, nothing_blank, alternating],
    "openrouter": [*_OPENAI, fitting_ids, nothing_blank, object_arguments, ends_with_a_question],
}  # fmt: skip


# --- how they say it --------------------------------------------------------------------------
def _openai(message: str, param: str | None = None) -> Any:
    return {"error": {"message": message, "type": "invalid_request_error",
                      "param": param, "code": None}}  # fmt: skip


def _mistral(message: str) -> Any:
    return {"object": "error", "message": message, "type": "invalid_request_message_order",
            "param": None, "code": "3230"}  # fmt: skip


def _gemini(message: str) -> Any:
    return [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}]


def _llama(message: str) -> Any:
    text = f"\n------------\nWhile executing CallExpression\nError: Jinja Exception: {message}"
    return {"error": {"code": 500, "message": text, "type": "server_error"}}


def _vllm(message: str) -> Any:
    return {"object": "error", "message": message, "type": "BadRequestError",
            "param": None, "code": 400}  # fmt: skip


def _ollama(message: str) -> Any:
    return {"error": message}


def _openrouter(message: str) -> Any:
    raw = json.dumps(_openai(message))
    return {"error": {"message": "Provider returned error", "code": 400,
                      "metadata": {"raw": raw, "provider_name": "Anthropic"}}}  # fmt: skip


_BODIES: dict[str, tuple[int, Callable[[str], Any]]] = {
    "mistral": (400, _mistral),
    "gemini": (400, _gemini),
    "qwen": (400, _vllm),
    "llama.cpp": (500, _llama),
    "gemma": (500, _llama),
    "ollama": (400, _ollama),
    "openrouter": (400, _openrouter),
}

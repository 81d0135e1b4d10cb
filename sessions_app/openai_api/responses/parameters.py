"""The parameters of a response: those of the model call, those repeated, and those refused."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.texts import text
from sessions_app.openai_api import parameters as completions
from sessions_app.openai_api.errors import Unsupported, UnsupportedValue
from sessions_app.openai_api.requests import metadata_of
from sessions_app.openai_api.responses import formats, tools
from sessions_app.services.context import Instruction
from sessions_app.services.relay import model_name
from sessions_app.services.turns import ModelCall

_MAX_TOKENS = 1_000_000
# What only OpenAI's own service has: it cannot be written as a chat completion.
_REFUSED = (
    "access_programs", "background_options", "context_management", "image", "moderation", "prompt",
    "prompt_cache_options",
)  # fmt: skip
# Names of chat completions, which the model's server would be sent beside what this writes.
_RENAMED = {
    "messages": "input", "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens", "response_format": "text.format",
}  # fmt: skip
# Passed on under their own names, where they are set.
_SAME = (
    "temperature", "top_p", "user", "safety_identifier", "prompt_cache_key",
    "prompt_cache_retention", "service_tier",
)  # fmt: skip
# Handled here; anything else is the model server's and passed on, too.
_OURS = frozenset(
    {
        "input", "model", "instructions", "conversation", "previous_response_id", "session_id",
        "store", "stream", "stream_options", "background", "include", "metadata",
        "max_output_tokens", "max_tool_calls", "text", "reasoning", "tools", "tool_choice",
        "parallel_tool_calls", "truncation", "top_logprobs", "n", "best_of", *_REFUSED,
    }
)  # fmt: skip
_TRUNCATIONS = ("auto", "disabled")


def model_call(body: Mapping[str, Any]) -> ModelCall:
    """The model call of a request; raises InvalidInput naming the parameter."""
    _refuse(body)
    written_tools = tools.tools_for_model(body.get("tools"))
    choice = tools.choice_for_model(body.get("tool_choice"))
    options = {
        name: value for name, value in body.items() if name not in _OURS and value is not None
    }
    options |= formats.format_options(body.get("text"))
    options |= formats.thinking_options(body.get("reasoning"))
    parallel = _checked(body, "parallel_tool_calls", bool, "true or false")
    if written_tools:
        # Without tools, servers refuse both.
        chosen = {"tool_choice": choice, "parallel_tool_calls": parallel}
        options |= {name: value for name, value in chosen.items() if value is not None}
        options["tools"] = written_tools
    return ModelCall(
        model=completions.model_name(body),
        max_tokens=_token_limit(body),
        options=options,
        instructions=_instructions(body),
        whole=_truncation(body) == "disabled",
    )


def repeated(body: Mapping[str, Any], *, store: bool) -> dict[str, Any]:
    """The parameters that the response repeats, as far as they are set and have been checked."""
    same = ("instructions", "max_output_tokens", "max_tool_calls", "parallel_tool_calls", *_SAME)
    shown = {name: body[name] for name in same if body.get(name) is not None}
    shown["model"] = completions.model_name(body) or model_name()
    if metadata := metadata_of(body):
        shown["metadata"] = metadata
    if body.get("tools"):
        shown["tools"] = tools.tools_shown(body["tools"])
    for name in ("tool_choice", "reasoning", "truncation"):
        if body.get(name) is not None:
            shown[name] = body[name]
    if body.get("reasoning") is not None:
        shown["reasoning"] = {"effort": None, "summary": None, **body["reasoning"]}
    if body.get("text") is not None:
        shown["text"] = formats.text_shown(body["text"])
    if not store:
        shown["store"] = False
    return shown


def truth(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """A boolean member."""
    value = _checked(body, name, bool, "true or false")
    return default if value is None else bool(value)


def _refuse(body: Mapping[str, Any]) -> None:
    for name in _REFUSED:
        if body.get(name) is not None:
            raise Unsupported(
                "This is OpenAI's own and cannot be asked of the model's server.", attr=name
            )
    for name, new_name in _RENAMED.items():
        if body.get(name) is not None:
            raise Unsupported(f"In a response this is {new_name}.", attr=name)
    completions.refuse(body)
    # With no tools of a server's own there is nothing that it would limit.
    _checked(body, "max_tool_calls", int, "a whole number")
    for name in ("temperature", "top_p"):
        _checked(body, name, (int, float), "a number")
    for name in _SAME[2:]:
        if not text.is_text(_checked(body, name, str, "text") or ""):
            raise InvalidInput("Control characters are not allowed.", attr=name)
    completions.stream_options(body)
    formats.check_include(body.get("include"))


def _instructions(body: Mapping[str, Any]) -> tuple[Instruction, ...]:
    value = _checked(body, "instructions", str, "text")
    if not value:
        return ()
    if not text.is_text(value):
        raise InvalidInput("Control characters are not allowed.", attr="instructions")
    return (Instruction("system", value),)


def _token_limit(body: Mapping[str, Any]) -> int | None:
    value = _checked(body, "max_output_tokens", int, "a whole number")
    if value is not None and not 1 <= value <= _MAX_TOKENS:
        raise InvalidInput(f"Expected 1 to {_MAX_TOKENS}.", attr="max_output_tokens")
    return None if value is None else int(value)


def _truncation(body: Mapping[str, Any]) -> str:
    value = body.get("truncation")
    if value is not None and value not in _TRUNCATIONS:
        raise UnsupportedValue(f"Expected one of: {', '.join(_TRUNCATIONS)}.", attr="truncation")
    return str(value or "auto")


def _checked(
    body: Mapping[str, Any], name: str, kind: type | tuple[type, ...], expected: str
) -> Any:
    value = body.get(name)
    wrong = isinstance(value, bool) and kind is not bool
    if value is not None and (wrong or not isinstance(value, kind)):
        error = InvalidInput(f"Expected {expected}.", attr=name)
        error.code = "invalid_type"
        raise error
    return value

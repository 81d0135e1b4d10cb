"""The parameters of a completion: those passed on to the model, and those refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import MODEL_NAME_MAX_CHARS
from sessions_app.domain.texts import text
from sessions_app.http.model_parameters import OBJECT, TEXT, TRUTH, TYPES, WHOLE, check
from sessions_app.openai_api.errors import UnknownParameter, Unsupported, UnsupportedValue
from sessions_app.services.context import Instruction
from sessions_app.services.turns import ModelCall

_MAX_TOKENS = 1_000_000
# Handled here, not passed on.
_OURS = {
    "messages", "model", "stream", "stream_options", "max_tokens", "max_completion_tokens",
    "session_id", "metadata", "n", "best_of",
}  # fmt: skip
# Their results have no field in a stored message.
_NOT_STORED = ("audio", "logprobs", "top_logprobs")
# As they were called before they had ids, by which a session tells the calls of a history.
_RENAMED = {"functions": "tools", "function_call": "tool_choice"}
_STREAM_OPTIONS = ("include_usage", "include_obfuscation")


def model_call(body: Mapping[str, Any], instructions: Sequence[Instruction]) -> ModelCall:
    """The model call of a request; raises InvalidInput naming the parameter."""
    refuse(body)
    for name, types in TYPES.items():
        check(name, body.get(name), types)
    options = {
        name: value for name, value in body.items() if name not in _OURS and value is not None
    }
    return ModelCall(
        model=model_name(body),
        max_tokens=token_limit(body),
        options=options,
        instructions=tuple(instructions),
    )


def model_name(body: Mapping[str, Any]) -> str | None:
    """The requested model; None leaves the choice to the settings."""
    name = body.get("model")
    check("model", name, TEXT)
    if name and (len(name) > MODEL_NAME_MAX_CHARS or not text.is_text(name)):
        raise InvalidInput(f"A name has 1 to {MODEL_NAME_MAX_CHARS} characters.", attr="model")
    return name or None


def truth(body: Mapping[str, Any], name: str) -> bool:
    """A boolean member; false if it is missing."""
    value = body.get(name)
    check(name, value, TRUTH)
    return bool(value)


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Whether the stream should end with the token counts."""
    return bool(stream_options(body).get("include_usage"))


def stream_options(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the stream is to be; raises InvalidInput naming an option that would change nothing."""
    options = body.get("stream_options")
    check("stream_options", options, OBJECT)
    for name, value in (options or {}).items():
        path = f"stream_options.{name}"
        if name not in _STREAM_OPTIONS:
            raise UnknownParameter(f"Unknown parameter: '{path}'."[:300], attr=path[:200])
        check(path, value, TRUTH)
    return options or {}


def token_limit(body: Mapping[str, Any]) -> int | None:
    """The maximum tokens of an answer, under the parameter's new or old name."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = body.get(name)
        check(name, value, WHOLE)
        if value is None:
            continue
        if not 1 <= value <= _MAX_TOKENS:
            raise InvalidInput(f"Expected 1 to {_MAX_TOKENS}.", attr=name)
        return int(value)
    return None


def choices_check(body: Mapping[str, Any]) -> None:
    """Refuse more answers to one request than the settings allow; raises InvalidInput."""
    for name in ("n", "best_of"):
        count = body.get(name)
        if isinstance(count, int | float) and count > settings.LLM_MAX_CHOICES:
            raise InvalidInput(f"At most {settings.LLM_MAX_CHOICES}.", attr=name)


def capped_tokens(body: Mapping[str, Any]) -> dict[str, int]:
    """The parameters that keep an answer within LLM_MAX_TOKENS; none where that is not set."""
    most = settings.LLM_MAX_TOKENS
    if not most:
        return {}
    names = [name for name in ("max_completion_tokens", "max_tokens") if body.get(name) is not None]
    # What is no number the model's server refuses, unless it takes it for no limit at all.
    values = {name: body[name] for name in names}
    return {
        name: value if isinstance(value, int) and 0 < value <= most else most
        for name, value in (values or {"max_tokens": most}).items()
    }


def refuse(body: Mapping[str, Any]) -> None:
    """Raise InvalidInput for what a turn cannot keep."""
    for name in ("n", "best_of"):
        check(name, body.get(name), WHOLE)
        if body.get(name) not in {None, 1}:
            raise UnsupportedValue("A session's turn has one answer.", attr=name)
    for name in _NOT_STORED:
        if body.get(name) not in (None, False, 0):
            raise Unsupported("A session does not keep this; ask without one.", attr=name)
    for name, new_name in _RENAMED.items():
        if body.get(name) not in (None, []):
            raise Unsupported(f"In a session this is {new_name}.", attr=name)
    modalities = body.get("modalities")
    if modalities not in (None, ["text"]):
        raise UnsupportedValue("A session keeps text.", attr="modalities")

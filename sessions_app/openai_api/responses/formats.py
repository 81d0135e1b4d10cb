"""What a request says of the answer's form, of thinking, and of what the answer includes."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.texts.text import is_text, json_problem
from sessions_app.openai_api.errors import Required, Unsupported, UnsupportedValue

# What only hosted tools would fill stays empty, so asking for it is no mistake.
INCLUDABLE = frozenset(
    {
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
    }
)
_SUMMARIES = ("auto", "concise", "detailed")
_SCHEMA_MEMBERS = ("name", "description", "schema", "strict")


def format_options(text: Any) -> dict[str, Any]:
    """`text` as `response_format` and `verbosity`."""
    settings = _object(text, "text", {"format", "verbosity"})
    options: dict[str, Any] = {}
    if settings.get("verbosity") is not None:
        options["verbosity"] = _text(settings["verbosity"], "text.verbosity")
    written = settings.get("format")
    if written is None:
        return options
    kind = _object(written, "text.format").get("type")
    if kind == "json_schema":
        options["response_format"] = _schema(written)
    elif kind == "json_object":
        options["response_format"] = {"type": "json_object"}
    elif kind != "text":
        raise UnsupportedValue(
            "Expected one of: json_object, json_schema, text.", attr="text.format.type"
        )
    return options


def _schema(written: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("name", "schema"):
        if written.get(name) is None:
            raise Required(attr=f"text.format.{name}")
    _object(written["schema"], "text.format.schema")
    if problem := json_problem(dict(written)):
        raise InvalidInput(problem, attr="text.format")
    members = {name: written[name] for name in _SCHEMA_MEMBERS if written.get(name) is not None}
    return {"type": "json_schema", "json_schema": members}


def text_shown(text: Any) -> dict[str, Any]:
    """`text` as a response repeats it."""
    return {"format": {"type": "text"}} | {
        name: value for name, value in (text or {}).items() if value is not None
    }


def thinking_options(reasoning: Any) -> dict[str, Any]:
    """`reasoning` as `reasoning_effort`.

    A summary is what the server tells of its thoughts, so asking for one changes nothing.
    """
    known = {"effort", "summary", "generate_summary", "context", "mode"}
    settings = _object(reasoning, "reasoning", known)
    for name in ("summary", "generate_summary"):
        if settings.get(name) not in (None, *_SUMMARIES):
            raise UnsupportedValue(
                f"Expected one of: {', '.join(_SUMMARIES)}.", attr=f"reasoning.{name}"
            )
    for name, usual in (("context", "auto"), ("mode", "standard")):
        if settings.get(name) not in (None, usual):
            raise UnsupportedValue(f"Only {usual!r} is supported.", attr=f"reasoning.{name}")
    effort = settings.get("effort")
    return {} if effort is None else {"reasoning_effort": _text(effort, "reasoning.effort")}


def check_include(include: Any) -> None:
    """Raise InvalidInput for what a response cannot include."""
    if include is None:
        return
    if not isinstance(include, list):
        raise InvalidInput("Expected a list.", attr="include")
    for position, name in enumerate(include):
        path = f"include.{position}"
        if name == "message.output_text.logprobs":
            raise Unsupported("A session does not keep logprobs.", attr=path)
        if not isinstance(name, str) or name not in INCLUDABLE:
            raise UnsupportedValue(f"Expected one of: {', '.join(sorted(INCLUDABLE))}.", attr=path)


def _object(value: Any, path: str, members: set[str] | None = None) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput("Expected an object.", attr=path)
    for name in value:
        if members is not None and name not in members and value[name] is not None:
            raise Unsupported("This is not supported.", attr=f"{path}.{name}"[:200])
    return value


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not is_text(value):
        raise InvalidInput("Expected text.", attr=path)
    return value

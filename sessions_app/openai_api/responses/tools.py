"""Tools and the choice among them: as Responses write them, and as chat completions do."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.texts.text import json_problem
from sessions_app.openai_api.errors import Required, UnsupportedValue

_FUNCTION_MEMBERS = ("name", "description", "parameters", "strict")
_CUSTOM_MEMBERS = ("name", "description")
_KINDS = ("function", "custom")
# What a response says of members that the request has left out.
_LEFT_OUT: Mapping[str, Mapping[str, Any]] = {
    "function": {"description": None, "parameters": None, "strict": None},
    "custom": {"format": {"type": "text"}},
}
_SYNTAXES = ("lark", "regex")
_MODES = ("none", "auto", "required")
_TOOLS_MAX = 1_000


def tools_for_model(tools: Any) -> list[dict[str, Any]]:
    """The tools of a request; raises InvalidInput naming what no model's server can run."""
    if tools is None:
        return []
    if not isinstance(tools, list) or len(tools) > _TOOLS_MAX:
        raise InvalidInput(f"Expected a list of at most {_TOOLS_MAX} tools.", attr="tools")
    return [_tool(tool, f"tools.{position}") for position, tool in enumerate(tools)]


def _tool(tool: Any, path: str) -> dict[str, Any]:
    if not isinstance(tool, dict):
        raise InvalidInput("Expected an object.", attr=path)
    kind = tool.get("type")
    if kind not in _KINDS:
        raise UnsupportedValue(
            f"Only tools of the types 'function' and 'custom' are supported here, not "
            f"{str(kind)[:64]!r}: the model's server runs none of its own.",
            attr=f"{path}.type",
        )
    if not isinstance(tool.get("name"), str) or not tool["name"]:
        raise Required(attr=f"{path}.name")
    if problem := json_problem(tool):
        raise InvalidInput(problem, attr=path)
    names = _FUNCTION_MEMBERS if kind == "function" else _CUSTOM_MEMBERS
    members = {name: tool[name] for name in names if tool.get(name) is not None}
    if kind == "custom" and tool.get("format") is not None:
        members["format"] = _format(tool["format"], f"{path}.format")
    return {"type": kind, kind: members}


def _format(written: Any, path: str) -> dict[str, Any]:
    """The form of a custom tool's input: a grammar stands in an object of its own there."""
    if not isinstance(written, dict):
        raise InvalidInput("Expected an object.", attr=path)
    kind = written.get("type")
    if kind == "text":
        return {"type": "text"}
    if kind != "grammar":
        raise UnsupportedValue("Expected one of: grammar, text.", attr=f"{path}.type")
    if written.get("syntax") not in _SYNTAXES:
        raise UnsupportedValue(f"Expected one of: {', '.join(_SYNTAXES)}.", attr=f"{path}.syntax")
    if not isinstance(written.get("definition"), str):
        raise Required(attr=f"{path}.definition")
    grammar = {name: written[name] for name in ("syntax", "definition")}
    return {"type": "grammar", "grammar": grammar}


def tools_shown(tools: Any) -> list[dict[str, Any]]:
    """The tools as a response repeats them."""
    return [{**_LEFT_OUT[tool["type"]], **tool} for tool in tools or ()]


def choice_for_model(choice: Any) -> Any:
    """`tool_choice` as chat completions write it; raises InvalidInput for one of a hosted tool."""
    if choice is None:
        return None
    if isinstance(choice, str):
        if choice not in _MODES:
            raise UnsupportedValue(f"Expected one of: {', '.join(_MODES)}.", attr="tool_choice")
        return choice
    if not isinstance(choice, dict):
        raise InvalidInput("Expected text or an object.", attr="tool_choice")
    kind = choice.get("type")
    if kind in _KINDS:
        return _named(choice, "tool_choice")
    if kind == "allowed_tools":
        return _allowed(choice)
    raise UnsupportedValue(
        f"A choice of the type {str(kind)[:64]!r} is not supported here.", attr="tool_choice.type"
    )


def _named(choice: Mapping[str, Any], path: str) -> dict[str, Any]:
    if not isinstance(choice.get("name"), str):
        raise Required(attr=f"{path}.name")
    kind = str(choice["type"])
    return {"type": kind, kind: {"name": choice["name"]}}


def _allowed(choice: Mapping[str, Any]) -> dict[str, Any]:
    path = "tool_choice.tools"
    allowed = choice.get("tools")
    if not isinstance(allowed, list) or not all(isinstance(each, dict) for each in allowed):
        raise InvalidInput("Expected a list of objects.", attr=path)
    if choice.get("mode") not in {"auto", "required"}:
        raise UnsupportedValue("Expected one of: auto, required.", attr="tool_choice.mode")
    for position, each in enumerate(allowed):
        if each.get("type") not in _KINDS:
            raise UnsupportedValue(
                "Only functions and custom tools can be chosen.", attr=f"{path}.{position}.type"
            )
    names = [_named(each, f"{path}.{position}") for position, each in enumerate(allowed)]
    tools = {"mode": choice["mode"], "tools": names}
    return {"type": "allowed_tools", "allowed_tools": tools}

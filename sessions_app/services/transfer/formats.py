"""The formats that an import knows: by which names, and how their values are told apart."""

from collections.abc import Callable
from typing import Any

from sessions_app.domain import foreign
from sessions_app.domain.records.writing import BEGIN

# In this order: an item of the Agents SDK is the least certain of all.
_RECOGNISED: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("native", "an export of this service", lambda value: _is_first_line(value)),
    ("openai", "ChatGPT's export", foreign.chatgpt.recognises),
    ("claude", "Claude's export", foreign.claude.recognises),
    ("librechat", "LibreChat's export", foreign.librechat.recognises),
    ("librechat", "LibreChat's collections", foreign.librechat.recognises_document),
    ("openwebui", "Open WebUI's export", foreign.open_webui.recognises),
    ("langchain", "LangChain's collection", foreign.langchain.recognises_document),
    ("langgraph", "LangGraph's checkpoints", foreign.langgraph.recognises_document),
    ("agents", "sessions of the OpenAI Agents SDK", foreign.openai_agents.recognises),
    ("agents", "MongoDB sessions of the OpenAI Agents SDK",
     foreign.openai_agents.recognises_document),
    ("session", "a conversation of this service", foreign.own_session.recognises),
    ("agents", "items of the OpenAI Agents SDK", foreign.openai_agents.recognises_item),
)  # fmt: skip
FORMATS = ("auto", *dict.fromkeys(name for name, _, _ in _RECOGNISED))


def _is_first_line(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == BEGIN and "format" in value


def recognised(value: Any) -> str | None:
    """The name of the format of a value; None for one of none of them."""
    return next((name for name, _, recognises in _RECOGNISED if recognises(value)), None)


def looks_like(value: Any) -> str:
    """A sentence that says which format a value is of."""
    for name, words, recognises in _RECOGNISED:
        if recognises(value):
            return f"it looks like {words} (--format {name})"
    return "it looks like none of the formats that are known here"

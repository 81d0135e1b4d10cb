"""What the demo says: it finds the earlier message that bears on the newest, and quotes it."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.relevance import rank
from sessions_app.domain.relevance_terms import words
from sessions_app.domain.window_data import WindowMessage
from sessions_app.providers import Messages

_NOTICE = "(This is the built-in demo: no model is connected. Set LLM_BASE_URL to use one.)"


def answer(messages: Messages) -> str:
    """The whole answer to the newest user message."""
    asked = next((at for at in reversed(range(len(messages))) if _role(messages[at]) == "user"), -1)
    found = _bearing_on(messages, asked) if asked >= 0 else None
    if found is None:
        return f"I find nothing earlier in this conversation that bears on that. {_NOTICE}"
    who = "You" if _role(found) == "user" else "I"
    return f"{who} said earlier: “{text_of(found)}” {_NOTICE}"


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message; of one in parts, that of its text parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "\n".join(part for part in parts if isinstance(part, str))


def _role(message: Mapping[str, Any]) -> str:
    return str(message.get("role", ""))


def _bearing_on(messages: Messages, asked: int) -> Mapping[str, Any] | None:
    candidates = [
        WindowMessage(seq=at, role=_role(message), token_count=0, content=text_of(message))
        for at, message in enumerate(messages[: asked + 1])
    ]
    query = text_of(messages[asked])
    scores = rank(candidates, query, asked_by=asked).scores
    wanted = set(words(query))
    best = [
        at
        for at in sorted(range(asked), key=lambda at: -scores[at])
        if wanted & set(words(candidates[at].content))
        and candidates[at].role in {"user", "assistant", "tool"}
    ]
    return messages[best[0]] if best else None

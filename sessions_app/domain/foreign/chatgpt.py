"""ChatGPT's data export: `conversations.json`, a tree of messages for each conversation.

OpenAI documents no format. This follows real exports, and what several programs that read them
agree on (docs/import-export.md).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.conversations import (
    Conversation,
    ForeignMessage,
    as_text,
    seconds_time,
    tool_call,
)

SOURCE = "openai"
# The model's reasoning, and what ChatGPT tells it about the user: not part of the conversation.
_UNSAID = {"thoughts", "reasoning_recap", "user_editable_context", "model_editable_context"}
Node = Mapping[str, Any]


def recognises(value: Any) -> bool:
    """Whether a value is a conversation of the export."""
    return isinstance(value, dict) and "mapping" in value


def read_conversation(value: Mapping[str, Any]) -> Conversation:
    """Read the branch that was shown last, from the root to its end."""
    conversation = Conversation(
        SOURCE,
        as_text(value.get("conversation_id") or value.get("id") or value.get("title")),
        title=as_text(value.get("title") or ""),
        created_at=seconds_time(value.get("create_time")),
        updated_at=seconds_time(value.get("update_time")),
        archived=value.get("is_archived") is True,
    )
    nodes = value.get("mapping")
    if not isinstance(nodes, dict):
        return conversation
    branch = _branch(nodes, value.get("current_node"))
    # Regenerated replies and edited messages leave branches that nobody sees any more.
    elsewhere = sum(_message(nodes[name]) is not None for name in nodes.keys() - set(branch))
    if elsewhere:
        conversation.left["message of another branch"] += elsewhere
    reader = _Branch(conversation)
    for name in branch:
        message = _message(nodes[name])
        if message is not None:
            conversation.messages.extend(reader.read(message))
    return conversation


def _branch(nodes: Mapping[str, Any], current: Any) -> list[str]:
    """The ids of the nodes from the root to `current`, or to the newest one without a `current`."""
    if not isinstance(current, str) or current not in nodes:
        current = max(nodes, key=lambda name: _time(nodes[name]), default=None)
    path: list[str] = []
    # A parent may be missing or, in a damaged file, lead back into the path.
    while isinstance(current, str) and current in nodes and current not in path:
        path.append(current)
        current = nodes[current].get("parent") if isinstance(nodes[current], dict) else None
    return path[::-1]


def _time(node: Any) -> float:
    time = (_message(node) or {}).get("create_time")
    return float(time) if isinstance(time, int | float) else 0.0


def _message(node: Any) -> Node | None:
    message = node.get("message") if isinstance(node, dict) else None
    return message if isinstance(message, dict) else None


def _inner(message: Node, name: str) -> Node:
    value = message.get(name)
    return value if isinstance(value, dict) else {}


class _Branch:
    """Reads a branch in order and remembers each tool's last call: results name only the tool."""

    def __init__(self, conversation: Conversation) -> None:
        self._left = conversation.left
        self._calls: dict[str, str] = {}

    def read(self, message: Node) -> Iterator[ForeignMessage]:
        """The message of a node, or none; what is left out is counted."""
        author, metadata, content = (
            _inner(message, name) for name in ("author", "metadata", "content")
        )
        kind = as_text(content.get("content_type") or "")
        text = self._text(content, kind)
        at = seconds_time(message.get("create_time"))
        role = author.get("role")
        if metadata.get("is_visually_hidden_from_conversation") is True or kind in _UNSAID:
            self._left[f"hidden: {kind}"] += 1
        elif role == "assistant" and message.get("recipient") not in (None, "all"):
            yield self._call(message, text, at)
        elif role == "tool":
            name = as_text(author.get("name") or "tool")
            call_id = self._calls.get(name) or f"call_{message.get('id')}"
            yield ForeignMessage(Role.TOOL, text, at, name=name, tool_call_id=call_id)
        elif role in ("system", "user", "assistant"):
            model = metadata.get("model_slug") if role == "assistant" else None
            yield ForeignMessage(Role(role), text, at, model=model and as_text(model))
        else:
            self._left[f"role: {as_text(role)}"] += 1
        # They have no equivalent here.
        for name in ("attachments", "citations"):
            if isinstance(metadata.get(name), list) and metadata[name]:
                self._left[name] += len(metadata[name])

    def _call(self, message: Node, text: str, at: Any) -> ForeignMessage:
        """A message to a tool as a tool call, with its text as the arguments."""
        recipient = as_text(message["recipient"])
        call_id = f"call_{message.get('id')}"
        # A result comes from the tool (`python`) or from one of its functions (`browser.search`).
        self._calls |= {recipient: call_id, recipient.partition(".")[0]: call_id}
        arguments = text if _is_json(text) else json.dumps({"input": text}, ensure_ascii=False)
        call = tool_call(call_id, recipient, arguments)
        return ForeignMessage(Role.ASSISTANT, "", at, tool_calls=(call,))

    def _text(self, content: Node, kind: str) -> str:
        """The text of a message; other content is counted."""
        if isinstance(content.get("parts"), list):
            return "\n".join(filter(None, map(self._part, content["parts"])))
        if kind == "tether_browsing_display":
            return as_text(content.get("result") or content.get("summary") or "")
        if isinstance(content.get("text"), str):
            return str(content["text"])
        if kind and kind not in _UNSAID:
            self._left[f"content: {kind}"] += 1
        return ""

    def _part(self, part: Any) -> str:
        if isinstance(part, str):
            return part
        # Speech comes as audio and, in a part beside it, as a transcript.
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            return str(part["text"])
        kind = part.get("content_type") if isinstance(part, dict) else type(part).__name__
        self._left[f"part: {as_text(kind)}"] += 1
        return ""


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False

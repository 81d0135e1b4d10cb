"""ChatGPT's data export: `conversations.json`, a tree of messages for each conversation.

OpenAI documents no format. This follows real exports, and what several programs that read them
agree on (docs/import-export.md).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign import citations
from sessions_app.domain.foreign.chatgpt.files import files_of
from sessions_app.domain.foreign.chatgpt.sources import sources_of_message, sources_of_searches
from sessions_app.domain.foreign.shapes import (
    OTHER_BRANCH,
    Conversation,
    ForeignMessage,
    as_text,
    identity,
    listed,
    mapped,
    text_or_none,
    tool_call,
)
from sessions_app.domain.foreign.times import seconds_time
from sessions_app.domain.foreign.trees import branch_to, other_ends

SOURCE = "openai"
# The model's reasoning, and what ChatGPT tells it about the user: not part of the conversation.
_UNSAID = {"thoughts", "reasoning_recap", "user_editable_context", "model_editable_context"}
# They are parts of a message besides its texts, and come as its files.
_OF_FILES = "asset_pointer"
Node = Mapping[str, Any]


def recognises(value: Any) -> bool:
    """Whether a value is a conversation of the export."""
    return isinstance(value, dict) and "mapping" in value


def read_conversation(value: Mapping[str, Any], end: str | None = None) -> Conversation:
    """Read the branch that was shown last, or the one that ends at `end`."""
    conversation = Conversation(
        SOURCE,
        identity(value.get("conversation_id"), value.get("id")),
        title=text_or_none(value.get("title")) or "",
        created_at=seconds_time(value.get("create_time")),
        updated_at=seconds_time(value.get("update_time")),
        archived=value.get("is_archived") is True,
    )
    nodes = mapped(value.get("mapping"))

    def parent_of(name: str) -> object:
        return mapped(nodes[name]).get("parent")

    branch = branch_to(end or _last(nodes, value.get("current_node")), nodes, parent_of)
    # Regenerated replies and edited messages leave branches that nobody sees any more.
    elsewhere = sum(_message(nodes[name]) is not None for name in nodes.keys() - set(branch))
    if elsewhere:
        conversation.left[OTHER_BRANCH] += elsewhere
        ends = other_ends(nodes, parent_of, branch)
        conversation.other_ends = [name for name in ends if _message(nodes[name])]
    reader = _Branch(conversation, text_or_none(value.get("default_model_slug")))
    messages = [message for name in branch if (message := _message(nodes[name])) is not None]
    reader.sources = sources_of_searches(messages)
    for message in messages:
        conversation.messages.extend(reader.read(message))
    return conversation


def _last(nodes: Mapping[str, Any], current: Any) -> object:
    """The node that was shown last; the newest one where the export does not say."""
    if isinstance(current, str) and current in nodes:
        return current
    return max(nodes, key=lambda name: _time(nodes[name]), default=None)


def _time(node: Any) -> float:
    time = (_message(node) or {}).get("create_time")
    try:
        # NaN would make the order of all others depend on where it stands.
        return float(time) if isinstance(time, int | float) and time == time else 0.0
    except OverflowError:
        return 0.0


def _message(node: Any) -> Node | None:
    message = node.get("message") if isinstance(node, dict) else None
    return message if isinstance(message, dict) else None


class _Branch:
    """Reads a branch in order and remembers each tool's last call: results name only the tool."""

    def __init__(self, conversation: Conversation, default_model: str | None) -> None:
        self.sources: dict[str, list[citations.Source]] = {}
        self._left, self._changed = conversation.left, conversation.changed
        self._default_model = default_model
        self._calls: dict[str, str] = {}

    def read(self, message: Node) -> Iterator[ForeignMessage]:
        """The message of a node, or none; what is left out is counted."""
        author, metadata, content = (
            mapped(message.get(name)) for name in ("author", "metadata", "content")
        )
        kind = as_text(content.get("content_type") or "")
        role = author.get("role")
        if metadata.get("is_visually_hidden_from_conversation") is True or kind in _UNSAID:
            self._left[f"hidden: {kind}"] += 1
            return
        text = self._text(content, kind)
        if role != "user":
            text = self._with_sources(text, metadata)
        at = seconds_time(message.get("create_time"))
        files = files_of(content, metadata)
        if role == "assistant" and message.get("recipient") not in (None, "", "all"):
            yield self._call(message, text, at)
        elif role == "tool":
            name = as_text(author.get("name") or "tool")
            call_id = self._calls.get(name) or f"call_{as_text(message.get('id'))}"
            yield ForeignMessage(Role.TOOL, text, at, name=name, tool_call_id=call_id, files=files)
        elif role in ("system", "user", "assistant"):
            model = self._model(metadata) if role == "assistant" else None
            yield ForeignMessage(Role(role), text, at, model=model, files=files)
        else:
            self._left[f"role: {as_text(role)}"] += 1

    def _model(self, metadata: Node) -> str | None:
        return text_or_none(metadata.get("model_slug")) or self._default_model

    def _call(self, message: Node, text: str, at: Any) -> ForeignMessage:
        """A message to a tool as a tool call, with its text as the arguments."""
        recipient = as_text(message["recipient"])
        call_id = f"call_{as_text(message.get('id'))}"
        # A result comes from the tool (`python`) or from one of its functions (`browser.search`).
        self._calls |= {recipient: call_id, recipient.partition(".")[0]: call_id}
        arguments = text if _is_json(text) else json.dumps({"input": text}, ensure_ascii=False)
        call = tool_call(call_id, recipient, arguments)
        model = self._model(mapped(message.get("metadata")))
        return ForeignMessage(Role.ASSISTANT, "", at, tool_calls=(call,), model=model)

    def _with_sources(self, text: str, metadata: Node) -> str:
        own = sources_of_message(text, metadata)
        cited = len(listed(metadata.get("citations")))
        if not citations.has_markers(text):
            # They say where the text came from, and no sign in it leads to them.
            if cited:
                self._left["citations"] += cited
            return text
        return citations.resolved(text, self.sources | own, changed=self._changed, left=self._left)

    def _text(self, content: Node, kind: str) -> str:
        """The text of a message; other content is counted."""
        if isinstance(content.get("parts"), list):
            return "\n".join(filter(None, map(self._part, content["parts"])))
        if kind == "tether_browsing_display":
            return as_text(content.get("result") or content.get("summary") or "")
        if isinstance(content.get("text"), str):
            return str(content["text"])
        if kind:
            self._left[f"content: {kind}"] += 1
        return ""

    def _part(self, part: Any) -> str:
        if isinstance(part, str):
            return part
        # Speech comes as audio and, in a part beside it, as a transcript.
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            return str(part["text"])
        kind = part.get("content_type") if isinstance(part, dict) else type(part).__name__
        if _OF_FILES not in as_text(kind):
            self._left[f"part: {as_text(kind)}"] += 1
        return ""


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False

"""Open WebUI's export of chats: a tree of messages for each, whose `currentId` was shown last.

In open-webui/open-webui, `backend/open_webui/models/chats.py` declares a chat, and
`src/lib/components/chat/Chat.svelte` writes its `history`. Reasoning and tool calls stand in a
message's content as `<details>`.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.blocks import read_blocks
from sessions_app.domain.foreign.files import ForeignFile, file_name, kind_of, of_url
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
from sessions_app.domain.foreign.times import epoch_time
from sessions_app.domain.foreign.trees import branch_to, other_ends
from sessions_app.domain.parts import FILE, IMAGE

SOURCE = "open-webui"
_ROLES = {role.value: role for role in Role}
_DETAILS = re.compile(
    r'<details type="(?P<type>reasoning|tool_calls|code_interpreter)"(?P<attributes>[^<>]*)>'
)
_END = "</details>"
_ATTRIBUTE = re.compile(r'([a-z_]{1,40})="([^"]*)"')
Stored = Mapping[str, Any]


def recognises(value: Any) -> bool:
    """Whether a value is an exported chat, or what of one the page itself stores."""
    return isinstance(value, dict) and _has_messages(
        value["chat"] if isinstance(value.get("chat"), dict) else value
    )


def _has_messages(chat: Stored) -> bool:
    history = chat.get("history")
    if isinstance(history, dict):
        return isinstance(history.get("messages"), dict)
    return "chat_messages" not in chat and "models" in chat and isinstance(
        chat.get("messages"), list
    )  # fmt: skip


def read_conversation(value: Stored, end: str | None = None) -> Conversation:
    """Read the branch that ends at `currentId`, or the one that ends at `end`."""
    chat = mapped(value.get("chat")) or value
    conversation = Conversation(
        SOURCE,
        identity(value.get("id"), chat.get("id")),
        title=text_or_none(value.get("title")) or text_or_none(chat.get("title")) or "",
        owner=identity(value.get("user_id")) or None,
        created_at=epoch_time(value.get("created_at")) or epoch_time(chat.get("timestamp")),
        updated_at=epoch_time(value.get("updated_at")),
        archived=value.get("archived") is True,
    )
    prompt = text_or_none(mapped(chat.get("params")).get("system"))
    if prompt:
        conversation.messages.append(ForeignMessage(Role.SYSTEM, prompt, conversation.created_at))
    for message in _branch(chat, end, conversation):
        conversation.messages.extend(_read(message, conversation))
    return conversation


def _branch(chat: Stored, end: str | None, conversation: Conversation) -> list[Stored]:
    history = mapped(chat.get("history"))
    stored = mapped(history.get("messages"))
    named = {name: each for name, each in stored.items() if isinstance(each, dict)}
    if strange := len(stored) - len(named):
        conversation.left["what is no message"] += strange
    if not named:
        # Chats of before 2024 have a list alone.
        return [each for each in listed(chat.get("messages")) if isinstance(each, dict)]

    def parent_of(name: str) -> object:
        return named[name].get("parentId")

    current = end or history.get("currentId")
    if not isinstance(current, str) or current not in named:
        current = max(enumerate(named), key=lambda each: (_seconds(named[each[1]]), each[0]))[1]
    branch = branch_to(current, named, parent_of)
    if len(branch) < len(named):
        conversation.left[OTHER_BRANCH] += len(named) - len(branch)
        conversation.other_ends = other_ends(named, parent_of, branch)
    return [named[name] for name in branch]


def _seconds(message: Stored) -> float:
    moment = epoch_time(message.get("timestamp"))
    return moment.timestamp() if moment else 0.0


def _read(message: Stored, conversation: Conversation) -> Iterator[ForeignMessage]:
    role = _ROLES.get(as_text(message.get("role")))
    left = conversation.left
    if role is None:
        left[f"role: {as_text(message.get('role'))}"] += 1
        return
    at = epoch_time(message.get("timestamp"))
    if message.get("error") and not message.get("content"):
        left["message that tells of an error"] += 1
        return
    text, blocks_files = read_blocks(message.get("content"), left)
    files = (*_files(message), *blocks_files)
    if cited := len(listed(message.get("sources"))) + len(listed(message.get("citations"))):
        left["citations"] += cited
    if role is not Role.ASSISTANT:
        call_id = text_or_none(message.get("tool_call_id")) if role is Role.TOOL else None
        yield ForeignMessage(role, text, at, tool_call_id=call_id, files=files)
        return
    model = text_or_none(message.get("model"))
    yield from _reply(text, at, model, files, conversation)


def _reply(
    text: str,
    at: datetime | None,
    model: str | None,
    files: tuple[ForeignFile, ...],
    conversation: Conversation,
) -> Iterator[ForeignMessage]:
    """A reply; one that used tools becomes several messages: text, call, result, text."""
    said, end = "", 0
    for details, closed in _details(text):
        said += text[end : details.start()]
        end = closed
        if details["type"] != "tool_calls":
            conversation.left[f"hidden: {details['type']}"] += 1
            continue
        attributes = {
            n: html.unescape(value) for n, value in _ATTRIBUTE.findall(details["attributes"])
        }
        name = attributes.get("name", "")
        call = tool_call(attributes.get("id"), name, _unquoted(attributes.get("arguments")))
        before = said.strip()
        yield ForeignMessage(
            Role.ASSISTANT, before, at, tool_calls=(call,), model=model, files=files
        )
        said, files = "", ()
        if attributes.get("done") != "false" or attributes.get("result"):
            result = _unquoted(attributes.get("result"))
            yield ForeignMessage(
                Role.TOOL, result, at, name=name or None, tool_call_id=call["id"] or None
            )
    said += text[end:]
    # Where details were cut out, the blank lines around them are.
    said = said.strip() if end else said
    if said or files or not end:
        yield ForeignMessage(Role.ASSISTANT, said, at, model=model, files=files)


def _details(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Each `<details>` that has an end, and where that is."""
    at = 0
    while (begun := _DETAILS.search(text, at)) is not None:
        end = text.find(_END, begun.end())
        if end < 0:
            return
        at = end + len(_END)
        yield begun, at


def _unquoted(value: str | None) -> str:
    """Arguments and results stand there as JSON text within JSON text."""
    if not value:
        return ""
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return inner if isinstance(inner, str) else value


def _files(message: Stored) -> Iterator[ForeignFile]:
    for stored in listed(message.get("files")):
        described = mapped(stored)
        inner = mapped(described.get("file"))
        meta = mapped(inner.get("meta"))
        names = (described.get("name"), inner.get("filename"), meta.get("name"))
        name = next(filter(None, map(file_name, names)), "")
        media_type = (
            text_or_none(described.get("content_type")) or text_or_none(meta.get("content_type"))
        ) or ""
        kind = kind_of(media_type, IMAGE if described.get("type") == "image" else FILE)
        text = mapped(inner.get("data")).get("content")
        address = text_or_none(described.get("url")) or ""
        if address.startswith(("data:", "http://", "https://")):
            file = of_url(address, kind=kind, name=name)
            if file is not None:
                yield file
        elif isinstance(text, str) and text and kind == FILE:
            named = name if name.lower().endswith((".txt", ".md", ".csv")) else f"{name}.txt"
            content = text.encode("utf-8", "replace")
            yield ForeignFile(FILE, named, "text/plain", content=content)
        else:
            reference = text_or_none(inner.get("id")) or text_or_none(described.get("id")) or ""
            yield ForeignFile(kind, name, media_type, reference or file_name(address))

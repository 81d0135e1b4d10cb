"""A stored message as items."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sessions_app.domain import parts as attachments
from sessions_app.domain.attachments import file_id_of
from sessions_app.domain.data import Message, Role
from sessions_app.domain.items import parts
from sessions_app.domain.items.data import Item, Kind
from sessions_app.domain.items.ids import item_id

DONE = "completed"
# What this service puts before its own `encrypted_content`: what the model's server wants back.
_SEAL = "chat-sessions:"


def items_of(message: Message) -> list[dict[str, Any]]:
    """The items that a message is; none for one that was erased."""
    if message.deleted:
        return []
    items = message.items or {}
    if (opaque := items.get("opaque")) is not None:
        own_id = opaque.get("id") or item_id(message.id, str(opaque.get("type")))
        return [{**opaque, "id": own_id}]
    if message.role is Role.TOOL:
        return [_output(message, items.get("output"))]
    written: list[dict[str, Any]] = []
    if message.role is Role.ASSISTANT:
        written += _reasoning(message, items.get("reasoning"))
    if _has_message(message, items, bool(written)):
        written.append(_message(message, items.get("message")))
    return written + list(_calls(message, items.get("calls") or {}))


def _has_message(message: Message, items: Mapping[str, Any], has_thoughts: bool) -> bool:
    """Whether a message is one to read; an empty one is if nothing else tells that it is there."""
    if message.content or items.get("message") is not None:
        return True
    return not (has_thoughts or message.tool_calls)


def _completed(canonical: dict[str, Any], record: Mapping[str, Any] | None) -> dict[str, Any]:
    """An item with the members that a client brought."""
    return canonical | dict((record or {}).get("members") or {})


def canonical_part(role: Role) -> dict[str, Any]:
    """A message's one part of text, without the text."""
    if role is Role.ASSISTANT:
        return {"type": "output_text", "annotations": []}
    return {"type": "input_text"}


def _message(message: Message, record: Mapping[str, Any] | None) -> dict[str, Any]:
    content = parts_of(record, message)
    if content is None:
        own = dict((record or {}).get("part") or {})
        # A part of another type came with all of its members.
        part = own if "type" in own else canonical_part(message.role) | own
        part["refusal" if part["type"] == "refusal" else "text"] = message.content
        content = [part]
    canonical = {
        "id": item_id(message.id, Kind.MESSAGE),
        "type": Kind.MESSAGE.value,
        "role": message.role.value,
        "status": DONE,
        "content": content,
    }
    return _completed(canonical, record)


def parts_of(record: Mapping[str, Any] | None, message: Message) -> list[dict[str, Any]] | None:
    """The content of an item that came in several parts; None where it is the text alone."""
    taken = (record or {}).get("parts")
    if taken is not None:
        return parts.with_texts(taken, message.content, message.parts)
    return [_wire_part(part, message.role) for part in message.parts] if message.parts else None


def _wire_part(part: Mapping[str, Any], role: Role) -> dict[str, Any]:
    """A stored part as the wire writes it; of bytes that are not kept, the line that says so."""
    if "attachment_id" in part:
        part = {**part, "file_id": file_id_of(part["attachment_id"]), "url": None}
    is_here = "size" not in part or "attachment_id" in part
    named = {"filename": part["name"]} if part.get("name") else {}
    match part["type"]:
        case "text":
            return canonical_part(role) | {"text": part["text"]}
        case "image" if is_here:
            reference = {"image_url": part.get("url"), "file_id": part.get("file_id")}
            return {"type": "input_image", "detail": part.get("detail", "auto"), **reference}
        case "file" if is_here:
            reference = {"file_url": part.get("url"), "file_id": part.get("file_id")}
            return {"type": "input_file", **reference, **named}
    return canonical_part(role) | {"text": attachments.in_words(part)}


def _output(message: Message, record: Mapping[str, Any] | None) -> dict[str, Any]:
    output = parts_of(record, message)
    # The message of a custom tool's result differs in nothing from that of a function's.
    kind = ((record or {}).get("members") or {}).get("type", Kind.OUTPUT)
    canonical = {
        "id": item_id(message.id, kind),
        "type": Kind.OUTPUT.value,
        "call_id": message.tool_call_id,
        "output": message.content if output is None else output,
        "status": DONE,
    }
    return _completed(canonical, record)


def _reasoning(message: Message, record: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    sealed = seal(message.extra)
    if not message.reasoning and record is None and not sealed:
        return
    canonical: dict[str, Any] = {
        "id": item_id(message.id, Kind.REASONING),
        "type": Kind.REASONING.value,
        "summary": canonical_summary(message.reasoning),
    }
    if sealed:
        canonical["encrypted_content"] = sealed
    yield _completed(canonical, record)


def canonical_summary(reasoning: str | None) -> list[dict[str, str]]:
    """Thoughts as OpenAI's clients read them."""
    return [{"type": "summary_text", "text": reasoning}] if reasoning else []


def _calls(message: Message, records: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    further = (message.extra or {}).get("calls") or {}
    for call in message.tool_calls or ():
        call_id = str(call.get("id") or "")
        canonical = _call(message.id, call_id, call) | dict(further.get(call_id) or {})
        yield _completed(canonical, records.get(call_id))


def _call(message_id: str, call_id: str, call: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(call.get("type") or "function")
    inner = call.get(kind)
    called: Item = inner if isinstance(inner, Mapping) else {}
    if kind == "custom":
        said = {"name": called.get("name") or kind, "input": called.get("input") or ""}
        item_type = Kind.CUSTOM_CALL.value
    else:
        arguments = called.get("arguments") if kind == "function" else json.dumps(inner)
        said = {"name": called.get("name") or kind, "arguments": arguments or ""}
        item_type = Kind.CALL.value
    return {
        "id": item_id(message_id, item_type, call_id),
        "type": item_type,
        "call_id": call_id,
        **said,
        "status": DONE,
    }


def seal(extra: Mapping[str, Any] | None) -> str | None:
    """What a model's server wants back with its thoughts, as a reasoning item carries it.

    A client that sends the item again brings it back, whoever has kept the history. It is encoded
    and not secret: the owner reads the same in `Message.extra`.
    """
    extra = extra or {}
    kept = {name: extra[name] for name in ("thought_member", "message") if extra.get(name)}
    if not kept or not (kept.get("thought_member") or _is_thought(kept["message"])):
        return None
    written = json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()
    return _SEAL + base64.urlsafe_b64encode(written).decode()


def _is_thought(members: Mapping[str, Any]) -> bool:
    return any(word in name for name in members for word in ("reason", "think", "thought"))


def unseal(value: Any) -> dict[str, Any] | None:
    """What `seal` has sealed; None for anything else."""
    if not isinstance(value, str) or not value.startswith(_SEAL):
        return None
    try:
        kept = json.loads(base64.b64decode(value.removeprefix(_SEAL), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    # Only what would be sealed the same way, so that the item comes back as it was.
    is_ours = isinstance(kept, dict) and seal_matches(kept, value)
    return kept if is_ours else None


def seal_matches(kept: Mapping[str, Any], value: str) -> bool:
    """Whether sealing `kept` gives `value`, and its members have the types of `dialect.Extra`."""
    member, further = kept.get("thought_member", ""), kept.get("message", {})
    if not isinstance(member, str) or not isinstance(further, dict):
        return False
    return seal(kept) == value

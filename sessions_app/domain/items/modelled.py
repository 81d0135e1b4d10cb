"""The items that are modelled, read one by one."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sessions_app.domain import parts as attachments
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.items import parts
from sessions_app.domain.items.answers import AnswerPart
from sessions_app.domain.items.data import Kind
from sessions_app.domain.items.writing import DONE, canonical_part, canonical_summary, unseal
from sessions_app.domain.limits import TOOL_CALL_ID_MAX_CHARS
from sessions_app.domain.texts import text

ROLES = {role.value: role for role in (Role.USER, Role.ASSISTANT, Role.SYSTEM)} | {
    "developer": Role.SYSTEM
}
NO_OUTPUT = "(no output)"
"""The text of a result that has none: models are shown that the tool has answered."""

# Further members of a call are its model server's, such as a signature, and are sent back to it.
_CALL_MEMBERS = frozenset(
    {
        "id", "type", "call_id", "name", "arguments", "input", "status",
        "namespace", "caller", "async", "created_by",
    }
)  # fmt: skip


def answer_part(
    kind: str, item: Mapping[str, Any], place: str, read_part: parts.ReadPart | None
) -> AnswerPart | None:
    """The item as a part of a model's answer; None for any other item."""
    if kind == Kind.REASONING:
        return _thought(item, place)
    if kind in {Kind.CALL, Kind.CUSTOM_CALL}:
        return _call(kind, item, place)
    if kind == Kind.MESSAGE and item.get("role") == Role.ASSISTANT:
        message_text, record, attached = _content(item, Role.ASSISTANT, place, read_part)
        return AnswerPart(Kind.MESSAGE, message_text, record=record, attached=attached)
    return None


def message(item: Mapping[str, Any], place: str, read_part: parts.ReadPart | None) -> MessageDraft:
    """A message that no model has said."""
    role = item.get("role")
    if not isinstance(role, str) or role not in ROLES:
        known = ", ".join(sorted(ROLES))
        raise InvalidInput(f"Expected one of: {known}.", attr=f"{place}.role")
    message_text, record, attached = _content(item, ROLES[role], place, read_part)
    items = {"message": record} if record else None
    return MessageDraft(ROLES[role], message_text, parts=attached, items=items)


Attached = Sequence[Mapping[str, Any]] | None


def _content(
    item: Mapping[str, Any], role: Role, place: str, read_part: parts.ReadPart | None
) -> tuple[str, dict[str, Any], Attached]:
    """A message's text, what the item has beyond it, and its pictures, files and sounds."""
    content, path = item.get("content"), f"{place}.content"
    canonical: dict[str, Any] = {"type": Kind.MESSAGE, "role": role.value, "status": DONE}
    if "content" not in item:
        raise parts.missing(path)
    if content is None or isinstance(content, str):
        message_text = parts.checked_text(content or "", path)
        return message_text, _record(item, canonical, {"content"}, place), None
    known = parts.checked_parts(content, path)
    message_text = parts.text_of(known)
    if len(known) == 1 and (member := parts.text_member(known[0])):
        canonical_text = canonical_part(role)
        of_own_type = known[0]["type"] != canonical_text["type"]
        part = _differing(known[0], {} if of_own_type else canonical_text, {member})
        record = _record(item, canonical, {"content"}, place)
        return message_text, record | ({"part": part} if part else {}), None
    record = _record(item, canonical, {"content"}, place)
    attached = parts.attached(known, path, read_part) if read_part else None
    if attached:
        message_text = attachments.text_of(attached)
    elif not message_text and role is not Role.ASSISTANT:
        message_text = parts.placeholder(known)
    return message_text, {**record, "parts": parts.without_texts(known, attached)}, attached


def output(item: Mapping[str, Any], place: str, read_part: parts.ReadPart | None) -> MessageDraft:
    """The result of a call; what kind of call it was is in the record of one of a custom tool."""
    call_id, result = _call_id(item, place), item.get("output")
    path = f"{place}.output"
    canonical = {"type": Kind.OUTPUT, "call_id": call_id, "status": DONE}
    attached: Attached = None
    if result is None or isinstance(result, str):
        # Where it is empty, `members` tells it from the text that models are shown in its place.
        content = parts.checked_text(result, path, raw=True) or NO_OUTPUT
        record = _record(item, canonical, {"output"} if result else set(), place)
    else:
        known = parts.checked_parts(result, path, raw=True)
        attached = parts.attached(known, path, read_part) if read_part else None
        message_text = attachments.text_of(attached) if attached else parts.text_of(known)
        content = message_text or parts.placeholder(known) or NO_OUTPUT
        record = _record(item, canonical, {"output"}, place)
        record["parts"] = parts.without_texts(known, attached)
    items = {"output": record} if record else None
    return MessageDraft(Role.TOOL, content, tool_call_id=call_id, items=items, parts=attached)


def _call(kind: str, item: Mapping[str, Any], place: str) -> AnswerPart:
    call_id = _call_id(item, place)
    own, said = ("function", "arguments") if kind == Kind.CALL else ("custom", "input")
    called = {
        name: parts.checked_text(item.get(name), f"{place}.{name}") for name in ("name", said)
    }
    if not called["name"]:
        raise InvalidInput("Expected the tool's name.", attr=f"{place}.name")
    canonical = {"type": kind, "call_id": call_id, **called, "status": DONE}
    further = {name: item[name] for name in item.keys() - _CALL_MEMBERS if item[name] is not None}
    _check_json(further, place)
    return AnswerPart(
        Kind.CALL,
        call={"id": call_id, "type": own, own: called},
        record=_record(item, canonical, further, place),
        extra=further,
    )


def _call_id(item: Mapping[str, Any], place: str) -> str:
    path = f"{place}.call_id"
    call_id = parts.checked_text(item.get("call_id"), path)
    if not 1 <= len(call_id) <= TOOL_CALL_ID_MAX_CHARS:
        raise InvalidInput(f"Expected 1 to {TOOL_CALL_ID_MAX_CHARS} characters.", attr=path)
    return call_id


def _thought(item: Mapping[str, Any], place: str) -> AnswerPart:
    texts = {
        name: parts.text_of(parts.checked_parts(item[name], f"{place}.{name}"))
        for name in ("content", "summary")
        if item.get(name) is not None
    }
    # The thoughts themselves where there are any, and else what was made of them for people.
    thought = texts.get("content") or texts.get("summary") or ""
    extra = unseal(item.get("encrypted_content")) or {}
    _check_json(extra, f"{place}.encrypted_content")
    canonical: dict[str, Any] = {
        "type": Kind.REASONING,
        "summary": canonical_summary(thought),
        **({"encrypted_content": item["encrypted_content"]} if extra else {}),
    }
    record = _record(item, canonical, (), place)
    return AnswerPart(Kind.REASONING, thought, record=record, extra=extra)


def _record(
    item: Mapping[str, Any],
    canonical: Mapping[str, Any],
    elsewhere: Collection[str],
    place: str,
) -> dict[str, Any]:
    """What the item has beyond its canonical members and those that are kept `elsewhere`."""
    members = _differing(item, canonical, elsewhere)
    if problem := text.json_problem(members):
        raise InvalidInput(problem, attr=place)
    return {"members": members} if members else {}


def _differing(
    values: Mapping[str, Any], canonical: Mapping[str, Any], elsewhere: Collection[str]
) -> dict[str, Any]:
    # A null says nothing that a missing member does not, and clients write many of them.
    return {
        name: value
        for name, value in values.items()
        if value is not None
        and name not in elsewhere
        and not (name in canonical and canonical[name] == value)
    }


def _check_json(value: Any, place: str) -> None:
    if problem := text.json_problem(value):
        raise InvalidInput(problem, attr=place)

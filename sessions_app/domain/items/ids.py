"""The ids of items: those that a client brought, or made of the id of their message.

A made id names its message, so that it is found again by an index and stays the same whatever
happens to the message's other items.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

MESSAGE_PREFIX = "msg_"
# As OpenAI's own ids begin; all other types of opaque items share the last.
_PREFIXES = {
    "message": "msg", "reasoning": "rs", "function_call": "fc", "function_call_output": "fco",
    "custom_tool_call": "ctc", "custom_tool_call_output": "ctco", "web_search_call": "ws",
    "file_search_call": "fs", "computer_call": "cu", "computer_call_output": "cuo",
    "code_interpreter_call": "ci", "image_generation_call": "ig", "local_shell_call": "lsh",
    "local_shell_call_output": "lsho", "shell_call": "sh", "shell_call_output": "sho",
    "apply_patch_call": "apc", "apply_patch_call_output": "apco", "mcp_call": "mcp",
    "mcp_list_tools": "mcpl", "mcp_approval_request": "mcpr", "mcp_approval_response": "mcpa",
    "compaction": "cmp",
}  # fmt: skip
_OTHER = "item"
_CALL_DIGITS = 8


def item_id(message_id: str, kind: str, call_id: str | None = None) -> str:
    """The id of the item of type `kind` of a message; of a call, the one of `call_id`."""
    stem = message_id.removeprefix(MESSAGE_PREFIX)
    made = f"{_PREFIXES.get(kind, _OTHER)}_{stem}"
    return made if call_id is None else f"{made}_{_call_digest(call_id)}"


def message_ids(item_id: str) -> list[str]:
    """The ids of messages that an item with a made id can belong to."""
    _, mark, stem = item_id.partition("_")
    if not mark:
        return [item_id]
    stems = [stem]
    before, mark, digest = stem.rpartition("_")
    if mark and len(digest) == _CALL_DIGITS:
        stems.append(before)
    # An imported message keeps its id, which may have no prefix.
    return [item_id, *(each for stem in stems for each in (MESSAGE_PREFIX + stem, stem) if stem)]


def brought_ids(items: Mapping[str, Any] | None) -> list[str]:
    """The ids that a client brought for the items of a message; see `Message.items`."""
    return list(_brought(items or {}))


def without_ids(items: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The same `Message.items` without the ids that a client brought: new ones are made."""
    if not items:
        return None
    kept = {name: _without_id(value) for name, value in items.items()}
    if calls := items.get("calls"):
        kept["calls"] = {call_id: _without_id(record) for call_id, record in calls.items()}
    return kept


def _without_id(value: Any) -> Any:
    """A record or an opaque item without its id."""
    if not isinstance(value, Mapping):
        return value
    rest = {name: each for name, each in value.items() if name != "id"}
    if isinstance(members := value.get("members"), Mapping):
        rest["members"] = {name: each for name, each in members.items() if name != "id"}
    return rest


def _brought(items: Mapping[str, Any]) -> Iterator[str]:
    records = [items.get("reasoning"), items.get("message"), items.get("output")]
    for record in (*records, *(items.get("calls") or {}).values()):
        if record and (known := record.get("members", {}).get("id")):
            yield known
    if known := (items.get("opaque") or {}).get("id"):
        yield known


def _call_digest(call_id: str) -> str:
    # Of the call's id rather than its position, which changes when a call before it is deleted.
    digest = hashlib.blake2b(call_id.encode(errors="surrogatepass"), digest_size=_CALL_DIGITS // 2)
    return digest.hexdigest()

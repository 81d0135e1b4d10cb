"""Messages and sessions before they are stored, and the rules that a message must meet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sessions_app.domain import parts
from sessions_app.domain.data import Generation, Message, Role
from sessions_app.domain.errors import InvalidInput, TooLarge
from sessions_app.domain.limits import EXTRA_MAX_CHARS, ITEMS_MAX_CHARS, REASONING_MAX_CHARS
from sessions_app.domain.texts.tokens import TokenCounter


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A message that has not been checked, counted or stored.

    `client_id` is the idempotency key, unique within a session. `tool_calls` and `metadata` are
    the client's own data and are returned unchanged. `replaces` is the seq of the message in whose
    place it is written. `parts`, `reasoning`, `extra` and `items` are
    as in `Message`: of a model's reply, or of one that a client brings along.
    """

    role: Role
    content: str
    client_id: str | None = None
    name: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] | None = None
    tool_call_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    reasoning: str | None = None
    extra: Mapping[str, Any] | None = None
    items: Mapping[str, Any] | None = None
    parts: Sequence[Mapping[str, Any]] | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage(MessageDraft):
    """A draft that has been checked and counted, ready to be stored.

    `generation` is set on what a model wrote here.
    """

    id: str
    token_count: int
    timestamp: datetime
    generation: Generation | None = None

    def says_the_same_as(self, stored: Message) -> bool:
        """Whether `stored` has this body.

        A message that was erased, whole or in part, has lost its body and counts as the same.
        """
        has_lost = stored.deleted or bool((stored.items or {}).get("removed"))
        return has_lost or (
            self.role == stored.role
            and self.content == stored.content
            and self.name == stored.name
            and _json_text(self.tool_calls) == _json_text(stored.tool_calls)
            and self.tool_call_id == stored.tool_call_id
            and self.metadata == stored.metadata
            and self.reasoning == stored.reasoning
            and _json_text(self.items) == _json_text(stored.items)
            and parts.signature(self.parts) == parts.signature(stored.parts)
            and self.replaces == stored.replaces
        )


def _json_text(value: Any) -> str:
    """As JSON text, which tells 1, 1.0 and true apart as Python's `==` does not."""
    return json.dumps(value, sort_keys=True)


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """A session to create. `policy` holds the fields of a ContextPolicy that differ from default.

    `system_prompt` becomes the first message, before `history`.
    """

    title: str = ""
    system_prompt: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    ttl_seconds: int | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[MessageDraft] = ()
    external_id: str | None = None
    tags: Sequence[str] = ()
    pinned: bool = False
    temporary: bool = False


def check(draft: MessageDraft, *, max_chars: int, tool_call_chars: int = 0, path: str = "") -> None:
    """Raise InvalidInput or TooLarge for a draft that cannot be stored.

    `max_chars` bounds the content and, separately, `tool_call_chars` (the calls as JSON text).
    `path` goes before the field's name in the error, as in `messages.3.`.
    """
    # Each against the same limit: the settings bound a message's parts, not their sum.
    for chars, attr in ((len(draft.content), "content"), (tool_call_chars, "tool_calls")):
        if chars > max_chars:
            raise TooLarge(f"At most {max_chars} characters are allowed.", attr=f"{path}{attr}")
    for value, most, attr in (
        (draft.reasoning or "", REASONING_MAX_CHARS, "reasoning"),
        (json.dumps(draft.extra) if draft.extra else "", EXTRA_MAX_CHARS, "extra"),
        (json.dumps(draft.items) if draft.items else "", ITEMS_MAX_CHARS, "items"),
    ):
        if len(value) > most:
            raise TooLarge(f"At most {most} characters are allowed.", attr=f"{path}{attr}")
    # A model may only have thought, and an opaque item mostly has no text.
    may_be_empty = draft.tool_calls or (
        draft.role is Role.ASSISTANT and (draft.items or draft.reasoning)
    )
    if not draft.content and not may_be_empty:
        raise InvalidInput("May be empty only beside tool_calls.", attr=f"{path}content")
    if draft.tool_calls and draft.role is not Role.ASSISTANT:
        raise InvalidInput("Only an assistant makes tool calls.", attr=f"{path}tool_calls")
    if draft.role is Role.TOOL and not draft.tool_call_id:
        raise InvalidInput(
            "A tool's message names the call it answers.", attr=f"{path}tool_call_id"
        )
    if draft.role is not Role.TOOL and draft.tool_call_id:
        raise InvalidInput("Only a tool's message answers a call.", attr=f"{path}tool_call_id")


def check_keys(drafts: Sequence[MessageDraft]) -> None:
    """Raise InvalidInput when two messages of one batch carry the same `client_id`."""
    seen: set[str] = set()
    for position, draft in enumerate(drafts):
        # The append's guard looks at stored messages only, so it would store both.
        if draft.client_id in seen:
            raise InvalidInput(
                "Another message of this batch has the same client_id.",
                attr=f"messages.{position}.client_id",
            )
        if draft.client_id:
            seen.add(draft.client_id)


def message_tokens(
    count: TokenCounter,
    content: str,
    *,
    name: str | None = None,
    tool_calls: Sequence[Mapping[str, Any]] = (),
    attached: parts.Parts | None = None,
) -> int:
    """Tokens of one message without the overhead: its content, its name and the calls it makes.

    `attached` are its parts, of which pictures and files are counted as they are sent.

    A call is counted as the compact JSON that goes over the wire, which is within a few tokens of
    what providers bill for it.
    """
    total = count(content)
    if attached:
        total += parts.token_count(attached)
    if name:
        total += count(name)
    # Sorted keys, so that the count does not depend on the order that a client wrote.
    for call in tool_calls:
        total += count(json.dumps(call, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
    return total

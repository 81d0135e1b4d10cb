"""The messages of a request, in the services' terms."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rest_framework.exceptions import ValidationError

from sessions_app.domain.data import Role
from sessions_app.domain.dialect import thoughts
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import NAME_MAX_CHARS, TOOL_CALL_ID_MAX_CHARS
from sessions_app.domain.parts import Part, text_of
from sessions_app.http.input import ToolCallsField
from sessions_app.openai_api import legacy, parts
from sessions_app.openai_api.errors import Required, Unsupported, UnsupportedValue
from sessions_app.openai_api.parts import checked
from sessions_app.services.context import Instruction

# As many as OpenAI takes.
MESSAGES_MAX = 2_048
_ROLES = {role.value: role for role in Role} | {"developer": Role.SYSTEM}
# A tool may have nothing to say, but a message has: models are shown that it has answered.
NO_OUTPUT = "(no output)"
_TOOL_CALLS = ToolCallsField()


class Conversation(NamedTuple):
    """What a request brings: instructions for this call, and the messages behind them.

    `places` are those of the messages in the request.
    """

    instructions: Sequence[Instruction]
    messages: Sequence[MessageDraft]
    places: Sequence[int]


def conversation(value: Any) -> Conversation:
    """The request's `messages`; raises InvalidInput naming what is wrong with them."""
    if value is None:
        raise Required(attr="messages")
    if not isinstance(value, list) or not value:
        raise InvalidInput("Expected a list of at least one message.", attr="messages")
    if len(value) > MESSAGES_MAX:
        raise InvalidInput(f"At most {MESSAGES_MAX} messages are allowed.", attr="messages")
    drafts = [
        _draft(message, f"messages.{index}") for index, message in enumerate(legacy.with_ids(value))
    ]
    first = next(
        (index for index, draft in enumerate(drafts) if draft.role is not Role.SYSTEM), len(drafts)
    )
    if first == len(drafts):
        raise InvalidInput("Expected a message besides the instructions.", attr="messages")
    if drafts[-1].role is Role.ASSISTANT:
        raise UnsupportedValue(
            "The last message is to be a user's or a tool's: that is what is answered.",
            attr=f"messages.{len(drafts) - 1}.role",
        )
    instructions = [
        Instruction(message["role"], draft.content)
        for message, draft in zip(value[:first], drafts[:first], strict=True)
        if draft.content
    ]
    positions = [index for index in range(first, len(drafts)) if not _is_nothing(drafts[index])]
    return Conversation(instructions, [drafts[index] for index in positions], positions)


def _is_nothing(draft: MessageDraft) -> bool:
    """A reply that was stopped before its first word: clients keep it, and nothing is stored."""
    return draft.role is Role.ASSISTANT and not draft.content and not draft.tool_calls


def _draft(value: Any, path: str) -> MessageDraft:
    if not isinstance(value, dict):
        raise InvalidInput("Expected an object.", attr=path)
    role = value.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        known = ", ".join(sorted(_ROLES))
        raise UnsupportedValue(f"Expected one of: {known}.", attr=f"{path}.role")
    if value.get("audio") is not None:
        raise Unsupported("This is not supported.", attr=f"{path}.audio")
    # A terminal's output has its control characters; whoever shows it makes them harmless.
    raw = role == Role.TOOL
    read_parts = content_parts(value.get("content"), f"{path}.content", raw=raw)
    content = text_of(read_parts)
    if not content and role == Role.ASSISTANT:
        content = _short(value, "refusal", path, None) or ""
    if not content and raw:
        content = NO_OUTPUT
    reasoning, thought_member = thoughts(value) if role == Role.ASSISTANT else ("", "")
    return MessageDraft(
        role=_ROLES[role],
        content=content,
        name=_short(value, "name", path, NAME_MAX_CHARS),
        tool_calls=_calls(value.get("tool_calls"), f"{path}.tool_calls"),
        tool_call_id=_short(value, "tool_call_id", path, TOOL_CALL_ID_MAX_CHARS),
        parts=read_parts if any(each["type"] != "text" for each in read_parts) else None,
        reasoning=reasoning or None,
        extra={"thought_member": thought_member} if thought_member else None,
    )


def content_parts(value: Any, path: str, *, raw: bool = False) -> list[Part]:
    """A message's content as parts, a text as one; with `raw`, control characters are kept."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [{"type": "text", "text": checked(value, path, raw=raw)}]
    if not isinstance(value, list):
        raise InvalidInput("Expected text, or a list of parts.", attr=path)
    return parts.read(value, path, raw=raw)


def _short(value: dict[str, Any], name: str, path: str, most: int | None) -> str | None:
    member = value.get(name)
    if member is None or member == "":
        return None
    if not isinstance(member, str):
        raise InvalidInput("Expected text.", attr=f"{path}.{name}")
    if most is not None and len(member) > most:
        raise InvalidInput(f"At most {most} characters are allowed.", attr=f"{path}.{name}")
    return checked(member, f"{path}.{name}")


def _calls(value: Any, path: str) -> list[dict[str, Any]] | None:
    if value is None or value == []:
        return None
    if isinstance(value, list):
        # Some clients leave the one kind out that there is.
        value = [
            {"type": "function", **call} if isinstance(call, dict) and "function" in call else call
            for call in value
        ]
    try:
        calls: list[dict[str, Any]] = _TOOL_CALLS.run_validation(value)
    except ValidationError as error:
        raise InvalidInput(str(next(iter(error.detail))), attr=path) from error
    return calls

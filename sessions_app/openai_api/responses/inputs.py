"""Reads what a response is asked to answer: `input`, a text or items, some by reference."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.errors import InvalidInput, ItemNotFound
from sessions_app.domain.items import ItemBatch, read_items
from sessions_app.domain.limits import SEED_MAX_MESSAGES
from sessions_app.openai_api.errors import Required, UnsupportedValue
from sessions_app.openai_api.messages import MESSAGES_MAX, Conversation
from sessions_app.openai_api.parts import read_part
from sessions_app.services import responses
from sessions_app.services.context import Instruction

_REFERENCE = "item_reference"


def read_input(value: Any, *, user_id: str, in_session: bool, is_history: bool) -> ItemBatch:
    """The messages of an `input`; raises InvalidInput naming what is wrong with it.

    `in_session` says that the request names a session, which has what it refers to. With
    `is_history`, that session may have any of the messages: those are not looked at here.
    """
    if value is None:
        raise Required(attr="input")
    if isinstance(value, str):
        batch = read_items([{"type": "message", "role": "user", "content": value}], "input")
        responses.input_check(messages=batch.drafts, places=batch.positions, is_text=True)
        return batch
    if not isinstance(value, list) or not value:
        raise InvalidInput("Expected text, or a list of at least one item.", attr="input")
    whole = _without_references(value, user_id, in_session=in_session, is_history=is_history)
    batch = read_items(whole, "input", read_part)
    if not batch.drafts:
        raise InvalidInput("Expected an item besides references.", attr="input")
    most = MESSAGES_MAX if is_history else SEED_MAX_MESSAGES
    if len(batch.drafts) > most:
        raise InvalidInput(f"At most {most} messages are allowed.", attr="input")
    if batch.drafts[-1].role is Role.ASSISTANT:
        raise UnsupportedValue(
            "The last item is to be a message of the user or a call's output: that is what is "
            "answered.",
            attr=f"input.{len(value) - 1}",
        )
    if not is_history:
        responses.input_check(messages=batch.drafts, places=batch.positions)
    return batch


def history(batch: ItemBatch) -> Conversation:
    """The messages as clients of completions send them: leading instructions are for this call.

    They come with each request, and are no part of the conversation.
    """
    leading = list(takewhile(lambda draft: draft.role is Role.SYSTEM, batch.drafts))
    if len(leading) == len(batch.drafts):
        leading = []
    instructions = [Instruction("system", draft.content) for draft in leading if draft.content]
    first = len(leading)
    return Conversation(instructions, batch.drafts[first:], batch.positions[first:])


def without_instructions(batch: ItemBatch, conversation: Conversation) -> ItemBatch:
    """The batch without those of its messages that are instructions of the call."""
    return replace(batch, drafts=conversation.messages, positions=conversation.places)


def _without_references(
    items: Sequence[Any], user_id: str, *, in_session: bool, is_history: bool
) -> list[Any]:
    """The items given whole: what is referred to is in the session that is named, or is read."""
    references = [item for item in items if _is_reference(item)]
    if not references:
        return list(items)
    if in_session and not is_history:
        return [item for item in items if not _is_reference(item)]
    item_ids = [item["id"] for item in references if isinstance(item.get("id"), str)]
    read = responses.response_items(user_id=user_id, item_ids=item_ids)
    whole = []
    for position, item in enumerate(items):
        if not _is_reference(item):
            whole.append(item)
        elif item.get("id") in read:
            whole.append(read[item["id"]])
        elif not in_session:
            raise ItemNotFound(
                f"Item with id '{str(item.get('id'))[:128]}' not found.",
                attr=f"input.{position}.id",
            )
    return whole


def _is_reference(item: Any) -> bool:
    return isinstance(item, dict) and (item.get("type") == _REFERENCE or item.keys() == {"id"})

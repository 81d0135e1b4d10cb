"""Reads a request for a response: its input, and the session that it goes on in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework.request import Request

from sessions_app.domain import drafts as draft_rules
from sessions_app.domain import session_names
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import InvalidInput, ItemNotFound, PreviousNotFound
from sessions_app.domain.items import ItemBatch, read_items
from sessions_app.domain.limits import SEED_MAX_MESSAGES
from sessions_app.domain.responses import ResponseName, ResponseTerms, response_name
from sessions_app.http.input import idempotency_key, user_id
from sessions_app.openai_api import naming, requests
from sessions_app.openai_api.errors import Required, Unsupported, UnsupportedValue
from sessions_app.openai_api.parts import read_part
from sessions_app.openai_api.responses import parameters
from sessions_app.services import responses
from sessions_app.services.responses import ResponseRequest

_REFERENCE = "item_reference"


def response_request(
    request: Request, body: Mapping[str, Any], now: datetime
) -> tuple[ResponseRequest, bool]:
    """What is asked for, and whether it is to be stored; raises InvalidInput naming what is wrong.

    Nothing has been stored then. A session that is to be made under a name is made last.
    """
    store = parameters.truth(body, "store", default=True)
    background = parameters.truth(body, "background", default=False)
    if background and not store:
        raise UnsupportedValue("A response in the background is stored.", attr="background")
    call = parameters.model_call(body)
    previous = _previous(body)
    conversation = _conversation(body.get("conversation"))
    name = requests.session_name(request, body)
    if name in {session_names.NEW, session_names.NONE}:
        name = None
    _refuse_two(previous, conversation, name)
    is_known = bool(previous or conversation or name)
    batch = _drafts(request, body.get("input"), is_known)
    repeated = parameters.repeated(body)
    session_id = conversation or (name and naming.named_session_id(request, name, now)) or None
    asking = ResponseRequest(
        batch.drafts,
        call,
        ResponseTerms(
            parameters=repeated,
            in_conversation=session_id is not None,
            background=background,
            previous=None if previous is None else str(previous),
        ),
        digest=requests.digest(str(previous or session_id or ""), body),
        session_id=session_id,
        previous=previous,
        key=idempotency_key(request),
        since=requests.repeated_since(request, now),
        repeats=requests.repeat_count(request),
        item_ids=() if is_known else sorted(batch.ids),
    )
    return asking, store


def _refuse_two(previous: ResponseName | None, conversation: str | None, name: str | None) -> None:
    if conversation and name and session_names.without_prefix(name) != conversation:
        raise UnsupportedValue("Two sessions are named.", attr="conversation")
    if previous and (conversation or name):
        raise Unsupported(
            "Name a conversation or a response to continue, not both.",
            attr="previous_response_id",
        )


def _previous(body: Mapping[str, Any]) -> ResponseName | None:
    """The response that is continued."""
    value = body.get("previous_response_id")
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput("Expected text.", attr="previous_response_id")
    previous = response_name(value)
    if previous is None:
        raise PreviousNotFound(
            f"Previous response with id '{value[:128]}' not found.", attr="previous_response_id"
        )
    return previous


def _conversation(value: Any) -> str | None:
    """The id in `conversation`, which is text or an object."""
    if value is None:
        return None
    path = "conversation"
    if isinstance(value, dict):
        value, path = value.get("id"), "conversation.id"
    if not isinstance(value, str) or not value:
        raise InvalidInput("Expected the id of a conversation.", attr=path)
    return value.removeprefix(requests.CONVERSATION_PREFIX)


def _drafts(request: Request, value: Any, is_known: bool) -> ItemBatch:
    if value is None:
        raise Required(attr="input")
    if isinstance(value, str):
        batch = read_items(
            [{"type": "message", "role": "user", "content": value}], "input", read_part
        )
        _check(batch.drafts, None)
        return batch
    if not isinstance(value, list) or not value:
        raise InvalidInput("Expected text, or a list of at least one item.", attr="input")
    batch = read_items(_without_references(request, value, is_known), "input", read_part)
    if not batch.drafts:
        raise InvalidInput("Expected an item besides references.", attr="input")
    if len(batch.drafts) > SEED_MAX_MESSAGES:
        raise InvalidInput(f"At most {SEED_MAX_MESSAGES} messages are allowed.", attr="input")
    if batch.drafts[-1].role is Role.ASSISTANT:
        raise UnsupportedValue(
            "The last item is to be a message of the user or a call's output: that is what is "
            "answered.",
            attr=f"input.{len(value) - 1}",
        )
    _check(batch.drafts, batch.positions)
    return batch


def _without_references(request: Request, items: Sequence[Any], is_known: bool) -> list[Any]:
    """The items given whole: what is referred to is in the session that is named, or is read."""
    references = [item for item in items if _is_reference(item)]
    if not references:
        return list(items)
    if is_known:
        return [item for item in items if not _is_reference(item)]
    item_ids = [item["id"] for item in references if isinstance(item.get("id"), str)]
    read = responses.response_items(user_id=user_id(request), item_ids=item_ids)
    whole = []
    for position, item in enumerate(items):
        if _is_reference(item):
            if item.get("id") not in read:
                raise ItemNotFound(
                    f"Item with id '{str(item.get('id'))[:128]}' not found.",
                    attr=f"input.{position}.id",
                )
            item = read[item["id"]]
        whole.append(item)
    return whole


def _is_reference(item: Any) -> bool:
    return isinstance(item, dict) and (item.get("type") == _REFERENCE or item.keys() == {"id"})


def _check(drafts: Sequence[MessageDraft], positions: Sequence[int] | None) -> None:
    for index, draft in enumerate(drafts):
        path = "input." if positions is None else f"input.{positions[index]}."
        try:
            draft_rules.check(draft, max_chars=settings.MESSAGE_MAX_CHARS, path=path)
        except InvalidInput as error:
            if positions is None:
                error.attr = "input"
            raise

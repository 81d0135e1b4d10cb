"""Reads what requests about conversations bring; whatever is not known is refused by its name."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from rest_framework.request import Request

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.items import ItemBatch, read_items
from sessions_app.openai_api import requests
from sessions_app.openai_api.errors import (
    Required,
    TooManyItems,
    UnknownParameter,
    UnsupportedValue,
)
from sessions_app.openai_api.parts import read_part

FIRST_ITEMS_MAX = 20
ITEMS_MAX = 100
# Whatever may be asked for is in every answer: items are given back as they came.
INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)


class PageQuery(NamedTuple):
    """Which items a list is to have."""

    after: str | None
    limit: int
    ascending: bool


def members(
    request: Request, known: Collection[str], *, required: Sequence[str] = ()
) -> dict[str, Any]:
    """The body, whose members are all known; an empty body has none."""
    body = requests.body_of(request)
    for name in body:
        if name not in known:
            raise UnknownParameter(f"Unknown parameter: '{name}'.", attr=name)
    for name in required:
        if name not in body:
            raise Required(attr=name)
    return body


def first_items(body: Mapping[str, Any]) -> ItemBatch:
    """The items that a conversation begins with, perhaps none."""
    return _items(body.get("items") or [], FIRST_ITEMS_MAX)


def items(body: Mapping[str, Any]) -> ItemBatch:
    """The items to add."""
    value = body.get("items")
    if value is None or value == []:
        raise InvalidInput("Expected a list of at least one item.", attr="items")
    return _items(value, ITEMS_MAX)


def _items(value: Any, most: int) -> ItemBatch:
    if not isinstance(value, list):
        raise InvalidInput("Expected a list of items.", attr="items")
    if len(value) > most:
        raise TooManyItems(f"At most {most} items are allowed, got {len(value)}.", attr="items")
    return read_items(value, "items", read_part)


def page_query(request: Request) -> PageQuery:
    """`after`, `limit`, `order` and `include` of a list."""
    query = request.query_params
    include(request, known={"after", "limit", "order"})
    order = query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise UnsupportedValue("Expected 'asc' or 'desc'.", attr="order")
    return PageQuery(query.get("after") or None, _limit(query.get("limit")), order == "asc")


def _limit(value: str | None) -> int:
    if value is None:
        return ITEMS_MAX
    # Python's `int` takes "1_0", " 1" and digits of all scripts.
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InvalidInput("Expected a whole number.", attr="limit")
    if not 1 <= int(value) <= ITEMS_MAX:
        raise InvalidInput(f"Expected 1 to {ITEMS_MAX}.", attr="limit")
    return int(value)


def include(
    request: Request,
    body: Mapping[str, Any] | None = None,
    known: Collection[str] = (),
) -> None:
    """Check what an answer is to have beside the usual, which it has anyway, and the whole query.

    `known` are the query's other members.
    """
    query = request.query_params
    requests.check_query(request, {*known, "include", "include[]"})
    named: Any = [*query.getlist("include"), *query.getlist("include[]")]
    if body is not None and body.get("include") is not None:
        if not isinstance(body["include"], list):
            raise InvalidInput("Expected a list.", attr="include")
        named += body["include"]
    for value in named:
        if value not in INCLUDABLE:
            expected = ", ".join(INCLUDABLE)
            raise UnsupportedValue(f"Expected any of: {expected}.", attr="include")

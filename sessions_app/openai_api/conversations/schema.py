"""The API description of conversations and their items; OpenAI's own documents each member."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from sessions_app.domain import limits
from sessions_app.http.description import idempotency_key, page_size
from sessions_app.openai_api.conversations.input import FIRST_ITEMS_MAX, INCLUDABLE, ITEMS_MAX
from sessions_app.openai_api.schema import TAGS, answer_example, error_responses

_CONVERSATION = {
    "id": "conv_01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31",
    "object": "conversation",
    "created_at": 1_795_341_600,
    "metadata": {"topic": "travel"},
}
_DELETED = {"id": _CONVERSATION["id"], "object": "conversation.deleted", "deleted": True}
_ITEM = {
    "id": "msg_01932c0790f47e5a8d0b6c1f2a3b4c5d",
    "type": "message",
    "role": "user",
    "status": "completed",
    "content": [{"type": "input_text", "text": "Which hotels in Lisbon take dogs?"}],
}
_LIST = {
    "object": "list",
    "data": [_ITEM],
    "first_id": _ITEM["id"],
    "last_id": _ITEM["id"],
    "has_more": False,
}
_NEW_ITEMS = [{"role": "user", "content": "Which hotels in Lisbon take dogs?"}]
_KEY = idempotency_key("The same request under the same key stores nothing again.")
_METADATA = {
    "type": "object",
    "nullable": True,
    "maxProperties": limits.METADATA_MAX_KEYS,
    "additionalProperties": {"type": "string", "maxLength": limits.METADATA_VALUE_MAX_CHARS},
}
_INCLUDE = OpenApiParameter(
    "include",
    OpenApiTypes.STR,
    many=True,
    enum=INCLUDABLE,
    description="Taken for OpenAI's clients: items always come back whole.",
)
_PAGE = [
    OpenApiParameter("after", OpenApiTypes.STR, description="The id of the item before the page."),
    page_size(ITEMS_MAX),
    OpenApiParameter("order", OpenApiTypes.STR, enum=("asc", "desc"), default="desc"),
    _INCLUDE,
]


def _items(most: int) -> dict[str, Any]:
    return {"type": "array", "maxItems": most, "items": {"type": "object"}}


def _body(members: Mapping[str, Any], *required: str) -> dict[str, Any]:
    """A body whose members are all known: others are refused."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": dict(members),
        "additionalProperties": False,
    }
    return {"application/json": schema | ({"required": [*required]} if required else {})}


def _request(name: str, value: object) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


create = extend_schema(
    operation_id="openai_conversation_create",
    tags=TAGS,
    parameters=[_KEY],
    request=_body({"items": _items(FIRST_ITEMS_MAX) | {"nullable": True}, "metadata": _METADATA}),
    responses={200: OpenApiTypes.OBJECT, **error_responses(400, 401, 404, 413, 422, 429, 503)},
    examples=[
        _request("With an item", {"items": _NEW_ITEMS, "metadata": {"topic": "travel"}}),
        answer_example("The conversation", _CONVERSATION),
    ],
)
show = extend_schema(
    operation_id="openai_conversation",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 410, 429, 503)},
    examples=[answer_example("The conversation", _CONVERSATION)],
)
update = extend_schema(
    operation_id="openai_conversation_update",
    tags=TAGS,
    request=_body({"metadata": _METADATA}, "metadata"),
    responses={200: OpenApiTypes.OBJECT, **error_responses(400, 401, 404, 409, 410, 429, 503)},
    examples=[
        _request("Metadata", {"metadata": {"topic": "travel"}}),
        answer_example("The conversation", _CONVERSATION),
    ],
)
delete = extend_schema(
    operation_id="openai_conversation_delete",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 409, 429, 503)},
    examples=[answer_example("It is deleted", _DELETED)],
)
item_list = extend_schema(
    operation_id="openai_item_list",
    tags=TAGS,
    parameters=_PAGE,
    responses={200: OpenApiTypes.OBJECT, **error_responses(400, 401, 404, 410, 429, 503)},
    examples=[answer_example("A page", _LIST)],
)
item_create = extend_schema(
    operation_id="openai_item_create",
    tags=TAGS,
    parameters=[_KEY, _INCLUDE],
    request=_body({"items": _items(FIRST_ITEMS_MAX)}, "items"),
    responses={
        200: OpenApiTypes.OBJECT,
        **error_responses(400, 401, 404, 409, 410, 413, 422, 429, 503),
    },
    examples=[_request("Items", {"items": _NEW_ITEMS}), answer_example("The items", _LIST)],
)
item_show = extend_schema(
    operation_id="openai_item",
    tags=TAGS,
    parameters=[_INCLUDE],
    responses={200: OpenApiTypes.OBJECT, **error_responses(400, 401, 404, 410, 429, 503)},
    examples=[answer_example("The item", _ITEM)],
)
item_delete = extend_schema(
    operation_id="openai_item_delete",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 409, 410, 429, 503)},
    examples=[answer_example("The conversation", _CONVERSATION)],
)

"""The description of the routes over many sessions, with examples."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema

from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import (
    SESSION_EXAMPLE_ID,
    request_example,
    response_example,
)
from sessions_app.api.wire import filters as wire

METADATA = OpenApiParameter(
    "metadata.KEY",
    OpenApiTypes.STR,
    OpenApiParameter.QUERY,
    description="Sessions whose metadata has this value under `KEY`, which is any key: "
    "`metadata.channel=web`. May stand several times, with different keys.",
)
_DELETED = {
    "matched": 1,
    "held": 0,
    "dry_run": False,
    "has_more": False,
    "results": [{"session_id": SESSION_EXAMPLE_ID, "result": "deleted"}],
}
_ARCHIVED = _DELETED | {"results": [{"session_id": SESSION_EXAMPLE_ID, "result": "archived"}]}

session_count = extend_schema(
    operation_id="session_count",
    parameters=[wire.CountQuery, METADATA],
    responses=responses({200: wire.CountOutput}, 400),
    examples=[
        response_example(
            "By tag",
            {"count": 12, "complete": True, "values": [{"value": "travel", "count": 3}]},
        )
    ],
)
session_destroy_many = extend_schema(
    operation_id="session_destroy_many",
    parameters=[wire.BulkQuery, METADATA],
    responses=responses({200: wire.BulkOutput}, 400),
    examples=[response_example("Deleted", _DELETED)],
)
session_delete_chosen = extend_schema(
    operation_id="session_delete_many",
    request=wire.BulkInput,
    responses=responses({200: wire.BulkOutput}, 400),
    examples=[
        request_example("By their ids", {"session_ids": [SESSION_EXAMPLE_ID]}),
        request_example("By a tag, counted only", {"tag": "travel", "dry_run": True}),
        response_example("Deleted", _DELETED),
    ],
)
session_archive_many = extend_schema(
    operation_id="session_archive_many",
    parameters=[wire.BulkQuery, METADATA],
    request=wire.BulkInput,
    responses=responses({200: wire.BulkOutput}, 400),
    examples=[
        request_example("By a tag", {"tag": "travel"}),
        response_example("Archived", _ARCHIVED),
    ],
)

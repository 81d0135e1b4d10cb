"""The API description of files; OpenAI's own documents each member."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.openai_api.schema import TAGS, answer_example, error_responses

_FILE = {
    "id": "file-3f1c9a70b2d84e6f8a15c07d29be4461",
    "object": "file",
    "bytes": 48_213,
    "created_at": 1_795_341_600,
    "expires_at": None,
    "filename": "receipt.png",
    "purpose": "user_data",
    "status": "processed",
    "status_details": None,
}
_LIST = {
    "object": "list",
    "data": [_FILE],
    "first_id": _FILE["id"],
    "last_id": _FILE["id"],
    "has_more": False,
}
_FORM = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "purpose": {"type": "string"},
    },
    "required": ["file", "purpose"],
}
_PAGE = [
    OpenApiParameter("after", OpenApiTypes.STR, description="The id of the file before the page."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 10000", default=10_000),
    OpenApiParameter("purpose", OpenApiTypes.STR, description="Only files of this purpose."),
]

create = extend_schema(
    operation_id="openai_file_create",
    tags=TAGS,
    request={"multipart/form-data": _FORM},
    responses={200: OpenApiTypes.OBJECT, **error_responses(400, 401, 413, 429, 503)},
    examples=[
        OpenApiExample(
            "A form",
            value={"file": "…", "purpose": "user_data"},
            request_only=True,
            media_type="multipart/form-data",
        ),
        answer_example("The file", _FILE),
    ],
)
index = extend_schema(
    operation_id="openai_files",
    tags=TAGS,
    parameters=_PAGE,
    responses={200: OpenApiTypes.OBJECT, **error_responses(400, 401, 429, 503)},
    examples=[answer_example("A page", _LIST)],
)
show = extend_schema(
    operation_id="openai_file",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 429, 503)},
    examples=[answer_example("The file", _FILE)],
)
delete = extend_schema(
    operation_id="openai_file_delete",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 429, 503)},
    examples=[answer_example("Deleted", {"id": _FILE["id"], "object": "file", "deleted": True})],
)
content = extend_schema(
    operation_id="openai_file_content",
    tags=TAGS,
    responses={
        (200, "*/*"): OpenApiResponse(OpenApiTypes.BINARY, "The bytes."),
        **error_responses(401, 404, 429, 503),
    },
    examples=[answer_example("Bytes", "…", "*/*")],
)

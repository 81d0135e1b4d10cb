"""The description of the attachment routes, with examples."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import FILE, SESSION_ID, response_example
from sessions_app.api.wire import attachments as wire

_EXAMPLE = {
    "attachment_id": "att_3f1c9a70b2d84e6f8a15c07d29be4461",
    "file_id": "file-3f1c9a70b2d84e6f8a15c07d29be4461",
    "media_type": "image/png",
    "size": 48_213,
    "name": "receipt.png",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "width": 1_024,
    "height": 768,
    "tokens": 765,
    "thumbnail": False,
    "note": "",
}
_ID = OpenApiParameter("attachment_id", OpenApiTypes.STR, OpenApiParameter.PATH)
_BYTES = OpenApiResponse(OpenApiTypes.BINARY, "The bytes, under their own type.")
_FORM = {
    "type": "object",
    "properties": {"file": FILE},
    "required": ["file"],
    "additionalProperties": False,
}
_FORM_EXAMPLE = OpenApiExample(
    "A form", value={"file": "…"}, request_only=True, media_type="multipart/form-data"
)


def _bytes_example(media_type: str) -> OpenApiExample:
    return OpenApiExample(
        "Bytes", value="…", response_only=True, status_codes=["200"], media_type=media_type
    )


attachment_upload = extend_schema(
    operation_id="attachment_upload",
    parameters=[SESSION_ID, wire.UploadQuery],
    request={"application/octet-stream": FILE, "multipart/form-data": _FORM},
    responses=responses({201: wire.AttachmentOutput}, 400, 404, 409, 410, 413),
    examples=[_FORM_EXAMPLE, response_example("Stored", _EXAMPLE, "201")],
)
attachment_show = extend_schema(
    operation_id="attachment_show",
    parameters=[_ID],
    responses=responses({200: wire.AttachmentOutput}, 404),
    examples=[response_example("A picture", _EXAMPLE)],
)
attachment_content = extend_schema(
    operation_id="attachment_content",
    parameters=[_ID, wire.ContentQuery],
    responses=responses({(200, "*/*"): _BYTES}, 400, 404),
    examples=[_bytes_example("*/*")],
)
attachment_thumbnail = extend_schema(
    operation_id="attachment_thumbnail",
    parameters=[_ID],
    responses=responses({(200, "image/webp"): _BYTES}, 404),
    examples=[_bytes_example("image/webp")],
)

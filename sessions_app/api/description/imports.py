"""The description of the import routes, with examples."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import FILE, response_example
from sessions_app.api.wire import imports as wire

_RUNNING = {
    "import_id": "imp_3f1c9a70b2d84e6f8a15c07d29be4461",
    "status": "running",
    "format": "openai",
    "fraction": 0.42,
    "started_at": "2026-11-28T10:00:00.000Z",
    "updated_at": "2026-11-28T10:00:07.000Z",
    "finished_at": None,
    "counts": {"sessions": 420, "messages": 5_312, "already_there": 0, "attachments": 31},
    "changed": {"citation marker, replaced by its source": 12},
    "left": {"hidden: thoughts": 230},
    "refused": [],
    "session_ids": ["0192f0c1-7a3b-7c4d-8e5f-0123456789ab"],
    "problem": "",
}
_DONE = _RUNNING | {
    "status": "done",
    "fraction": 1.0,
    "updated_at": "2026-11-28T10:00:16.000Z",
    "finished_at": "2026-11-28T10:00:16.000Z",
    "counts": {"sessions": 999, "messages": 12_650, "already_there": 0, "attachments": 74},
    "refused": ["line 7: conversation Trip: it is in a form that is not known here (TypeError)"],
}
_ID = OpenApiParameter("import_id", OpenApiTypes.STR, OpenApiParameter.PATH)
_FORM = {
    "type": "object",
    "properties": {"file": FILE},
    "required": ["file"],
    "additionalProperties": False,
}
_FORM_EXAMPLE = OpenApiExample(
    "A form", value={"file": "…"}, request_only=True, media_type="multipart/form-data"
)

import_start = extend_schema(
    operation_id="import_start",
    parameters=[wire.ImportQuery],
    request={"application/octet-stream": FILE, "multipart/form-data": _FORM},
    responses=responses({202: wire.ImportOutput}, 400, 409, 413),
    examples=[_FORM_EXAMPLE, response_example("Begun", _RUNNING, "202")],
)
import_show = extend_schema(
    operation_id="import_show",
    parameters=[_ID],
    responses=responses({200: wire.ImportOutput}, 404),
    examples=[response_example("Done", _DONE)],
)

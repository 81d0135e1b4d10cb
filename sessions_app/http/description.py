"""How the API's description shows text: what is refused of it, as far as a schema can say it."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiParameter

from sessions_app.domain import limits

# As `texts.text.is_text`; lone surrogates are no text in JSON anyway.
TEXT = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$"
# As far as a pattern can say it, a name as `attachments.checked_name` takes it: no path in it.
NAME = "^[^\\u0000-\\u001f\\u007f-\\u009f/\\\\]*$"


class TextField(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # untyped base
    """Every `StrictCharField` of a request."""

    target_class = "sessions_app.http.input.StrictCharField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Text; in a request without control characters, and not empty where that is refused."""
        schema: dict[str, Any] = {"type": "string"}
        if direction == "request":
            schema["pattern"] = TEXT
            if not self.target.allow_blank:
                schema["minLength"] = 1
        return schema


def idempotency_key(description: str) -> OpenApiParameter:
    """The header `Idempotency-Key` of a request."""
    return OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": limits.CLIENT_ID_MAX_CHARS},
        OpenApiParameter.HEADER,
        description=description,
    )


TURN_WAIT = OpenApiParameter(
    "X-Turn-Wait",
    {"type": "integer", "minimum": 0, "maximum": settings.TURN_WAIT_MAX_SECONDS},
    OpenApiParameter.HEADER,
    description="For how many seconds to wait behind a turn in progress, in the order in which "
    "requests came, instead of a 409.",
)
STORE = OpenApiParameter(
    "X-Session-Store",
    {"type": "string", "enum": ["none"]},
    OpenApiParameter.HEADER,
    description="`none` only reads the session's window: nothing is stored and no turn is taken.",
)


def page_size(most: int) -> OpenApiParameter:
    """How many a page has; all that may be in one where it is left out."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": most}
    return OpenApiParameter("limit", schema, OpenApiParameter.QUERY, description=f"1 to {most}")

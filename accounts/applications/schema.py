"""How the API description shows the routes over an application's users, and their queries."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers

from accounts.schema import AccountErrorsSerializer
from sessions_app.api.description.examples import SESSION_EXAMPLE
from sessions_app.api.wire.messages import NewestQuery
from sessions_app.api.wire.sessions import SessionPageOutput
from sessions_app.domain import errors
from sessions_app.domain.applications import END_USER_MAX_CHARS
from sessions_app.domain.data import Status
from sessions_app.http.error_body import error_body
from sessions_app.http.input import RefusesUnknown, StrictCharField, StrictChoiceField, values_of

TAGS = ["End users"]


class UsersQuery(NewestQuery):
    """Which of the application's users to show."""

    cursor = StrictCharField(max_length=1_000, required=False)


class UserSessionsQuery(NewestQuery):
    """Which of the user's sessions to show."""

    status = StrictChoiceField(choices=values_of(Status), default=Status.ACTIVE.value)
    cursor = StrictCharField(max_length=500, required=False)


class ErasureQuery(RefusesUnknown):
    """Whether the erasure is to be proven at once, which reads the whole store."""

    proof = StrictChoiceField(choices=["true", "false"], default="true")


class EndUserSerializer(serializers.Serializer[Any]):
    """A user of the application, by its own id."""

    id = serializers.CharField()
    session_count = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class EndUsersSerializer(serializers.Serializer[Any]):
    """A page of users."""

    next = serializers.URLField(allow_null=True)
    results = EndUserSerializer(many=True)


class ErasureReceiptSerializer(serializers.Serializer[Any]):
    """What stays of an erased user: times and counts, and no personal data."""

    erased_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())


class ErasureProofSerializer(serializers.Serializer[Any]):
    """What a search of every collection and table has found; `clean` where it was nothing."""

    left = serializers.DictField(child=serializers.IntegerField())
    orphans = serializers.DictField(child=serializers.IntegerField())
    mentions = serializers.IntegerField()
    clean = serializers.BooleanField()


class EndUserErasedSerializer(serializers.Serializer[Any]):
    """What has been erased of a user, the receipt, and the proof if it was asked for."""

    id = serializers.CharField()
    erased = serializers.DictField(child=serializers.IntegerField())
    receipt = ErasureReceiptSerializer(allow_null=True)
    proof = ErasureProofSerializer(allow_null=True)


_ID = OpenApiParameter(
    "end_user_id",
    {"type": "string", "minLength": 1, "maxLength": END_USER_MAX_CHARS},
    OpenApiParameter.PATH,
    description="The application's own id of its user, percent-encoded.",
)
_ERASED = {
    "id": "customer-42",
    "erased": {"sessions": 3, "attachments": 0, "throttle_windows": 1},
    "receipt": {
        "erased_at": "2026-11-28T10:00:00.000Z",
        "completed_at": "2026-11-28T10:00:00.250Z",
        "counts": {"sessions": 3, "throttle_windows": 1},
    },
    "proof": {"left": {"sessions": 0}, "orphans": {}, "mentions": 0, "clean": True},
}
_EXPORTED = """{"type":"export","format":"chat-sessions/personal-data","version":1,"user_id":"…",…}
{"type":"session","session_id":"…","title":"Lisbon",…}
{"type":"end","complete":true,"counts":{"session":1}}
"""


def _fails(status: int, error: type[errors.SessionError], attr: str | None = None) -> Any:
    value = error_body(status, error.code, error.default_detail, attr)
    return OpenApiExample(
        f"{status} {error.code}", value=value, response_only=True, status_codes=[str(status)]
    )


def _answers(value: Any) -> OpenApiExample:
    return OpenApiExample("Response", value=value, response_only=True, status_codes=["200"])


def _responses(good: dict[Any, Any], *statuses: int) -> dict[Any, Any]:
    return good | dict.fromkeys((400, 401, 403, 404, 429, 503, *statuses), AccountErrorsSerializer)


_ANONYMOUS = OpenApiExample(
    "401 not_authenticated",
    value=error_body(
        401, "not_authenticated", "Authentication credentials were not provided.", None
    ),
    response_only=True,
    status_codes=["401"],
)
_REFUSED = [_ANONYMOUS, _fails(403, errors.ServiceKeyRequired)]

users = extend_schema_view(
    get=extend_schema(
        operation_id="users",
        tags=TAGS,
        parameters=[UsersQuery],
        responses=_responses({200: EndUsersSerializer}),
        examples=[
            _answers(
                {
                    "next": "http://127.0.0.1:8000/users?cursor=Y3VzdG9tZXItNDI",
                    "results": [
                        {
                            "id": "customer-42",
                            "session_count": 3,
                            "updated_at": "2026-11-22T10:00:00.250Z",
                        }
                    ],
                }
            ),
            *_REFUSED,
        ],
    )
)
user_sessions = extend_schema_view(
    get=extend_schema(
        operation_id="user_sessions",
        tags=TAGS,
        parameters=[_ID, UserSessionsQuery],
        responses=_responses({200: SessionPageOutput}),
        examples=[
            _answers({"next": None, "previous": None, "results": [SESSION_EXAMPLE]}),
            *_REFUSED,
        ],
    )
)
user = extend_schema_view(
    delete=extend_schema(
        operation_id="user_erase",
        tags=TAGS,
        parameters=[_ID, ErasureQuery],
        responses=_responses({200: EndUserErasedSerializer}, 409),
        examples=[_answers(_ERASED), *_REFUSED, _fails(409, errors.LegalHold)],
    )
)
user_export = extend_schema_view(
    get=extend_schema(
        operation_id="user_export",
        tags=TAGS,
        parameters=[_ID],
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            **_responses({}),
        },
        examples=[
            OpenApiExample(
                "Response",
                value=_EXPORTED,
                response_only=True,
                status_codes=["200"],
                media_type="application/x-ndjson",
            ),
            *_REFUSED,
        ],
    )
)

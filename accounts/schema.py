"""How the API description shows the account routes."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from drf_standardized_errors.openapi import AutoSchema
from rest_framework import serializers

from accounts.authentication import InPerson
from accounts.serializers import (
    ApiKeyRequestSerializer,
    ApiKeysSerializer,
    EmailRequestSerializer,
    MadeApiKeySerializer,
    PasswordChangeSerializer,
    PasswordConfirmationSerializer,
    ProfileChangesSerializer,
    ReadsSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    RegistrationSerializer,
    SignInSerializer,
    SignInsSerializer,
    SignOutSerializer,
    TokenPairSerializer,
    UserSerializer,
    VerifySerializer,
)
from sessions_app.http.description import idempotency_key
from sessions_app.http.error_body import error_body

TAGS = ["Accounts"]
PASSWORD = "correct horse battery staple"  # noqa: S105 - an example
ACCESS = "eyJhbGciOiJIUzI1NiIs…access"
REFRESH = "eyJhbGciOiJIUzI1NiIs…refresh"
PAIR = {"access": ACCESS, "refresh": REFRESH}
USER = {
    "id": "0192f0c1-7a3b-7c4d-8e5f-0123456789ab",
    "username": "alice",
    "email": "alice@example.com",
    "email_confirmed": False,
    "instructions": "",
    "is_staff": False,
}


_IDEMPOTENCY_KEY = idempotency_key(
    "Makes the request safe to repeat: the same token with the same key gets the same new "
    "refresh token again, as long as that one is unspent."
)


class AccountErrorSerializer(serializers.Serializer[Any]):
    """One error; `attr` names the field it is about."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class AccountErrorsSerializer(serializers.Serializer[Any]):
    """The body of every error."""

    type = serializers.CharField()
    errors = AccountErrorSerializer(many=True)  # type: ignore[assignment]  # popped by DRF


class EmptySerializer(serializers.Serializer[Any]):
    """An empty object."""


class BodyOnDelete(AutoSchema):
    """Describes the body of a DELETE too, which drf-spectacular leaves out."""

    def _get_request_body(self, direction: str = "request") -> Any:
        method, self.method = self.method, "POST" if self.method == "DELETE" else self.method
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = method


def _sends(value: Any) -> OpenApiExample:
    return OpenApiExample("Request", value=value, request_only=True)


def _answers(value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample("Response", value=value, response_only=True, status_codes=[str(status)])


def _fails(status: int, code: str, detail: str, attr: str | None = None) -> OpenApiExample:
    value = error_body(status, code, detail, attr)
    return OpenApiExample(
        f"{status} {code}", value=value, response_only=True, status_codes=[str(status)]
    )


def _responses(good: dict[int, Any], *errors: int) -> dict[int, Any]:
    return good | dict.fromkeys(errors, AccountErrorsSerializer)


TAKEN = _fails(400, "unique", "A user with that username already exists.", "username")
DEAD = _fails(
    401,
    "token_not_valid",
    "The token is not valid: malformed, expired, spent or of the wrong kind.",
)
ANONYMOUS = _fails(401, "not_authenticated", "Authentication credentials were not provided.")
KEY_REFUSED = _fails(403, InPerson.code, InPerson.message)
NO_ACCOUNT = _fails(404, "not_found", "No such account.")


def _without_token(operation_id: str, examples: list[OpenApiExample], **described: Any) -> Any:
    operation = extend_schema(
        operation_id=operation_id, tags=TAGS, auth=[], examples=examples, **described
    )
    return extend_schema_view(post=operation)


register = _without_token(
    "register",
    [
        _sends({"username": "alice", "password": PASSWORD, "email": "alice@example.com"}),
        _answers({"user": USER, **PAIR}, 201),
        TAKEN,
    ],
    request=RegistrationSerializer,
    responses=_responses({201: RegisteredSerializer}, 400, 403, 429),
)

sign_in = _without_token(
    "sign_in",
    [
        _sends({"username": "alice", "password": PASSWORD}),
        _answers(PAIR),
        _fails(401, "no_active_account", "Wrong username or password."),
    ],
    description="Exchange a username and password for a pair of tokens.",
    request=SignInSerializer,
    responses=_responses({200: TokenPairSerializer}, 400, 401, 429),
)

refresh = _without_token(
    "refresh",
    [_sends({"refresh": REFRESH}), _answers(PAIR), DEAD],
    description="Exchange a refresh token for a new pair; the old refresh token is spent.",
    parameters=[_IDEMPOTENCY_KEY],
    request=RefreshSerializer,
    responses=_responses({200: TokenPairSerializer}, 400, 401, 429),
)

verify = _without_token(
    "verify",
    [_sends({"token": ACCESS}), _answers({}), DEAD],
    description="Answers `{}` if the access or refresh token is valid.",
    request=VerifySerializer,
    responses=_responses({200: EmptySerializer}, 400, 401, 429),
)

logout = _without_token(
    "sign_out",
    [_sends({"refresh": REFRESH}), DEAD],
    description="Spend a refresh token, which ends the sign-in.",
    request=SignOutSerializer,
    responses=_responses({204: None}, 400, 401, 429),
)

me = extend_schema_view(
    get=extend_schema(
        operation_id="me",
        tags=TAGS,
        responses=_responses({200: UserSerializer}, 401, 403, 404, 429),
        examples=[_answers(USER), ANONYMOUS, KEY_REFUSED, NO_ACCOUNT],
    ),
    patch=extend_schema(
        operation_id="me_change",
        tags=TAGS,
        request=ProfileChangesSerializer,
        responses=_responses({200: UserSerializer}, 400, 401, 403, 404, 429),
        examples=[
            _sends({"email": "alice@example.com"}),
            _answers(USER),
            TAKEN,
            KEY_REFUSED,
            NO_ACCOUNT,
        ],
    ),
    delete=extend_schema(
        operation_id="me_erase",
        tags=TAGS,
        request=PasswordConfirmationSerializer,
        responses=_responses({204: None}, 400, 401, 403, 404, 409, 429),
        examples=[
            _sends({"password": PASSWORD}),
            KEY_REFUSED,
            _fails(400, "wrong_password", "The password is wrong.", "password"),
            _fails(
                409,
                "legal_hold",
                "The session is under legal hold and cannot be deleted.",
            ),
        ],
    ),
)

_EXPORTED = """{"type":"export","format":"chat-sessions/personal-data","version":1,"user_id":"…",…}
{"type":"account","id":"…","username":"alice","email":"alice@example.com",…}
{"type":"session","session_id":"…","title":"Lisbon",…}
{"type":"message","session_id":"…","seq":1,"id":"msg_…","role":"user","content":"Hello",…}
{"type":"end","complete":true,"counts":{"account":1,"session":1,"message":1}}
"""

export = extend_schema_view(
    get=extend_schema(
        operation_id="me_export",
        tags=TAGS,
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            **_responses({}, 401, 403, 404, 429, 503),
        },
        examples=[
            OpenApiExample(
                "Response",
                value=_EXPORTED,
                response_only=True,
                status_codes=["200"],
                media_type="application/x-ndjson",
            ),
            ANONYMOUS,
            KEY_REFUSED,
            NO_ACCOUNT,
        ],
    )
)

password = extend_schema_view(
    post=extend_schema(
        operation_id="password_change",
        tags=TAGS,
        request=PasswordChangeSerializer,
        responses=_responses({204: None}, 400, 401, 403, 404, 429),
        examples=[
            _sends({"current_password": PASSWORD, "new_password": f"{PASSWORD} 2"}),
            _fails(400, "wrong_password", "The password is wrong.", "current_password"),
            KEY_REFUSED,
        ],
    )
)

_KEY = {
    "id": "0192f0c1-9c11-7d52-b1c4-5f0e6a9d2b31",
    "name": "laptop",
    "prefix": "sk-chat-Ab3d",
    "require_session": False,
    "created_at": "2026-11-22T10:00:00.250Z",
    "expires_at": "2027-02-20T10:00:00.250Z",
    "last_used_at": None,
}

api_keys = extend_schema_view(
    get=extend_schema(
        operation_id="api_keys",
        tags=TAGS,
        responses=_responses({200: ApiKeysSerializer}, 401, 403, 404, 429),
        examples=[_answers({"results": [_KEY]}), ANONYMOUS, KEY_REFUSED, NO_ACCOUNT],
    ),
    post=extend_schema(
        operation_id="api_key_make",
        tags=TAGS,
        request=ApiKeyRequestSerializer,
        responses=_responses({201: MadeApiKeySerializer}, 400, 401, 403, 404, 429),
        examples=[
            _sends({"name": "laptop", "expires_in_days": 90, "password": PASSWORD}),
            _answers({**_KEY, "key": "sk-chat-Ab3d…"}, 201),
            KEY_REFUSED,
            _fails(400, "wrong_password", "The password is wrong.", "password"),
        ],
    ),
)

api_key = extend_schema_view(
    delete=extend_schema(
        operation_id="api_key_delete",
        tags=TAGS,
        parameters=[OpenApiParameter("key_id", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses=_responses({204: None}, 401, 403, 404, 429),
        examples=[KEY_REFUSED, _fails(404, "not_found", "No such API key.")],
    )
)

_DEVICE = {
    "id": "0192f0c1-9c11-7d52-b1c4-5f0e6a9d2b32",
    "device": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "started_at": "2026-11-22T10:00:00.250Z",
    "used_at": "2026-11-23T08:12:31.004Z",
    "is_current": True,
}

reads = extend_schema_view(
    get=extend_schema(
        operation_id="me_reads",
        tags=TAGS,
        responses=_responses({200: ReadsSerializer}, 401, 403, 404, 429),
        examples=[
            KEY_REFUSED,
            _answers(
                {
                    "results": [
                        {
                            "at": "2026-11-01T09:30:00.000Z",
                            "session_id": "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31",
                            "what": "open",
                            "reason": "support",
                        }
                    ]
                }
            ),
            ANONYMOUS,
            NO_ACCOUNT,
        ],
    )
)

sign_ins = extend_schema_view(
    get=extend_schema(
        operation_id="sign_ins",
        tags=TAGS,
        responses=_responses({200: SignInsSerializer}, 401, 403, 404, 429),
        examples=[KEY_REFUSED, _answers({"results": [_DEVICE]}), ANONYMOUS, NO_ACCOUNT],
    )
)

sign_in_one = extend_schema_view(
    delete=extend_schema(
        operation_id="sign_in_end",
        tags=TAGS,
        parameters=[OpenApiParameter("sign_in_id", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses=_responses({204: None}, 401, 403, 404, 429),
        examples=[KEY_REFUSED, _fails(404, "not_found", "No such signed-in device.")],
    )
)

password_reset = _without_token(
    "password_reset",
    [_sends({"email": "alice@example.com"})],
    request=EmailRequestSerializer,
    responses=_responses({204: None}, 400, 429),
)

email_confirmation = extend_schema_view(
    post=extend_schema(
        operation_id="email_confirmation",
        tags=TAGS,
        request=None,
        responses=_responses({204: None}, 401, 403, 404, 429),
        examples=[KEY_REFUSED, ANONYMOUS, NO_ACCOUNT],
    )
)

"""How the API's description shows errors: one body, and when each status comes."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from sessions_app.domain import errors
from sessions_app.http.error_body import error_body
from sessions_app.http.input import StrictCharField


class ErrorItem(serializers.Serializer[Any]):
    """One thing that is wrong; `attr` names the field, where one is at fault."""

    code = StrictCharField()
    detail = StrictCharField()
    attr = StrictCharField(allow_null=True)
    provider_code = StrictCharField(
        required=False, help_text="The code of the model's server, where it refused the request."
    )


class ErrorBody(serializers.Serializer[Any]):
    """The body of every error."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorItem(many=True)  # type: ignore[assignment]  # popped by DRF


def _error(
    status: int, code: str, detail: str, when: str, attr: str | None = None
) -> OpenApiResponse:
    value = error_body(status, code, detail, attr)
    return OpenApiResponse(ErrorBody, when, examples=[OpenApiExample(code, value=value)])


_DOMAIN_ERRORS: dict[int, tuple[type[errors.SessionError], str]] = {
    403: (errors.ScopeMissing, "The service key may not do this, or names no end user."),
    404: (errors.SessionNotFound, "There is no such thing for this user."),
    409: (errors.SessionArchived, "The session's state does not allow it."),
    410: (errors.SessionExpired, "The caller's own session, past its timeout."),
    412: (errors.VersionMismatch, "`If-Match` names another version."),
    413: (errors.TooLarge, "A message or the body is over its limit."),
    422: (errors.IdempotencyMismatch, "The key came with another body before."),
    502: (errors.ProviderError, "The model's server failed; the user's message is kept."),
    503: (errors.StorageUnavailable, "Nothing is half done; see `Retry-After`."),
    504: (errors.ProviderTimeout, "It took too long; the user's message is kept."),
}
_ERRORS = {
    400: _error(
        400,
        "invalid",
        "May be empty only beside tool_calls.",
        "A field is wrong, or the body is not JSON.",
        "content",
    ),
    401: _error(
        401,
        "not_authenticated",
        "Authentication credentials were not provided.",
        "No token, or one that is bad or expired.",
    ),
    429: _error(
        429,
        "throttled",
        "Request was throttled. Expected available in 3 seconds.",
        "Too many requests; `Retry-After` says when to go on.",
    ),
    **{
        status: _error(status, error.code, error.default_detail, when)
        for status, (error, when) in _DOMAIN_ERRORS.items()
    },
}
_ANYWHERE = (401, 403, 429, 503)


def responses(good: Mapping[Any, Any], *statuses: int) -> dict[Any, Any]:
    """`good`, the errors of `statuses`, and those that every route may answer with."""
    return {**good, **{status: _ERRORS[status] for status in sorted({*statuses, *_ANYWHERE})}}

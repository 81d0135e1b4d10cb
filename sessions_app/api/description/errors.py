"""How the API's description shows errors: one body, and when each status comes."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from sessions_app.domain import errors
from sessions_app.http.input import StrictCharField


class ErrorItem(serializers.Serializer[Any]):
    """One thing that is wrong; `attr` names the field, where one is at fault."""

    code = StrictCharField()
    detail = StrictCharField()
    attr = StrictCharField(allow_null=True)


class ErrorBody(serializers.Serializer[Any]):
    """The body of every error."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorItem(many=True)  # type: ignore[assignment]  # popped by DRF


_SERVER_ERRORS = {
    kind.code for kind in (errors.StorageUnavailable, errors.ProviderError, errors.ProviderTimeout)
}


def _error(when: str, code: str, detail: str, attr: str | None = None) -> OpenApiResponse:
    kind = "validation_error" if attr else "client_error"
    if code in _SERVER_ERRORS:
        kind = "server_error"
    value = {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
    return OpenApiResponse(ErrorBody, when, examples=[OpenApiExample(code, value=value)])


def _domain(kind: type[errors.SessionError], when: str) -> OpenApiResponse:
    return _error(when, kind.code, kind.default_detail)


_ERRORS = {
    400: _error(
        "A field is wrong, or the body is not JSON.",
        "invalid",
        "May be empty only beside tool_calls.",
        "content",
    ),
    401: _error(
        "No token, or one that is bad or expired.",
        "not_authenticated",
        "Authentication credentials were not provided.",
    ),
    404: _domain(errors.SessionNotFound, "There is no such thing for this user."),
    409: _domain(errors.SessionArchived, "The session's state does not allow it."),
    410: _domain(errors.SessionExpired, "The caller's own session, past its timeout."),
    412: _domain(errors.VersionMismatch, "`If-Match` names another version."),
    413: _domain(errors.TooLarge, "A message or the body is over its limit."),
    422: _domain(errors.IdempotencyMismatch, "The key came with another body before."),
    429: _error(
        "Too many requests; `Retry-After` says when to go on.",
        "throttled",
        "Request was throttled. Expected available in 3 seconds.",
    ),
    502: _domain(errors.ProviderError, "The model's server failed; the user's message is kept."),
    504: _domain(errors.ProviderTimeout, "It took too long; the user's message is kept."),
    503: _domain(errors.StorageUnavailable, "Nothing is half done; see `Retry-After`."),
}
_ANYWHERE = (401, 429, 503)


def responses(good: Mapping[Any, Any], *statuses: int) -> dict[Any, Any]:
    """`good`, the errors of `statuses`, and those that every route may answer with."""
    return {**good, **{status: _ERRORS[status] for status in sorted({*statuses, *_ANYWHERE})}}

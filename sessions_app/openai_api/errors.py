"""Errors as OpenAI's clients read them: `{"error": {"message", "type", "param", "code"}}`."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import set_rollback

from sessions_app.domain import errors
from sessions_app.domain.sessions import names as session_names
from sessions_app.http.request_ids import request_id_of
from sessions_app.http.statuses import status_of
from sessions_app.services.relay import PassedError

logger = logging.getLogger(__name__)

# What clients know as both code and type; the message names the quota.
QUOTA = "insufficient_quota"
# Names that clients know, in place of ours.
_CODES = {
    "invalid": "invalid_value",
    "required": "missing_required_parameter",
    "authentication_failed": "invalid_api_key",
    "not_authenticated": "invalid_api_key",
    "token_not_valid": "invalid_api_key",
    "user_erased": "invalid_api_key",
    "throttled": "rate_limit_exceeded",
    "parse_error": "invalid_json",
    **dict.fromkeys(
        (
            "quota_reached",
            "quota_sessions",
            "quota_messages",
            "quota_bytes",
            "quota_attachments",
            "quota_searches",
            "quota_a_day",
            "quota_messages_a_day",
            "quota_tokens_a_day",
            "quota_application_sessions",
            "quota_application_bytes",
            "quota_application_messages_a_day",
            "quota_application_tokens_a_day",
        ),
        QUOTA,
    ),
}
_TYPES = {401: "invalid_request_error", 403: "permission_error", 429: "requests"}
# Of answers that no view of this wire gives.
_NO_SESSION = {"X-Session-Id": session_names.NONE}
# The clients repeat a 409 by themselves. Of these only the first is worth it.
_PASSING = (errors.TurnInProgress, errors.Overtaken)


class Unsupported(errors.InvalidInput):
    """Something of OpenAI's that this service cannot do; `attr` names the parameter."""

    code = "unsupported_parameter"


class UnsupportedValue(errors.InvalidInput):
    """A value of a parameter that this service cannot act on."""

    code = "unsupported_value"


class UnknownParameter(errors.InvalidInput):
    """A member of a body or a query that means nothing here; `attr` names it."""

    code = "unknown_parameter"


class TooManyItems(errors.InvalidInput):
    """More items than one request takes."""

    code = "array_above_max_length"


class Required(errors.InvalidInput):
    """A parameter that must be there."""

    code = "missing_required_parameter"
    default_detail = "This parameter is required."


class NoSuchSession(errors.SessionNotFound):
    """As for a stranger's session; the message says how to make one."""

    default_detail = (
        "No such session. Send X-Session-Create: 1 to make it under this id, X-Session-Id: new for "
        "a new one, or create one by POST /session/create."
    )


class SessionRequired(errors.InvalidInput):
    """The key is for requests that name a session, and this one does not."""

    code = "session_required"
    default_detail = (
        "This key is for requests that name a session: send X-Session-Id, or X-Session-Id: new for "
        "a new one."
    )


class ModelNotFound(errors.SessionError):
    """There is no model of that name."""

    code = "model_not_found"
    default_detail = "There is no such model."


def body(status: int, message: str, code: str, param: str | None = None) -> dict[str, Any]:
    """An error's body."""
    kind = _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    code = _CODES.get(code, code)
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def body_of(error: errors.SessionError) -> dict[str, Any]:
    """The body that an error of ours becomes."""
    status = _status(error)
    if isinstance(error, PassedError) and error.error:
        return {"error": dict.fromkeys(("message", "type", "param", "code")) | dict(error.error)}
    if isinstance(error, errors.ProviderRefused | errors.ProviderBusy):
        refusal = error.refusal
        problem = body(status, error.detail, refusal.code or error.code, refusal.param)
        problem["error"]["type"] = refusal.kind or problem["error"]["type"]
        return problem
    if isinstance(error, errors.QuotaReached):
        problem = body(status, f"{error.detail} ({error.code})", error.code)
        problem["error"]["type"] = QUOTA
        return problem
    return body(status, error.detail, error.code, error.attr)


def _status(error: errors.SessionError) -> int:
    if isinstance(error, PassedError):
        return error.status
    return 404 if isinstance(error, ModelNotFound) else status_of(error)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """What the views of this wire answer with when something is raised."""
    set_rollback()
    if isinstance(exc, OperationalError):
        logger.warning("the accounts database is unavailable: %s", exc)
        exc = errors.StorageUnavailable("The accounts database is unavailable; try again.")
    if isinstance(exc, errors.SessionError):
        return _named(_domain(exc), exc, context)
    if isinstance(exc, Http404):
        return Response(body(404, "There is no such route.", "not_found"), status=404)
    if isinstance(exc, PermissionDenied):
        return Response(body(403, "You may not do this.", "permission_denied"), status=403)
    if isinstance(exc, APIException):
        return _framework(exc)
    logger.exception("a request of the OpenAI wire failed", exc_info=exc)
    got_request_exception.send(sender=None, request=context.get("request"))
    response = Response(body(500, "A server error occurred.", "error"), status=500)
    return _named(response, exc, context)


def _named(response: Response, exc: Exception, context: dict[str, Any]) -> Response:
    """With the id of the request in the body, where an operator has to look into it."""
    request = context.get("request")
    if response.status_code == 500 and request is not None:
        if isinstance(exc, errors.DamagedSession):
            logger.error("%s met a damaged session: %s", request.path, exc.problem)
        response.data["error"]["request_id"] = request_id_of(request)
    return response


def _domain(error: errors.SessionError) -> Response:
    status = _status(error)
    headers = {}
    retry = error.retry if isinstance(error, PassedError) else getattr(error, "retry_after", "")
    if retry:
        headers["Retry-After"] = str(retry)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if _is_final(error):
        headers["X-Should-Retry"] = "false"
    return Response(body_of(error), status=status, headers=headers)


def _is_final(error: errors.SessionError) -> bool:
    """Whether asking again is of no use, or has been done: clients repeat by themselves."""
    if isinstance(error, errors.QuotaReached):
        return True
    if isinstance(error, errors.ProviderError):
        return error.repeated or isinstance(error, errors.ProviderRefused)
    if isinstance(error, PassedError):
        return error.status < 500 and error.status != 429
    return isinstance(error, errors.Conflict) and not isinstance(error, _PASSING)


def _framework(exc: APIException) -> Response:
    param, detail, code = _first(exc.get_full_details())
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = f"{wait:.0f}"
    status = exc.status_code
    return Response(body(status, detail, code, param), status=status, headers=headers)


def _first(problem: Any, param: str | None = None) -> tuple[str | None, str, str]:
    """The first of the framework's errors: field, message and code."""
    if isinstance(problem, list):
        return _first(problem[0], param)
    if isinstance(problem.get("message"), str):
        return param, problem["message"], problem["code"]
    name, inner = next(iter(problem.items()))
    return _first(inner, "Idempotency-Key" if name == "client_id" else name)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A path of this wire that is no route."""
    message = f"There is no route {request.method} {request.path}."
    return JsonResponse(body(404, message, "unknown_url"), status=404, headers=_NO_SESSION)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that is refused before any route is looked for."""
    problem = body(400, "Bad request.", "bad_request")
    return JsonResponse(problem, status=400, headers=_NO_SESSION)


def server_error(request: HttpRequest) -> HttpResponse:
    """A mistake of ours outside of the views."""
    problem = body(500, "A server error occurred.", "error")
    problem["error"]["request_id"] = request_id_of(request)
    return JsonResponse(problem, status=500, headers=_NO_SESSION)

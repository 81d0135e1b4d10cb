"""Turns the domain's errors into responses: one exception handler, one body."""

import logging

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ExceptionHandlerContext
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

from sessions_app.domain import errors
from sessions_app.domain.window import WindowBudgetError
from sessions_app.http.error_body import error_body
from sessions_app.http.request_ids import request_id_of
from sessions_app.http.statuses import status_of

logger = logging.getLogger(__name__)


class ServiceError(APIException):
    """A domain error on its way out; `wait` becomes the header `Retry-After` (seconds)."""

    def __init__(self, error: errors.SessionError, status: int) -> None:
        self.status_code = status
        self.wait: int | None = getattr(error, "retry_after", None)
        if status == 401:
            self.auth_header = "Bearer"  # RFC 9110, 15.5.2: a 401 says how to authenticate
        detail = ErrorDetail(error.detail, error.code)
        self.detail = {error.attr: [detail]} if error.attr else detail


def to_api_exception(error: errors.SessionError) -> APIException:
    """The response that a domain error becomes."""
    status = status_of(error)
    # As DRF's own, so that clients see one shape for every field that is wrong.
    if isinstance(error, errors.InvalidInput | WindowBudgetError):
        detail = ErrorDetail(error.detail, error.code)
        return ValidationError({error.attr or "non_field_errors": [detail]})
    return ServiceError(error, status)


class Handler(ExceptionHandler):
    """Converts the domain's errors, and those of an accounts database that does not answer."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Turn an error of the layers below into one that DRF can answer."""
        # Of the accounts database; MongoDB's errors are translated in the repository.
        if isinstance(exc, OperationalError):
            logger.warning("the accounts database is unavailable: %s", exc)
            exc = errors.StorageUnavailable("The accounts database is unavailable; try again.")
        if isinstance(exc, errors.SessionError):
            return to_api_exception(exc)
        converted: Exception = super().convert_known_exceptions(exc)
        return converted

    def report_exception(self, exc: APIException, response: Response) -> None:
        """Log a bug of this service; an unreachable database was logged where it was noticed."""
        if not isinstance(exc, ServiceError):
            super().report_exception(exc, response)


def exception_handler(exc: Exception, context: ExceptionHandlerContext) -> Response | None:
    """DRF's `EXCEPTION_HANDLER`."""
    response: Response | None = Handler(exc, context).run()
    if response is not None and isinstance(exc, errors.SessionError):
        response.data["errors"][0].update(of_the_provider(exc))
    request = context["request"]
    if response is not None and request is not None and response.status_code == 500:
        if isinstance(exc, errors.DamagedSession):
            logger.error("%s is damaged: %s", request.path, exc.problem)
        # For the operator, who finds it in the log; other failures pass by themselves.
        response.data["request_id"] = request_id_of(request)
    return response


def of_the_provider(error: errors.SessionError) -> dict[str, str]:
    """The code of the model's server beside ours, where it gave one."""
    if not isinstance(error, errors.ProviderRefused | errors.ProviderBusy):
        return {}
    return {"provider_code": error.refusal.code} if error.refusal.code else {}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler400`."""
    return JsonResponse(error_body(400, "bad_request", "Bad request."), status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler404`: a path that is no route."""
    return JsonResponse(error_body(404, "not_found", "Not found."), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`."""
    body = error_body(500, "error", "Server Error (500)", request_id=request_id_of(request))
    return JsonResponse(body, status=500)

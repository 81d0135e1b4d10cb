"""Errors outside of any view, in the form of the API that the path belongs to."""

import re
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from sessions_app.api import errors as rest
from sessions_app.domain.errors import SessionError
from sessions_app.http.error_body import error_body
from sessions_app.http.statuses import status_of
from sessions_app.openai_api import errors as openai

_OPENAI = re.compile(r"/v1(?:/|$)")


def _api(request: HttpRequest) -> Any:
    return openai if _OPENAI.match(request.path) else rest


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    answer: HttpResponse = _api(request).bad_request(request, exception)
    return answer


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    answer: HttpResponse = _api(request).not_found(request, exception)
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    answer: HttpResponse = _api(request).server_error(request)
    return answer


def refusal(path: str, error: SessionError) -> tuple[int, list[tuple[str, str]], bytes]:
    """What a request is refused with before Django is asked: status, headers and body."""
    status = status_of(error)
    is_openai = _OPENAI.match(path) is not None
    body = openai.body_of(error) if is_openai else error_body(status, error.code, error.detail)
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    if retry_after := getattr(error, "retry_after", None):
        headers.append(("Retry-After", str(retry_after)))
    return status, headers, orjson.dumps(body)


def cross_origin(origin: str) -> list[tuple[str, str]]:
    """The headers with which a page of this origin may read a refusal."""
    if origin not in settings.CORS_ALLOWED_ORIGINS:
        return []
    exposed = ", ".join(settings.CORS_EXPOSE_HEADERS)
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", exposed),
        ("Vary", "Origin"),
    ]

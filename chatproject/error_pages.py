"""Errors outside of any view, in the form of the API that the path belongs to."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse

from sessions_app.api import errors as rest
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

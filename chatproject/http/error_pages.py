"""Errors outside of any view: as pages for browsers, else in the form of the path's API."""

import re
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from sessions_app.api import errors as rest
from sessions_app.domain.errors import SessionError
from sessions_app.http.error_body import error_body
from sessions_app.http.statuses import status_of
from sessions_app.openai_api import errors as openai

_OPENAI = re.compile(r"/v1(?:/|$)")


def _api(request: HttpRequest) -> Any:
    return openai if _OPENAI.match(request.path) else rest


def _is_browser(request: HttpRequest) -> bool:
    """Whether somebody looks at the answer: programs do not ask for HTML by name."""
    return "text/html" in request.headers.get("Accept", "") and not _OPENAI.match(request.path)


def _page(request: HttpRequest, status: int, title: str, advice: str) -> HttpResponse:
    is_staffs = request.path.startswith("/admin/")
    context = {
        "title": title,
        "advice": advice,
        "home": "/admin/" if is_staffs else "/",
        "home_label": "Go to the overview" if is_staffs else "Go to the chats",
    }
    return HttpResponse(render_to_string("web/notice.html", context), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_browser(request):
        return _page(request, 400, "This request cannot be read", "Go back and try again.")
    answer: HttpResponse = _api(request).bad_request(request, exception)
    return answer


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_browser(request):
        advice = "Your account has no access to this page. Sign in with one that has."
        return _page(request, 403, "No access", advice)
    body = error_body(403, "permission_denied", "You may not do this.")
    return HttpResponse(orjson.dumps(body), status=403, content_type="application/json")


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: the page was open for long, or cookies are blocked."""
    advice = "Load the page again and send the form once more. It needs cookies."
    return _page(request, 403, "This form is out of date", advice)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_browser(request):
        return _page(request, 404, "Page not found", "There is nothing at this address.")
    answer: HttpResponse = _api(request).not_found(request, exception)
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_browser(request):
        advice = "The service failed to answer. Try again in a moment."
        return _page(request, 500, "Something went wrong", advice)
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

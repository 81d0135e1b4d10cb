"""The short way of API requests: past the middleware that only pages need.

An API request brings its credentials in a header. It has no cookie, so no session, no form that
another site could send, and no message for the next page. What the middleware of pages adds to its
answer depends on the settings alone, and is made once. `ApiRequests` stands before that middleware
and hands API requests to `answering`, which stands behind all of it.
"""

import threading
from collections.abc import Callable
from io import BytesIO
from typing import cast

from corsheaders.middleware import CorsMiddleware
from csp.middleware import CSPMiddleware
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Below these are no pages, but for that of a browser that gets an address wrong.
PREFIXES = ("/session", "/v1/", "/attachments/")


class _Last(threading.local):
    """The end of the chain that this thread is building: Django makes the last middleware first."""

    get_response: GetResponse | None = None


_last = _Last()


def answering(get_response: GetResponse) -> GetResponse:
    """The last middleware, which is none: it marks where the view is for `ApiRequests`."""
    _last.get_response = get_response
    return get_response


class ApiRequests:
    """Answers API requests with the headers that pages get, but without their middleware."""

    def __init__(self, get_response: GetResponse) -> None:
        view, _last.get_response = _last.get_response, None
        if view is None:
            raise ImproperlyConfigured("`answering` must be the last middleware")
        self._page, self._view = get_response, view
        self._cross_origin = CorsMiddleware(view)
        # Errors become answers here, so that these have the headers, too.
        self._answer = cast(GetResponse, convert_exception_to_response(self._checked))
        self._headers = {secure: _security_headers(view, secure) for secure in (False, True)}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIXES):
            return self._page(request)
        response = self._answer(request)
        present = {name.lower() for name, _ in response.items()}
        for name, value in self._headers[request.is_secure()]:
            if name.lower() not in present:
                response[name] = value
        if not response.streaming and "content-length" not in present:
            response["Content-Length"] = str(len(cast(HttpResponse, response).content))
        return response

    def _checked(self, request: HttpRequest) -> HttpResponseBase:
        # Raises for a Host that is not allowed, as Django's CommonMiddleware does.
        request.get_host()
        if "HTTP_ORIGIN" in request.META or request.method == "OPTIONS":
            return cast(HttpResponseBase, self._cross_origin(request))
        return self._view(request)


def _security_headers(view: GetResponse, secure: bool) -> list[tuple[str, str]]:
    """What Django's middleware adds to every answer: it depends on the settings alone."""
    scheme = "https" if secure else "http"
    environ = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": scheme, "wsgi.input": BytesIO()}
    request, response = WSGIRequest(environ), HttpResponse()
    before = {name for name, _ in response.items()}
    SecurityMiddleware(view).process_response(request, response)
    XFrameOptionsMiddleware(view).process_response(request, response)
    CSPMiddleware(view).process_response(request, response)
    # Who may read an answer depends on its Origin, which most requests do not bring.
    response["Vary"] = "origin"
    return [(name, value) for name, value in response.items() if name not in before]

"""Gives every answer and every line of the log the id of its request.

`wsgi.naming_requests` names every request that a server takes. A test's client is no server: there
only what failed has an id, so that two answers of one test stay comparable.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase

from sessions_app.http.request_ids import HEADER, current, is_named, request_id_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def naming(get_response: GetResponse) -> GetResponse:
    """The outermost middleware: `X-Request-Id`, in and out."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        named = is_named(request)
        request_id = request_id_of(request)
        token = current.set(request_id)
        try:
            response = get_response(request)
        finally:
            current.reset(token)
        if named or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response.headers[HEADER] = request_id
        return response

    return answer


class OfRequest(logging.Filter):
    """Adds the request's id to a line that is logged while a request is answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = current.get()
        record.of_request = f" [request {request_id}]" if request_id else ""
        return True

"""Gives every request an id, and every answer and line of the log the id of its request."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from sessions_app.http.request_ids import HEADER, current, request_id_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def naming(get_response: GetResponse) -> GetResponse:
    """The outermost middleware: `X-Request-Id`, in and out."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request)
        token = current.set(request_id)
        try:
            response = get_response(request)
        finally:
            current.reset(token)
        response.headers[HEADER] = request_id
        return response

    return answer


class OfRequest(logging.Filter):
    """Adds the request's id to a line that is logged while a request is answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = current.get()
        record.of_request = f" [request {request_id}]" if request_id else ""
        return True

"""Gives every answer and every line of the log the id of its request.

`wsgi.naming_requests` names every request that a server takes. A test's client is no server: there
only what failed has an id, so that two answers of one test stay comparable.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from chatproject.logs import access_log
from sessions_app import request_context
from sessions_app.http.request_ids import HEADER, is_named, request_id_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def naming(get_response: GetResponse) -> GetResponse:
    """The outermost middleware: `X-Request-Id`, in and out, and in the body of a 5xx."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        named = is_named(request)
        request_id = request_id_of(request)
        token = request_context.facts.set(request_context.RequestFacts(request_id))
        try:
            response = get_response(request)
        finally:
            request_context.facts.reset(token)
        failed = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        if named or failed:
            response.headers[HEADER] = request_id
        if named and failed and isinstance(response, HttpResponse):
            _name_in_body(response, request_id)
        return response

    def process_view(_: HttpRequest, __: Any, ___: Any, values: dict[str, Any]) -> None:
        known = request_context.facts.get()
        if known is not None:
            known.session_id = access_log.session_of(values)

    # Django calls it before each view.
    answer.process_view = process_view  # type: ignore[attr-defined]
    return answer


def _name_in_body(response: HttpResponse, request_id: str) -> None:
    if response.get("Content-Type", "").partition(";")[0] == "application/json":
        response.content = with_request_id(response.content, request_id)
        if "Content-Length" in response.headers:
            response.headers["Content-Length"] = str(len(response.content))


def with_request_id(body: bytes, request_id: str) -> bytes:
    """The body of an error, with the id where each API has it; another body as it is."""
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if not isinstance(problem, dict):
        return body
    if isinstance(problem.get("error"), dict):
        problem["error"].setdefault("request_id", request_id)
    elif "errors" in problem:
        problem.setdefault("request_id", request_id)
    else:
        return body
    return orjson.dumps(problem)

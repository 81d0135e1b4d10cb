"""The id of a request: in its answer, in the body of what failed, and at the model's server."""

import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse

from chatproject.logs import request_ids
from sessions_app import event_loop, request_context
from sessions_app.http.error_body import error_body
from sessions_app.http.request_ids import META
from sessions_app.providers import connections
from sessions_app.request_context import RequestFacts
from tests import model_server

FAILED = error_body(503, "storage_unavailable", "Storage is away.")
FAILED_ON_V1 = {"error": {"code": "storage_unavailable", "message": "…"}}


def answered(body: Any, status: int, *, request_id: str = "trace-1") -> HttpResponse:
    request = HttpRequest()
    if request_id:
        request.META[META] = request_id
    response = request_ids.naming(lambda _: JsonResponse(body, status=status))(request)
    assert isinstance(response, HttpResponse)
    return response


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (FAILED, FAILED | {"request_id": "trace-1"}),
        (FAILED_ON_V1, {"error": FAILED_ON_V1["error"] | {"request_id": "trace-1"}}),
        ({"status": "unavailable"}, {"status": "unavailable"}),
        (FAILED | {"request_id": "known"}, FAILED | {"request_id": "known"}),
    ],
)
def test_the_body_of_a_5xx_has_it_where_its_api_has_errors(body: Any, named: Any):
    response = answered(body, 503)
    assert json.loads(response.content) == named
    assert response.headers["X-Request-Id"] == "trace-1"


def test_the_body_of_a_clients_mistake_stays_as_it_is():
    assert json.loads(answered(FAILED, 404).content) == FAILED


def test_what_is_no_json_stays_as_it_is():
    assert request_ids.with_request_id(b"<html>", "trace-1") == b"<html>"


def test_outside_of_a_request_there_is_none():
    assert request_context.request_id() == ""


def test_a_call_of_a_model_has_the_id_of_the_request_that_made_it():
    with model_server.serving() as model:
        caller = connections.Connections(f"{model.base_url}/chat/completions", {})

        async def call() -> int:
            response = await caller.send(b'{"model": "gulf", "messages": []}')
            response.close()
            return response.status

        for facts in (RequestFacts("trace-1"), None):
            token = request_context.facts.set(facts)
            event_loop.run(call())
            request_context.facts.reset(token)
        event_loop.run(caller.close())
    assert [headers.get("x-request-id") for headers in model.headers] == ["trace-1", None]

"""The id of a request: in its answer, in the body of what failed, and at the model's server."""

import json
from collections.abc import Callable, Iterator
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
from tests.model_server import ModelServer

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


Ask = Callable[[str | None], int]


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as running:
        yield running


@pytest.fixture
def ask(model: ModelServer) -> Iterator[Ask]:
    """Calls the model within a request of that id; the status of its answer."""
    caller = connections.Connections(f"{model.base_url}/chat/completions", {})

    async def call() -> int:
        response = await caller.send(b'{"model": "gulf", "messages": []}')
        response.close()
        return response.status

    def ask_within(request_id: str | None) -> int:
        token = request_context.facts.set(RequestFacts(request_id) if request_id else None)
        status: int = event_loop.run(call())
        request_context.facts.reset(token)
        return status

    yield ask_within
    event_loop.run(caller.close())


def ids_sent(model: ModelServer) -> list[str | None]:
    return [headers.get("x-request-id") for headers in model.headers]


def test_a_call_of_a_model_has_the_id_of_the_request_that_made_it(model: ModelServer, ask: Ask):
    assert [ask("trace-1"), ask(None)] == [200, 200]
    assert ids_sent(model) == ["trace-1", None]


MINDS_IDS = model_server.sends(
    b"Invalid UUID in X-Request-ID", 400, **{"Content-Type": "text/plain"}
)
UUID4 = "0b5a3f4e-6f2c-4c2f-9d54-6a2f1d1b7c11"


def test_a_server_that_takes_only_uuids_is_asked_again_without_and_remembered(
    model: ModelServer, ask: Ask
):
    model.answers = [MINDS_IDS]
    assert [ask("trace-1"), ask("trace-2"), ask(UUID4)] == [200, 200, 200]
    assert ids_sent(model) == ["trace-1", None, None, UUID4]


def test_a_refusal_by_the_api_behind_it_is_what_counts(model: ModelServer, ask: Ask):
    model.answers = [MINDS_IDS, model_server.fails(400)]
    assert [ask("trace-1"), ask("trace-2")] == [400, 200]
    assert ids_sent(model) == ["trace-1", None, None]


def test_a_refusal_for_another_reason_stays_one(model: ModelServer, ask: Ask):
    model.answers = [MINDS_IDS, MINDS_IDS]
    assert ask("trace-1") == 400
    model.answers = [model_server.fails(400)]
    assert ask("trace-2") == 400
    assert ids_sent(model) == ["trace-1", None, "trace-2"]

"""Every error under /v1 has OpenAI's shape, whoever makes it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import Person
from tests.openai_api.calls import URL, error, user
from tests.services.turns.scripted import ScriptedModel


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/embeddings", "/v1/x/y/"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_path_that_is_no_route(alice: Person, path: str, method: str):
    response = getattr(alice.client, method)(path)
    assert (response.status_code, response.json()) == (
        404, error(f"There is no route {method.upper()} {path}.", "unknown_url"),
    )  # fmt: skip


def test_elsewhere_errors_are_as_they_were(alice: Person):
    assert alice.client.get("/v10").json()["errors"][0]["code"] == "not_found"


@pytest.mark.parametrize(("method", "path"), [("post", URL), ("get", "/v1/models")])
@pytest.mark.parametrize("token", [None, "", "nonsense", "sk-chat-nonsense"])
def test_without_a_key_that_is_good(
    anybody: APIClient, db: Any, method: str, path: str, token: str | None
):
    if token is not None:
        anybody.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    response = getattr(anybody, method)(path)
    assert response.status_code == 401
    found = response.json()["error"]
    assert (found["type"], found["param"], found["code"]) == (
        "invalid_request_error", None, "invalid_api_key",
    )  # fmt: skip
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_method_that_a_route_has_not(alice: Person):
    response = alice.client.get(URL)
    assert (response.status_code, response.json()) == (
        405, error('Method "GET" not allowed.', "method_not_allowed"),
    )  # fmt: skip


def test_a_body_that_is_not_json(alice: Person):
    response = alice.client.post(URL, "{", content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_json"


def test_a_body_of_another_type(alice: Person):
    response = alice.client.post(URL, "x", content_type="text/plain")
    assert (response.status_code, response.json()) == (
        415, error('Unsupported media type "text/plain" in request.', "unsupported_media_type"),
    )  # fmt: skip


def test_a_host_that_is_not_served(alice: Person):
    response = alice.client.get("/v1/models", HTTP_HOST="evil.example")
    assert (response.status_code, response.json()) == (400, error("Bad request.", "bad_request"))


def test_the_accept_header_has_no_say(alice: Person):
    assert alice.client.get("/v1/models", HTTP_ACCEPT="text/event-stream").status_code == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_trailing_slash_changes_nothing(
    alice: Person, session: Any, model: ScriptedModel, slash: str
):
    body = {"session_id": session["session_id"], "messages": [user("Hello?")]}
    assert alice.client.post(URL + slash, body).status_code == 200
    assert alice.client.post(f"{URL}//", body).status_code == 404


def test_a_page_of_another_origin_may_use_openais_package(anybody: APIClient, settings: Any):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    wanted = ["authorization", "content-type", "x-stainless-retry-count", "x-session-id"]
    response = anybody.options(
        URL,
        HTTP_ORIGIN="https://app.example",
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS=",".join(wanted),
    )
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
    allowed = response.headers["Access-Control-Allow-Headers"].split(", ")
    assert set(wanted) <= set(allowed)

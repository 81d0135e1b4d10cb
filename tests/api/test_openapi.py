"""The API's description: complete, valid, and shown without help from outside."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from sessions_app.api.description import sessions as described
from sessions_app.api.wire import messages as message_wire
from sessions_app.api.wire import sessions as session_wire
from sessions_app.domain import data
from tests.conftest import Create, Person
from tests.docs import routes

NOT_DESCRIBED = {
    "/",
    "/sw.js",
    "/favicon.ico",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/schema",
    "/api/docs",
}
# Pages for browsers.
PAGES = ("/auth/links/", "/admin/")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture(scope="module")
def operations(schema: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), routes.template(path)): operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in routes.VERBS
    }


def media(body: dict[str, Any]) -> list[dict[str, Any]]:
    return list(body.get("content", {}).values())


def good_answers(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [body for status, body in operation["responses"].items() if status.startswith("2")]


def test_it_is_made_without_warnings_or_errors(schema: dict[str, Any]):
    assert dict(GENERATOR_STATS._warn_cache) == {}
    assert dict(GENERATOR_STATS._error_cache) == {}


def test_it_is_valid_openapi(schema: dict[str, Any]):
    validate_schema(schema)

    assert schema["openapi"].startswith("3.")


def test_it_describes_every_route_and_no_other(operations: dict[tuple[str, str], Any]):
    served = {
        route
        for route in routes.served()
        if route[1] not in NOT_DESCRIBED and not route[1].startswith(PAGES)
    }

    assert set(operations) == served


def test_every_operation_has_a_name_of_its_own(operations: dict[tuple[str, str], Any]):
    names = [operation["operationId"] for operation in operations.values()]

    assert len(set(names)) == len(names)
    assert all(operation["description"] for operation in operations.values())


def test_every_answer_in_json_is_an_object(
    schema: dict[str, Any], operations: dict[tuple[str, str], Any]
):
    def kinds(described: dict[str, Any]) -> set[Any]:
        if "$ref" in described:
            described = schema["components"]["schemas"][described["$ref"].rpartition("/")[2]]
        if one_of := described.get("oneOf"):
            return {kind for one in one_of for kind in kinds(one)}
        return {described.get("type")}

    assert {
        route: kinds(content["schema"])
        for route, operation in operations.items()
        for body in operation["responses"].values()
        for media_type, content in body.get("content", {}).items()
        if media_type == "application/json" and kinds(content["schema"]) != {"object"}
    } == {}


def test_examples_of_pages_are_pages(operations: dict[tuple[str, str], Any]):
    for template in ("/session", "/session/{}/messages"):
        content = operations["GET", template]["responses"]["200"]["content"]["application/json"]
        (example,) = content["examples"].values()
        assert isinstance(example["value"]["results"], list)


def test_an_email_address_may_be_empty(schema: dict[str, Any]):
    for name in ("User", "Registration", "PatchedProfileChanges"):
        email = schema["components"]["schemas"][name]["properties"]["email"]
        assert {"type": "string", "maxLength": 0} in email["oneOf"], email


def test_every_route_that_refuses_api_keys_says_so(operations: dict[tuple[str, str], Any]):
    routes = {
        route
        for route, operation in operations.items()
        if route[1].startswith("/auth/")
        and operation.get("security") != [{}]
        and operation.get("security")
    }
    assert ("GET", "/auth/me") in routes
    for route in routes:
        body = operations[route]["responses"]["403"]["content"]["application/json"]
        codes = [
            error["code"]
            for example in body["examples"].values()
            for error in example["value"]["errors"]
        ]
        assert "api_key_not_allowed" in codes, route


def test_every_body_that_is_sent_has_an_example(operations: dict[tuple[str, str], Any]):
    assert [
        route
        for route, operation in operations.items()
        if "requestBody" in operation
        and not any(content.get("examples") for content in media(operation["requestBody"]))
    ] == []


def test_every_answer_with_a_body_has_an_example(operations: dict[tuple[str, str], Any]):
    assert [
        route
        for route, operation in operations.items()
        for body in good_answers(operation)
        if media(body) and not any(content.get("examples") for content in media(body))
    ] == []


def test_every_route_says_that_it_takes_a_bearer_token_or_none(
    schema: dict[str, Any], operations: dict[tuple[str, str], Any]
):
    schemes = schema["components"]["securitySchemes"]
    bearer = [name for name, scheme in schemes.items() if scheme.get("scheme") == "bearer"]

    assert set(bearer) == {"accessToken", "serviceKey"}
    # Which of the two, and with what: tests/docs/test_scopes.py.
    open_routes = {
        path
        for (_, path), operation in operations.items()
        if not all(set(bearer) & set(kind) for kind in operation.get("security", [{}]))
    }
    assert open_routes == {
        "/auth/register",
        "/auth/token",
        "/auth/token/refresh",
        "/auth/token/verify",
        "/auth/logout",
        "/auth/password/reset",
    }


def test_every_route_says_which_errors_it_answers_with(operations: dict[tuple[str, str], Any]):
    for (_, path), operation in operations.items():
        expected = {"429"} | ({"401", "503", "404"} if "/session/{}" in path else set())
        assert expected <= set(operation["responses"]), path


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs"])
def test_it_is_shown_to_anybody(path: str, anybody: APIClient):
    assert anybody.get(path).status_code == 200


def test_it_can_be_read_as_json(anybody: APIClient):
    response = anybody.get("/api/schema", HTTP_ACCEPT="application/json")

    assert json.loads(response.content)["info"]["title"] == "Chat sessions"


def test_its_page_loads_nothing_from_outside(anybody: APIClient):
    page = anybody.get("/api/docs").content.decode()

    loaded = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert len(loaded) > 2
    assert all(re.match(r"/(?!/)|\?", address) for address in loaded), loaded
    assert re.findall(r"https?://[^\s\"']*", page) == []


def message() -> data.Message:
    return data.Message(
        id="msg_1", seq=1, role=data.Role.USER, content="Hi", timestamp=NOW, token_count=1,
        reasoning="Hm.", extra={"message": {}}, items={"removed": True},
        parts=[{"type": "text", "text": "Hi"}], replaces=1,
        feedback=data.Feedback(data.Rating.UP, "Good.", NOW),
    )  # fmt: skip


def session() -> data.Session:
    policy = data.ContextPolicy(data.Strategy.RECENT, 64, 1, data.OnTopicShift.KEEP)
    texts = dict.fromkeys(("session_id", "user_id", "title"), "x")
    times = dict.fromkeys(("created_at", "updated_at", "expires_at", "archived_at"), NOW)
    numbers = ("ttl_seconds", "context_start", "message_count", "token_count", "tail_start")
    return data.Session(
        **texts,
        **times,
        **dict.fromkeys((*numbers, "version"), 1),
        status=data.Status.ACTIVE,
        metadata={},
        context_policy=policy,
    )


@pytest.mark.parametrize(
    ("described", "written"),
    [
        (message_wire.MessageOutput, message_wire.message(message())),
        (session_wire.SessionOutput, session_wire.session(session())),
        (session_wire.PolicyOutput, session_wire.session(session())["context_policy"]),
        (
            session_wire.SessionWithMessages,
            session_wire.session_with_messages(session(), [message()]),
        ),
        (
            message_wire.MessagePageOutput,
            message_wire.message_page(data.MessagePage([message()], has_more=False, latest_seq=1)),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_described_has_the_keys_of_what_is_written(
    described: type[Any], written: dict[str, Any]
):
    assert list(described().fields) == list(written)


def test_an_export_is_described_as_it_is_written(alice: Person, create: Create):
    session = create(messages=[{"content": "Hi"}])

    response = alice.client.get(f"/session/{session['session_id']}/export")

    written = json.loads(response.getvalue())
    assert list(described.SessionExport().fields) == list(written)
    fields = message_wire.MessageOutput().fields
    always = [name for name, field in fields.items() if field.required]
    assert always == list(written["messages"][0])


def test_a_request_that_is_a_file_cannot_do_without_it(operations: dict[tuple[str, str], Any]):
    files = {
        path
        for (_, path), operation in operations.items()
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
        and operation["requestBody"].get("required")
    }
    assert files == {"/session/import", "/session/{}/attachments", "/v1/files"}

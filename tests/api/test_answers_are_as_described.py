"""Every GET's real answer has the form that the API's description gives it."""

import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.credentials import api_keys, service_keys
from sessions_app import clock
from sessions_app.domain.applications import Scope
from sessions_app.services import attachments
from tests.accounts.conftest import PASSWORD, Person
from tests.accounts.conftest import alice as alice_account
from tests.files import picture
from tests.services.turns.scripted import Script, ScriptedModel

__all__ = ["alice_account"]

pytestmark = [pytest.mark.django_db, pytest.mark.mongod("all that there is to be read")]

CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
# A query with which a route that needs one has something to answer.
QUERIES = {
    "/session/search": [{"q": "needle"}],
    "/session": [{}, {"tag": "travel"}, {"expiring_within": "9999999"}, {"status": "archived"}],
    "/session/count": [{}, {"by": "tag"}, {"by": "metadata.channel"}],
    "/session/{session_id}/export": [{"format": each} for each in ("json", "jsonl", "markdown")],
    "/session/{session_id}/context": [{}, {"strategy": "recent", "query": "needle"}],
    "/v1/conversations/{conversation_id}/items": [{}, {"limit": "1", "order": "asc"}],
}
# What is no JSON, by its route.
NO_CONTENT = {"/session/{session_id}/chat/stream"}


def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


DESCRIBED = schema()


def gets() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DESCRIBED["paths"].items():
        if "get" in methods:
            yield path, methods["get"]


def closed(described: Any) -> Any:
    """The description as JSON Schema: null where it may be, and no member that is not described."""
    if isinstance(described, list):
        return [closed(each) for each in described]
    if not isinstance(described, dict):
        return described
    written = {name: closed(value) for name, value in described.items() if name != "nullable"}
    if "properties" in written:
        written.setdefault("additionalProperties", False)
    if "$ref" in written:
        written["$ref"] = written["$ref"].replace("#/components/schemas", "#/definitions")
    return {"anyOf": [written, {"type": "null"}]} if described.get("nullable") else written


DEFINITIONS = closed(DESCRIBED["components"]["schemas"])


FORMATS = jsonschema.FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: Any) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(value: Any) -> bool:
    return not isinstance(value, str) or bool(UUID(value))


def check(value: Any, described: Any) -> None:
    whole = {**closed(described), "definitions": DEFINITIONS}
    jsonschema.Draft7Validator(whole, format_checker=FORMATS).validate(value)


@pytest.fixture
def there(alice: Person, database: Any, model: ScriptedModel, settings: Any) -> dict[str, str]:
    """Something behind every name in a path: sessions with all that messages can have."""
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES)
    api_keys.key_make(
        user_id=str(alice.user.pk), password=PASSWORD, name="k", expires_in_days=1, now=clock.now()
    )

    def post(path: str, body: Any) -> Any:
        response = alice.client.post(path, body, format="json")
        assert response.status_code < 300, response.content
        return response.json()

    form = {"file": io.BytesIO(picture()), "purpose": "user_data"}
    file_id = alice.client.post("/v1/files", form, format="multipart").json()["id"]
    attachments.attachments_prepare(text_read=lambda _: None)
    shown = {"type": "image", "attachment_id": file_id}
    session_id = post(
        "/session/create",
        {
            "title": "Lisbon", "external_id": "trip", "tags": ["travel"], "pinned": True,
            "metadata": {"channel": "web"}, "system_prompt": "You plan trips.",
            "messages": [{"content": "A needle in a haystack", "metadata": {"a": "b"}}],
        },
    )["session_id"]  # fmt: skip
    post(f"/session/{session_id}/message", {"content": "See this", "parts": [shown]})
    model.scripts += [Script("Let me see.", tool_calls=[CALL]), Script("It is warm.")]
    post(f"/session/{session_id}/chat", {"content": "Is it warm?"})
    result = {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees", "name": "weather"}
    post(f"/session/{session_id}/chat", {"messages": [result]})
    reply = alice.client.get(f"/session/{session_id}").json()["messages"][-1]["seq"]
    rated = f"/session/{session_id}/messages/{reply}/feedback"
    alice.client.put(rated, {"rating": "down", "comment": "Too short."}, format="json")
    assert alice.client.delete(f"/session/{session_id}/messages/1").status_code == 204
    archived = post("/session/create", {"title": "old"})["session_id"]
    post(f"/session/{archived}/archive", {})
    response = post("/v1/responses", {"input": "Hello?", "conversation": f"conv_{session_id}"})
    download = alice.client.get(f"/session/{archived}/export")
    exported = {"file": io.BytesIO(b"".join(download.streaming_content))}
    imported = alice.client.post("/session/import", exported, format="multipart")
    assert imported.status_code == 202, imported.content
    items = alice.client.get(f"/v1/conversations/conv_{session_id}/items").json()["data"]
    return {
        "session_id": session_id,
        "conversation_id": f"conv_{session_id}",
        "item_id": items[0]["id"],
        "response_id": response["id"],
        "attachment_id": file_id,
        "import_id": imported.json()["import_id"],
        "file_id": file_id,
        "model_id": alice.client.get("/v1/models").json()["data"][0]["id"],
    }


@pytest.fixture
def alice(alice_account: Person) -> Person:
    return alice_account


@pytest.fixture
def application(there: dict[str, str]) -> APIClient:
    """An application itself, which has a user with a session."""
    shop = service_keys.application_open(name="shop")
    made = service_keys.service_key_make(
        application=shop, name="key", scopes=list(Scope), now=clock.now()
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.key}")
    response = client.post("/session/create", {}, format="json", headers={"X-End-User": "42"})
    assert response.status_code == 201, response.content
    there["end_user_id"] = "42"
    return client


def test_every_get_answers_as_it_is_described(
    alice: Person, application: APIClient, there: dict[str, str]
):
    wrong = {}
    for template, operation in gets():
        path = re.sub(r"\{(\w+)\}", lambda match: there[match[1]], template)
        for query in QUERIES.get(template, [{}]):
            client = application if template.startswith("/users") else alice.client
            response = client.get(path, query)
            try:
                _judge(response, template, operation)
            except (AssertionError, KeyError, jsonschema.ValidationError) as error:
                wrong[f"{template} {query}"] = str(error)[:600]
    assert not wrong, json.dumps(wrong, indent=1)


def _judge(response: Any, template: str, operation: dict[str, Any]) -> None:
    expected = 204 if template in NO_CONTENT else 200
    assert response.status_code == expected, response.content
    described = operation["responses"][str(expected)].get("content", {})
    if expected == 204:
        assert not described
        return
    media_type = response.headers["Content-Type"].partition(";")[0]
    assert media_type in described or set(described) == {"*/*"}, (media_type, set(described))
    if media_type == "application/json" and "application/json" in described:
        body = b"".join(response.streaming_content) if response.streaming else response.content
        check(json.loads(body), described["application/json"]["schema"])


def test_the_judge_sees_what_is_wrong(alice: Person, there: dict[str, str]):
    described = dict(gets())["/session/{session_id}"]["responses"]["200"]["content"]
    session = alice.client.get(f"/session/{there['session_id']}").json()
    for wrong in (
        {"title": None}, {"bogus": 1}, {"tags": [1]}, {"messages": {}}, {"session_id": "x"},
        {"created_at": "yesterday"}, {"status": "lost"},
    ):  # fmt: skip
        with pytest.raises(jsonschema.ValidationError):
            check(session | wrong, described["application/json"]["schema"])

"""`GET /v1/models` and `GET /v1/models/{id}`."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.calls import error


def shown(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chat-sessions"}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", ["gulf", "org/gulf-7b"])
def test_the_configured_model_is_shown(
    alice: Person, settings: Any, server: Any, name: str, slash: str
):
    settings.LLM_MODEL = name
    assert alice.client.get(f"/v1/models{slash}").json() == {
        "object": "list", "data": [shown(name)],
    }  # fmt: skip
    assert alice.client.get(f"/v1/models/{name}{slash}").json() == shown(name)


def test_without_one_it_is_the_demo(alice: Person):
    assert alice.client.get("/v1/models").json()["data"] == [shown("demo")]
    assert alice.client.get("/v1/models/demo").json() == shown("demo")


def test_another_there_is_not(alice: Person):
    response = alice.client.get("/v1/models/gpt-4o")
    assert (response.status_code, response.json()) == (
        404, error("There is no such model.", "model_not_found", "model"),
    )  # fmt: skip

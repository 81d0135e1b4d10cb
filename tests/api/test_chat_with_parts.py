"""`parts` of the question in `POST /session/{id}/chat`."""

from typing import Any

import pytest

from tests import files
from tests.api.bodies import invalid, path
from tests.conftest import Person
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.mongod("GridFS")


@pytest.fixture
def picture(alice: Person, session: dict[str, Any]) -> dict[str, Any]:
    """A part that refers to a picture of Alice's."""
    stored = alice.client.generic(
        "POST",
        path(session, "attachments") + "?name=cat.png",
        files.picture(),
        content_type="image/png",
    )
    return {"type": "image", "attachment_id": stored.json()["attachment_id"], "alt": "a cat"}


def chat(person: Person, session: dict[str, Any], **body: Any) -> Any:
    return person.client.post(path(session, "chat"), body)


def test_a_question_with_a_picture_is_stored_and_answered(
    alice: Person, session: dict[str, Any], picture: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("A cat."))
    asked = chat(alice, session, content="What is this?", parts=[picture]).json()["user_message"]

    assert asked["content"] == "What is this?"
    assert asked["parts"][0] == {"type": "text", "text": "What is this?"}
    assert asked["parts"][1].items() >= (picture | {"name": "cat.png", "width": 64}).items()
    sent = model.asked[0][-1]["content"]
    assert [part["type"] for part in sent] == ["text", "image_url"]


def test_a_picture_alone_is_a_question(
    alice: Person, session: dict[str, Any], picture: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("A cat."))
    answer = chat(alice, session, parts=[picture])

    assert answer.status_code == 200, answer.content
    assert answer.json()["user_message"]["content"] == "[image: cat.png, a cat]"


def test_the_same_question_again_stores_nothing_twice(
    alice: Person, session: dict[str, Any], picture: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("A cat."))
    first = chat(alice, session, content="What?", parts=[picture], client_id="k").json()
    again = chat(alice, session, content="What?", parts=[picture], client_id="k").json()

    assert again["user_message"] == first["user_message"]
    assert alice.client.get(path(session)).json()["message_count"] == 2


def test_a_question_written_in_place_of_another_may_keep_its_picture(
    alice: Person, session: dict[str, Any], picture: dict[str, Any], model: ScriptedModel
):
    model.scripts += [Script("A cat."), Script("Black.")]
    chat(alice, session, content="What is this?", parts=[picture])
    edited = chat(alice, session, content="Which colour?", parts=[picture], replaces=1).json()

    assert edited["user_message"]["replaces"] == 1
    assert edited["user_message"]["parts"][1]["attachment_id"] == picture["attachment_id"]


def test_what_is_wrong_with_parts_is_named_and_nothing_is_stored(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    unknown = {"type": "image", "attachment_id": "att_" + "0" * 32}
    different = [{"type": "text", "text": "y"}]
    for body, attr, code in (
        ({"parts": [unknown]}, "parts.0.attachment_id", "attachment_not_found"),
        ({"parts": [{"type": "film"}]}, "parts", "invalid"),
        ({"content": "x", "parts": different}, "content", "invalid"),
    ):
        response = chat(alice, session, **body)
        error = response.json()["errors"][0]
        assert (response.status_code, error["attr"], error["code"]) == (400, attr, code)
    response = chat(alice, session, parts=None)
    assert response.json() == invalid("content", "This field is required.", "required")
    assert model.asked == []
    assert alice.client.get(path(session)).json()["message_count"] == 0

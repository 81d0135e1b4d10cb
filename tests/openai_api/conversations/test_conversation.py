"""`/v1/conversations` and `/v1/conversations/{id}`."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.bodies import path
from tests.openai_api.calls import error
from tests.openai_api.conversations import calls
from tests.openai_api.conversations.calls import URL

NO_SESSION = error("No such session.", "not_found")


def test_it_creates_a_conversation_with_items_and_metadata(alice):
    response = calls.create(alice, calls.user("Hello"), metadata={"topic": "demo"})
    body = response.json()
    assert response.status_code == 200
    assert body == {
        "id": body["id"],
        "object": "conversation",
        "created_at": pytest.approx(datetime.now(UTC).timestamp(), abs=60),
        "metadata": {"topic": "demo"},
    }
    assert body["id"].startswith("conv_")
    assert calls.texts(calls.items(alice, body["id"])) == ["Hello"]


@pytest.mark.parametrize("body", [{}, {"items": None, "metadata": None}, {"items": []}])
def test_it_creates_an_empty_conversation(alice, body):
    response = alice.client.post(URL, body)
    assert response.json()["metadata"] == {}
    assert calls.items(alice, response.json()["id"]) == []


def test_a_conversation_is_the_session_of_its_id(alice):
    conversation_id = calls.created(alice, calls.user("Hello"), metadata={"a": "b"})
    session = alice.client.get(path(calls.session_of(conversation_id))).json()
    assert (session["metadata"], session["message_count"]) == ({"a": "b"}, 1)


def test_a_session_is_the_conversation_of_its_id(alice, session):
    shown = alice.client.get(f"{URL}/{calls.name(session)}").json()
    assert (shown["id"], shown["metadata"]) == (calls.name(session), session["metadata"])


def test_it_replaces_the_metadata(alice):
    conversation_id = calls.created(alice, metadata={"a": "1", "b": "2"})
    updated = alice.client.post(f"{URL}/{conversation_id}", {"metadata": {"a": "3"}})
    assert updated.status_code == 200
    assert updated.json()["metadata"] == {"a": "3"}
    assert alice.client.get(f"{URL}/{conversation_id}").json() == updated.json()


def test_null_clears_the_metadata(alice):
    conversation_id = calls.created(alice, metadata={"a": "1"})
    updated = alice.client.post(f"{URL}/{conversation_id}", {"metadata": None})
    assert updated.json()["metadata"] == {}


def test_it_deletes_the_conversation_and_the_session(alice):
    conversation_id = calls.created(alice, calls.user("Hello"))
    response = alice.client.delete(f"{URL}/{conversation_id}")
    assert response.status_code == 200
    assert response.json() == {
        "id": conversation_id,
        "object": "conversation.deleted",
        "deleted": True,
    }
    assert alice.client.get(f"{URL}/{conversation_id}").json() == NO_SESSION
    assert alice.client.get(path(calls.session_of(conversation_id))).status_code == 404


def _requests(conversation_id: str) -> list[tuple[str, str, Any]]:
    url = f"{URL}/{conversation_id}"
    return [
        ("get", url, None),
        ("post", url, {"metadata": {}}),
        ("delete", url, None),
        ("get", f"{url}/items", None),
        ("post", f"{url}/items", {"items": [calls.user("x")]}),
        ("get", f"{url}/items/msg_1", None),
        ("delete", f"{url}/items/msg_1", None),
    ]


def test_a_stranger_and_an_unknown_id_get_the_same_answer(alice, bob):
    conversation_id = calls.created(alice, calls.user("Hello"))
    for owned, unknown in zip(_requests(conversation_id), _requests(calls.UNKNOWN), strict=True):
        for method, url, body in (owned, unknown):
            response = getattr(bob.client, method)(url, body)
            assert (response.status_code, response.json()) == (404, NO_SESSION), (method, url)
    assert calls.texts(calls.items(alice, conversation_id)) == ["Hello"]


def test_nobody_gets_in_without_a_key(anybody):
    for method, url, body in _requests(calls.UNKNOWN):
        response = getattr(anybody, method)(url, body)
        assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


def test_an_expired_conversation_is_gone(alice, session, expire):
    expire(session)
    for method, url, body in _requests(calls.name(session)):
        if method == "delete" and url.endswith(calls.name(session)):
            continue
        response = getattr(alice.client, method)(url, body)
        assert (response.status_code, response.json()["error"]["code"]) == (410, "session_expired")


def test_an_archived_conversation_is_read_and_not_written(alice, archive):
    conversation_id = calls.created(alice, calls.user("Hello"))
    archive(calls.session_of(conversation_id))
    assert alice.client.get(f"{URL}/{conversation_id}").status_code == 200
    [item] = calls.items(alice, conversation_id)
    assert calls.item(alice, conversation_id, item["id"]).json() == item
    written = (
        calls.add(alice, conversation_id, calls.user("x")),
        calls.remove(alice, conversation_id, item["id"]),
        alice.client.post(f"{URL}/{conversation_id}", {"metadata": {}}),
    )
    for response in written:
        assert (response.status_code, response.json()["error"]["code"]) == (409, "session_archived")
        assert response.headers["X-Should-Retry"] == "false"


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"title": "x"}, "title", "unknown_parameter"),
        ({"items": "x"}, "items", "invalid_value"),
        ({"items": [calls.user("x")] * 21}, "items", "array_above_max_length"),
        ({"items": [{"role": "user"}]}, "items.0.content", "missing_required_parameter"),
        ({"items": [calls.user("")]}, "items.0.content", "invalid_value"),
        ({"metadata": []}, "metadata", "invalid_value"),
        ({"metadata": {"a": 1}}, "metadata", "invalid_value"),
        ({"metadata": {f"k{n}": "" for n in range(17)}}, "metadata", "invalid_value"),
        ({"metadata": {"k" * 65: ""}}, "metadata", "invalid_value"),
        ({"metadata": {"k": "v" * 513}}, "metadata", "invalid_value"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_by_the_members_name(alice, body, param, code):
    response = alice.client.post(URL, body)
    problem = response.json()["error"]
    assert (response.status_code, problem["param"], problem["code"]) == (400, param, code)
    assert problem["type"] == "invalid_request_error"
    assert alice.client.get("/session").json()["results"] == []


def test_as_much_metadata_as_openai_takes_is_kept(alice):
    metadata = {f"{n:02}" + "k" * 62: "v" * 512 for n in range(16)}
    conversation_id = calls.created(alice, metadata=metadata)
    assert alice.client.get(f"{URL}/{conversation_id}").json()["metadata"] == metadata


def test_an_update_needs_metadata(alice, session):
    response = alice.client.post(f"{URL}/{calls.name(session)}", {})
    assert (response.status_code, response.json()) == (
        400,
        error("This parameter is required.", "missing_required_parameter", "metadata"),
    )


def test_a_trailing_slash_is_taken(alice):
    conversation_id = alice.client.post(f"{URL}/", {}).json()["id"]
    for url in (f"{URL}/{conversation_id}/", f"{URL}/{conversation_id}/items/"):
        assert alice.client.get(url).status_code == 200


def test_a_conversation_under_legal_hold_is_not_deleted(alice, database):
    conversation_id = calls.created(alice, calls.user("Hello"))
    held = {"$set": {"legal_hold": True}}
    database.sessions.update_one({"_id": conversation_id.removeprefix("conv_")}, held)
    [item] = calls.items(alice, conversation_id)
    for response in (
        alice.client.delete(f"{URL}/{conversation_id}"),
        calls.remove(alice, conversation_id, item["id"]),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (409, "legal_hold")
    assert calls.items(alice, conversation_id) == [item]

"""A member that a route does not know is refused by its name, in bodies and in query strings."""

import io
from typing import Any

import pytest

from tests import files
from tests.api.bodies import path
from tests.conftest import Person


def problems(response: Any) -> set[tuple[str, str]]:
    assert response.status_code == 400, response.content
    return {(problem["code"], problem["attr"]) for problem in response.json()["errors"]}


@pytest.fixture
def session(alice: Person) -> str:
    return path(alice.client.post("/session/create", {"messages": [{"content": "Hi"}]}).json())


@pytest.mark.parametrize(
    ("route", "body", "attr"),
    [
        ("", {"title": "Lisbon", "user_id": "bob"}, "user_id"),
        ("", {"titel": "Lisbon"}, "titel"),
        ("", {"context_policy": {"max_token": 100}}, "context_policy.max_token"),
        ("", {"messages": [{"content": "Hi", "session_id": "x"}]}, "messages.0.session_id"),
        ("/message", {"content": "Hi", "session_id": "x"}, "session_id"),
        ("/messages", {"messages": [{"content": "Hi"}], "tools": []}, "tools"),
        ("/chat", {"content": "Hi", "temperatur": 1}, "temperatur"),
        ("/chat/regenerate", {"content": "Hi"}, "content"),
        ("/chat/cancel", {"turn_id": "x"}, "turn_id"),
        ("/context/reset", {"undo": True, "all": True}, "all"),
        ("/fork", {"up_to": 1}, "up_to"),
        ("/message", {"parts": [{"type": "text", "text": "Hi", "x": 1}]}, "parts"),
        ("/archive", {"user_id": "bob"}, "user_id"),
        ("/restore", {"user_id": "bob"}, "user_id"),
    ],
)
def test_a_body(alice: Person, session: str, route: str, body: dict[str, Any], attr: str):
    url = f"{session}{route}" if route else "/session/create"
    assert problems(alice.client.post(url, body)) == {("unknown_parameter", attr)}


def test_a_change(alice: Person, session: str):
    response = alice.client.patch(session, {"title": "Lisbon", "status": "archived"})
    assert problems(response) == {("unknown_parameter", "status")}
    assert alice.client.get(session).json()["title"] == ""


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("get", "/messages"),
        ("post", "/message"),
        ("post", "/messages"),
        ("delete", "/messages/1"),
        ("put", "/messages/1/current"),
        ("put", "/messages/1/feedback"),
        ("delete", "/messages/1/feedback"),
        ("get", "/context"),
        ("post", "/context/reset"),
        ("get", "/topics"),
        ("post", "/chat"),
        ("get", "/chat/stream"),
        ("post", "/chat/cancel"),
        ("post", "/chat/regenerate"),
        ("post", "/fork"),
        ("post", "/archive"),
        ("post", "/restore"),
        ("get", "/export"),
        ("post", "/attachments"),
    ],
)
def test_a_query_of_a_session(alice: Person, session: str, method: str, route: str):
    response = getattr(alice.client, method)(f"{session}{route}?bogus=1")
    assert problems(response) == {("unknown_parameter", "bogus")}
    assert alice.client.get(session).json()["message_count"] == 1


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("get", "/session"),
        ("post", "/session/create"),
        ("get", "/session/search?q=hi"),
        ("get", "/attachments/att_1"),
        ("get", "/attachments/att_1/facts"),
        ("get", "/attachments/att_1/thumbnail"),
    ],
)
def test_a_query_elsewhere(alice: Person, method: str, route: str):
    url = f"{route}{'&' if '?' in route else '?'}user_id=bob"
    assert problems(getattr(alice.client, method)(url)) == {("unknown_parameter", "user_id")}


def test_it_is_named_beside_what_else_is_wrong(alice: Person):
    response = alice.client.post("/session/create", {"title": 7, "titel": "x"})
    assert problems(response) == {("invalid", "title"), ("unknown_parameter", "titel")}


def test_a_member_of_a_query_stands_once(alice: Person):
    response = alice.client.get("/session?limit=5&limit=50")
    assert problems(response) == {("repeated_parameter", "limit")}


def test_of_very_many_a_few_are_named_and_none_at_length(alice: Person):
    response = alice.client.post("/session/create", {f"{n:03}" * 100: n for n in range(500)})
    assert response.status_code == 400
    named = response.json()["errors"]
    assert 1 <= len(named) <= 20
    assert all(len(problem["attr"]) <= 100 for problem in named)


def test_a_method_that_there_is_not_stays_one(alice: Person, session: str):
    assert alice.client.put(f"{session}?bogus=1", {}).status_code == 405


def test_strangers_learn_nothing_of_members(client: Any):
    assert client.get("/session?bogus=1").status_code == 401


def test_a_field_of_an_upload(alice: Person, session: str):
    form = {"file": io.BytesIO(files.picture()), "user_id": "bob"}
    response = alice.client.post(f"{session}/attachments", form, format="multipart")
    assert problems(response) == {("unknown_parameter", "user_id")}


def test_a_file_of_an_upload_stands_once(alice: Person, session: str):
    form = {"file": [io.BytesIO(files.picture()), io.BytesIO(files.PDF)]}
    response = alice.client.post(f"{session}/attachments", form, format="multipart")
    assert problems(response) == {("repeated_parameter", "file")}

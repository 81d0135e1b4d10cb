"""One damaged document: its own routes say 500, and everything else goes on."""

import re
from typing import Any

import pytest

from tests.api.conftest import Append
from tests.commands.conftest import Run, run
from tests.conftest import Create, Person
from tests.drills import Saw
from tests.repository.conftest import append_many

__all__ = ["run"]

pytestmark = pytest.mark.mongod("wrong types are refused by MongoDB's own operators")

DETAIL = (
    "What is stored of this session is damaged and cannot be read. Tell the service's operator "
    "the id of this request."
)
# Each field of a session that a header shows, and something that it is not.
HEADER = {
    "title": 7, "metadata": "x", "metadata.0": {"k": 7}, "status": "asleep", "tail_start": "x",
    "tail_bytes": "x",
    "message_count": "many", "token_count": None, "context_policy": 7,
    "context_policy.strategy": "telepathy", "context_policy.on_topic_shift": 7,
    "context_policy.max_tokens": "x", "context_policy.max_messages": None, "context_start": "x",
    "context_resets": 7, "topic": 7, "topic.recent": [[1]], "turn": 7, "turn.deadline": "soon",
    "version": "x", "created_at": "yesterday", "updated_at": 7, "ttl_seconds": "long",
    "expires_at": "never", "archived_at": 7, "legal_hold": "yes", "external_id": 7,
}  # fmt: skip
WHOLE = {
    "topic": {"judged": 1, "current": 1, "start_seq": 1, "recent": [[1, 1]]},
    "turn": {"id": "turn_1", "owner": "here/1"},
    "metadata": [{"k": "a", "v": "b"}],
}
MESSAGES = {
    "messages": 7, "messages.0": "x", "messages.0.role": "oracle", "messages.0.content": 7,
    "messages.0.timestamp": "then", "messages.0.token_count": "x", "messages.0.id": 7,
    "messages.0.tool_calls": 7, "messages.0.metadata": 7, "messages.0.generation": 7,
    "messages.0.deleted": "no", "messages.0.superseded_by": "x", "messages.0.extra": "{",
    "messages.0.parts": "{", "messages.0.items": "{", "messages.0.reasoning": 7,
}  # fmt: skip


def damage(database: Any, session_id: str, field: str, value: Any) -> None:
    whole = {name: made for name, made in WHOLE.items() if field.startswith(f"{name}.")}
    if whole:
        database.sessions.update_one({"_id": session_id}, {"$set": whole})
    database.sessions.update_one({"_id": session_id}, {"$set": {field: value}})


def assert_damaged(response: Any) -> None:
    assert response.status_code == 500, response.content
    assert response.json() == {
        "type": "server_error",
        "errors": [{"code": "session_damaged", "detail": DETAIL, "attr": None}],
        "request_id": response.headers["X-Request-Id"],
    }


@pytest.mark.drill(7, "a session's document is damaged: context_policy is 7")
def test_one_damaged_document_breaks_nothing_but_itself(
    alice: Person, create: Create, run: Run, database: Any, saw: Saw
):
    damaged, whole = (create(messages=[{"content": "x"}])["session_id"] for _ in range(2))
    damage(database, damaged, "context_policy", 7)
    assert len(alice.client.get("/session").json()["results"]) == 2
    assert_damaged(alice.client.get(f"/session/{damaged}"))
    assert alice.client.get(f"/session/{whole}").status_code == 200
    check = run("check_integrity", "--json")
    assert (check.code, check.json()["checked"]) == (1, 2)
    assert [each["session_id"] for each in check.json()["findings"]] == [damaged]
    saw(
        "the list has it as damaged, its route is a 500 with a request id, check_integrity names it"
    )


@pytest.mark.parametrize("field", HEADER)
def test_a_list_shows_a_damaged_session_as_such_beside_the_others(
    alice: Person, create: Create, database: Any, field: str
):
    damaged, whole = (create(messages=[{"content": "x"}])["session_id"] for _ in range(2))
    damage(database, damaged, field, HEADER[field])
    response = alice.client.get("/session")
    assert response.status_code == 200
    shown = {each["session_id"]: each for each in response.json()["results"]}
    assert shown.keys() == {damaged, whole}
    assert shown[damaged]["damaged"] is True
    assert "damaged" not in shown[whole]
    assert alice.client.get(f"/session/{whole}").status_code == 200


@pytest.mark.parametrize("field", HEADER)
def test_the_route_of_a_damaged_session_says_500_with_a_code_and_its_request_id(
    alice: Person, create: Create, database: Any, field: str
):
    session_id = create(messages=[{"content": "x"}])["session_id"]
    damage(database, session_id, field, HEADER[field])
    assert_damaged(alice.client.get(f"/session/{session_id}"))
    assert_damaged(alice.client.get(f"/session/{session_id}/messages"))


@pytest.mark.parametrize("field", MESSAGES)
def test_so_does_one_with_a_damaged_message_and_lists_do_not_mind_it(
    alice: Person, create: Create, database: Any, field: str
):
    session_id = create(messages=[{"content": "x"}])["session_id"]
    damage(database, session_id, field, MESSAGES[field])
    assert_damaged(alice.client.get(f"/session/{session_id}"))
    assert_damaged(alice.client.get(f"/session/{session_id}/messages"))
    assert_damaged(alice.client.get(f"/session/{session_id}/context"))
    assert alice.client.get("/session").json()["results"][0]["session_id"] == session_id
    assert alice.client.get("/session/search?q=hello").status_code == 200


@pytest.mark.parametrize("field", ["messages", "first_seq", "messages.0.role", "messages.0"])
def test_so_does_one_with_a_damaged_bucket(
    alice: Person, create: Create, database: Any, field: str
):
    session_id = create()["session_id"]
    database.sessions.update_one({"_id": session_id}, {"$set": {"user_id": "owner"}})
    append_many(session_id, [f"m{n}" for n in range(300)])
    database.sessions.update_one({"_id": session_id}, {"$set": {"user_id": alice.id}})
    database.message_buckets.update_many({"session_id": session_id}, {"$set": {field: "broken"}})
    assert_damaged(alice.client.get(f"/session/{session_id}/messages?limit=100"))
    # What lies in the tail alone is whole.
    assert alice.client.get(f"/session/{session_id}?limit=10").status_code == 200


@pytest.mark.parametrize("field", ["count", "vectors", "topics", "shifts", "encoder"])
def test_damaged_annotations_are_made_again(
    alice: Person, create: Create, append: Append, database: Any, field: str
):
    session = create()
    for n in range(3):
        append(session, content=f"ferns and light {n}")
    path = f"/session/{session['session_id']}"
    assert alice.client.get(f"{path}/topics").status_code == 200
    database.message_annotations.update_many({}, {"$set": {field: "broken" if field != "encoder"
                                                           else 7}})  # fmt: skip
    assert alice.client.get(f"{path}/context").status_code == 200
    assert alice.client.get(f"{path}/topics").status_code == 200


def test_an_append_to_a_session_of_an_unknown_strategy_is_stored(
    alice: Person, create: Create, append: Append, database: Any
):
    session = create()
    damage(database, session["session_id"], "context_policy", {**POLICY, "strategy": "telepathy"})
    assert append(session, content="kept")["seq"] == 1


POLICY = {"max_tokens": 4000, "max_messages": 100, "on_topic_shift": "keep"}


def test_a_request_id_that_is_sent_comes_back_and_one_that_is_unsafe_does_not(alice: Person):
    mine = alice.client.get("/session", HTTP_X_REQUEST_ID="trace-1")
    assert mine.headers["X-Request-Id"] == "trace-1"
    unsafe = alice.client.get("/session", HTTP_X_REQUEST_ID="a b\x00")
    assert re.fullmatch("[A-Za-z0-9_-]{16}", unsafe.headers["X-Request-Id"])

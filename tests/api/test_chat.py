"""`POST /session/{id}/chat`, answered as a whole."""

from typing import Any

from tests.api.bodies import ARCHIVED, EXPIRED, NO_TOKEN, invalid, path, too_large
from tests.conftest import Person
from tests.services.turns.scripted import Script, ScriptedModel

KEYS = [
    "id", "seq", "role", "content", "timestamp", "token_count", "topic", "topic_shift",
    "client_id", "name", "tool_calls", "tool_call_id", "metadata", "deleted", "generation",
    "superseded_by",
]  # fmt: skip


def chat(person: Person, session: dict[str, Any], content: str = "Hello?", **more: Any) -> Any:
    return person.client.post(path(session, "chat"), {"content": content, **more})


def test_it_stores_the_question_and_the_reply_and_answers_with_both(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("Three", " that I know of."))

    response = chat(alice, session, "Which hotels take dogs?", client_id="k")

    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["user_message", "assistant_message", "context"]
    asked, reply = body["user_message"], body["assistant_message"]
    assert list(asked) == list(reply) == KEYS
    assert (asked["seq"], asked["role"], asked["content"], asked["client_id"]) == (
        1, "user", "Which hotels take dogs?", "k",
    )  # fmt: skip
    assert (reply["seq"], reply["role"], reply["content"]) == (
        2, "assistant", "Three that I know of.",
    )  # fmt: skip
    assert body["context"] == {"token_count": asked["token_count"] + 4, "kept": 1, "dropped": 0}
    listed = alice.client.get(path(session, "messages")).json()["results"]
    assert [m["id"] for m in listed] == [asked["id"], reply["id"]]
    assert listed[1]["generation"] == reply["generation"]


def test_the_reply_says_how_it_was_generated(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("One", " two", finish_reason="length"))

    made = chat(alice, session).json()["assistant_message"]["generation"]

    assert made.pop("turn_id").startswith("turn_")
    assert made == {
        "reply_to": 1,
        "model": "scripted-1",
        "finish_reason": "length",
        "prompt_tokens": 20,
        "completion_tokens": 2,
    }


def test_the_model_is_sent_the_window(alice: Person, create: Any, model: ScriptedModel):
    session = create(system_prompt="You plan trips.", messages=[{"content": "I have a dog."}])

    chat(alice, session, "Which hotels?", model="other", max_tokens=7)

    assert model.asked == [
        [
            {"role": "system", "content": "You plan trips."},
            {"role": "user", "content": "I have a dog."},
            {"role": "user", "content": "Which hotels?"},
        ]
    ]
    assert model.calls == [{"model": "other", "max_tokens": 7, "options": {}}]


def test_the_session_is_free_again_afterwards(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    for turn in (1, 2):
        assert chat(alice, session, f"question {turn}").status_code == 200
    read = alice.client.get(path(session)).json()
    assert read["turn_in_progress"] is False
    assert [m["role"] for m in read["messages"]] == ["user", "assistant"] * 2


def test_the_header_serves_as_the_key(alice: Person, session: dict[str, Any], model: ScriptedModel):
    answers = [
        alice.client.post(
            path(session, "chat"), {"content": "Hello?"}, headers={"Idempotency-Key": "k"}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(model.asked) == 1


def test_it_needs_a_token(anybody: Any, session: dict[str, Any]):
    response = anybody.post(path(session, "chat"), {"content": "Hello?"})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_it_is_hidden_from_strangers(hidden: Any, model: ScriptedModel):
    hidden("post", "chat", body={"content": "Hello?", "client_id": "k"})
    assert model.asked == []


def test_an_archived_session_takes_none(
    alice: Person, session: dict[str, Any], archive: Any, model: ScriptedModel
):
    archive(session)
    response = chat(alice, session)
    assert (response.status_code, response.json()) == (409, ARCHIVED)
    assert model.asked == []


def test_an_expired_session_takes_none(
    alice: Person, session: dict[str, Any], expire: Any, model: ScriptedModel
):
    expire(session)
    response = chat(alice, session)
    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_what_is_wrong_is_named(alice: Person, session: dict[str, Any], model: ScriptedModel):
    for body, attr, detail, code in (
        ({}, "content", "This field is required.", "required"),
        ({"content": ""}, "content", "This field may not be blank.", "blank"),
        ({"content": 1}, "content", "Not a valid string.", "invalid"),
        ({"content": "x", "stream": "yes"}, "stream", "Must be a valid boolean.", "invalid"),
        ({"content": "x", "max_tokens": 0}, "max_tokens",
         "Ensure this value is greater than or equal to 1.", "min_value"),
    ):  # fmt: skip
        response = alice.client.post(path(session, "chat"), body)
        assert (response.status_code, response.json()) == (400, invalid(attr, detail, code))
    assert model.asked == []
    assert alice.client.get(path(session)).json()["message_count"] == 0


def test_a_question_over_the_limit_is_refused(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    response = chat(alice, session, "x" * 500_001)
    assert (response.status_code, response.json()) == (
        413, too_large("At most 500000 characters are allowed.", "content"),
    )  # fmt: skip


def test_a_question_that_is_longer_than_the_window_is_cut_and_answered(
    alice: Person, create: Any, model: ScriptedModel
):
    session = create(context_policy={"max_tokens": 64})
    response = chat(alice, session, "word " * 500)
    assert response.status_code == 200
    assert response.json()["user_message"]["content"] == "word " * 500
    [asked] = model.asked[0]
    assert "characters left out" in asked["content"]
    assert response.json()["context"]["token_count"] <= 64


def test_a_prompt_that_fits_no_window_is_kept_and_said_to(
    alice: Person, create: Any, model: ScriptedModel
):
    session = create(context_policy={"max_tokens": 64}, system_prompt="word " * 500)
    response = chat(alice, session, "Hello?")
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "context_length_exceeded"
    read = alice.client.get(path(session)).json()
    assert (read["message_count"], read["turn_in_progress"]) == (2, False)
    assert model.asked == []

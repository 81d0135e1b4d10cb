"""`POST /session/{id}/chat/regenerate`: another reply; the one before it stays to be seen."""

from typing import Any

import pytest

from sessions_app.domain.errors import ProviderError
from sessions_app.services.audits import integrity
from tests.api.bodies import ARCHIVED, EXPIRED, NO_TOKEN, invalid, path
from tests.conftest import Person, error
from tests.services.turns import events
from tests.services.turns.api import cancel, chat, read, regenerate, said
from tests.services.turns.scripted import Script, ScriptedModel


def messages(person: Person, session: Any) -> list[dict[str, Any]]:
    return person.client.get(path(session, "messages"), {"limit": 500}).json()["results"]


@pytest.fixture
def answered(alice: Person, session: Any, model: ScriptedModel) -> Any:
    """A session with a question and a reply."""
    model.scripts.append(Script("First."))
    chat(alice, session, "Which hotels?")
    model.scripts.append(Script("Second."))
    return session


def test_it_gives_another_reply_to_the_last_question(
    alice: Person, answered: Any, model: ScriptedModel
):
    response = regenerate(alice, answered)
    assert response.status_code == 200
    body = response.json()
    assert body["user_message"]["seq"] == 1
    reply = body["assistant_message"]
    assert (reply["seq"], reply["content"], reply["superseded_by"]) == (3, "Second.", None)
    assert reply["generation"]["reply_to"] == 1
    assert said(alice, answered) == [
        ("user", "Which hotels?"), ("assistant", "First."), ("assistant", "Second."),
    ]  # fmt: skip


def test_the_old_reply_says_what_took_its_place(alice: Person, answered: Any):
    regenerate(alice, answered)
    regenerate(alice, answered)
    found = messages(alice, answered)
    assert [message["superseded_by"] for message in found] == [None, 3, 4, None]
    assert {m["generation"]["reply_to"] for m in found if m["generation"]} == {1}


def test_the_model_is_not_sent_the_old_reply(alice: Person, answered: Any, model: ScriptedModel):
    regenerate(alice, answered)
    chat(alice, answered, "And in Porto?")
    assert [[m["content"] for m in asked] for asked in model.asked[1:]] == [
        ["Which hotels?"],
        ["Which hotels?", "Second.", "And in Porto?"],
    ]


def test_the_window_says_why(alice: Person, answered: Any):
    regenerate(alice, answered)
    for strategy in ("recent", "topic", "relevant", "hybrid"):
        shown = alice.client.get(path(answered, "context"), {"strategy": strategy}).json()
        reasons = {each["seq"]: (each["kept"], each["reason"]) for each in shown["plan"]}
        assert reasons[2] == (False, "superseded")
        assert reasons[3][0] is True


def test_it_streams_too(alice: Person, answered: Any):
    found = events.read(regenerate(alice, answered, stream=True))
    assert events.names(found) == ["context", "delta", "message", "done"]
    assert found[0].data["user_message"]["seq"] == 1
    assert events.text(found) == "Second."


def test_a_failure_leaves_the_old_reply_in_place(
    alice: Person, answered: Any, model: ScriptedModel
):
    model.scripts[:] = [Script("Sec", error=ProviderError())]
    assert regenerate(alice, answered).status_code == 502
    assert [m["superseded_by"] for m in messages(alice, answered)] == [None, None]
    chat(alice, answered, "And in Porto?")
    assert [m["content"] for m in model.asked[-1]] == ["Which hotels?", "First.", "And in Porto?"]


def test_a_cancelled_one_takes_the_place_with_what_was_said(
    alice: Person, answered: Any, model: ScriptedModel
):
    model.scripts[:] = [Script("Sec", "ond.", gates=[1])]
    events.until(regenerate(alice, answered, stream=True), "delta")
    reply = cancel(alice, answered).json()["assistant_message"]
    assert (reply["content"], reply["generation"]["finish_reason"]) == ("Sec", "cancelled")
    assert [m["superseded_by"] for m in messages(alice, answered)] == [None, 3, None]


def test_what_a_tool_said_since_is_superseded_too(
    alice: Person, session: Any, append: Any, model: ScriptedModel
):
    append(session, "Weather?")
    calls = [{"id": "c1", "type": "function", "function": {"name": "w", "arguments": "{}"}}]
    append(session, "", role="assistant", tool_calls=calls)
    append(session, "Rain", role="tool", tool_call_id="c1")
    append(session, "It rains.", role="assistant")
    regenerate(alice, session)
    assert model.asked == [[{"role": "user", "content": "Weather?"}]]
    assert [m["superseded_by"] for m in messages(alice, session)] == [None, 5, 5, 5, None]


def test_a_question_without_a_reply_gets_its_first(
    alice: Person, session: Any, append: Any, model: ScriptedModel
):
    append(session, "Hello?")
    assert regenerate(alice, session).json()["assistant_message"]["seq"] == 2


def test_after_a_reset_the_question_is_shown_alone(
    alice: Person, answered: Any, model: ScriptedModel
):
    assert alice.client.post(path(answered, "context", "reset"), {}).status_code == 200
    assert regenerate(alice, answered).status_code == 200
    assert model.asked[-1] == [{"role": "user", "content": "Which hotels?"}]


def test_the_mark_survives_the_way_to_the_buckets(
    alice: Person, answered: Any, fill: Any, database: Any
):
    regenerate(alice, answered)
    fill(answered, 150)
    assert database.message_buckets.count_documents({}) > 0
    found = messages(alice, answered)
    assert [m["superseded_by"] for m in found[:3]] == [None, 3, None]
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_reply_that_has_left_the_tail_is_marked_where_it_is(
    alice: Person, session: Any, model: ScriptedModel, database: Any, no_encoder: Any
):
    batch = [{"role": "user", "content": "Hello?"}]
    batch += [{"role": "assistant", "content": f"part {n}"} for n in range(99)]
    for part in (batch, batch[1:]):
        alice.client.post(path(session, "messages"), {"messages": part})
    assert database.message_buckets.count_documents({}) > 0
    assert regenerate(alice, session).status_code == 200
    found = messages(alice, session)
    assert {m["superseded_by"] for m in found[1:-1]} == {200}
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []


def test_a_fork_before_the_new_reply_has_the_old_one_again(alice: Person, answered: Any):
    regenerate(alice, answered)
    fork = alice.client.post(path(answered, "fork"), {"up_to_seq": 2}).json()
    assert [m["superseded_by"] for m in messages(alice, fork)] == [None, None]
    whole = alice.client.post(path(answered, "fork"), {}).json()
    assert [m["superseded_by"] for m in messages(alice, whole)] == [None, 3, None]


def test_an_export_shows_both(alice: Person, answered: Any):
    regenerate(alice, answered)
    exported = alice.client.get(path(answered, "export")).getvalue()
    assert b'"superseded_by":3' in exported
    markdown = alice.client.get(path(answered, "export"), {"format": "markdown"}).getvalue()
    assert "*superseded by 3*\n\nFirst." in markdown.decode()


def test_an_erased_reply_leaves_no_word(alice: Person, answered: Any, database: Any):
    regenerate(alice, answered)
    for seq in (2, 3):
        assert alice.client.delete(path(answered, "messages", seq)).status_code == 204
    stored = str(list(database.sessions.find()) + list(database.turns.find()))
    assert "First." not in stored
    assert "Second." not in stored


def test_without_a_question_there_is_nothing_to_answer(
    alice: Person, session: Any, append: Any, model: ScriptedModel
):
    append(session, "You plan trips.", role="system")
    response = regenerate(alice, session)
    assert (response.status_code, response.json()) == (
        409, error("nothing_to_answer", "The session has no user message to reply to."),
    )  # fmt: skip
    assert read(alice, session)["turn_in_progress"] is False
    assert chat(alice, session).status_code == 200


def test_what_is_wrong_is_named(alice: Person, answered: Any):
    response = regenerate(alice, answered, stream=1)
    assert (response.status_code, response.json()) == (
        400, invalid("stream", "Must be a valid boolean."),
    )  # fmt: skip


def test_it_is_hidden_from_strangers(hidden: Any, model: ScriptedModel):
    hidden("post", "chat", "regenerate", body={"client_id": "k"})
    assert model.asked == []


def test_it_needs_a_token(anybody: Any, session: Any):
    response = anybody.post(path(session, "chat", "regenerate"), {})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_archived_and_expired_sessions_take_none(
    alice: Person, create: Any, archive: Any, expire: Any, model: ScriptedModel
):
    archived, expired = create(), create()
    archive(archived)
    expire(expired)
    for session, status, body in ((archived, 409, ARCHIVED), (expired, 410, EXPIRED)):
        response = regenerate(alice, session)
        assert (response.status_code, response.json()) == (status, body)


def test_a_stream_can_be_taken_up_again(alice: Person, answered: Any, model: ScriptedModel):
    model.scripts[:] = [Script("Sec", "ond.", gates=[1])]
    events.until(regenerate(alice, answered, stream=True, client_id="r"), "delta")
    model.played[-1].open()
    again = regenerate(alice, answered, stream=False, client_id="r").json()
    assert again["assistant_message"]["content"] == "Second."

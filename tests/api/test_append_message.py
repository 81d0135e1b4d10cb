"""`POST /session/{id}/message`."""

from datetime import datetime, timedelta

import pytest

from tests.api.bodies import (
    ARCHIVED,
    CONTROLS,
    EXPIRED,
    NO_SESSION,
    NO_TOKEN,
    UNKNOWN,
    invalid,
    path,
    too_large,
)

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Lisbon"}'},
}
EMPTY = "May be empty only beside tool_calls."
STRING = "Not a valid string."


def post(person, session, body, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.client.post(path(session, "message"), body, headers=names)


def test_it_appends_a_message(alice, session):
    response = post(alice, session, {"content": "Hello"})
    message = response.json()
    own = {name: message.pop(name) for name in ("id", "timestamp")}
    assert response.status_code == 201
    assert message == {
        "seq": 1,
        "role": "user",
        "content": "Hello",
        "token_count": 1,
        "topic": None,
        "topic_shift": False,
        "client_id": None,
        "name": None,
        "tool_calls": None,
        "tool_call_id": None,
        "metadata": {},
        "deleted": False,
        "generation": None,
        "superseded_by": None,
    }
    assert own["id"].startswith("msg_")
    assert own["timestamp"] >= session["created_at"]


def test_it_takes_every_field(alice, session):
    body = {
        "role": "assistant",
        "content": "One moment.",
        "client_id": "k-1",
        "name": "helper",
        "tool_calls": [CALL],
        "metadata": {"model": "x", "a.b": "$c"},
    }
    message = post(alice, session, body).json()
    assert {name: message[name] for name in body} == body


def test_what_it_answers_is_what_is_read_later(alice, session, append):
    message = append(session, role="assistant", tool_calls=[CALL], metadata={"a": "b"})
    assert alice.client.get(path(session)).json()["messages"] == [message]


def test_a_tool_answers_a_call(alice, session):
    message = post(
        alice, session, {"role": "tool", "tool_call_id": "call_1", "content": "22 °C"}
    ).json()
    assert (message["role"], message["tool_call_id"]) == ("tool", "call_1")


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": None}])
def test_content_may_be_empty_beside_tool_calls(alice, session, body):
    response = post(alice, session, body | {"role": "assistant", "tool_calls": [CALL]})
    assert (response.status_code, response.json()["content"]) == (201, "")


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": None}, {"tool_calls": None}])
def test_content_may_not_be_empty_otherwise(alice, session, stored, body):
    before = stored()
    response = post(alice, session, body)
    assert (response.status_code, response.json()) == (400, invalid("content", EMPTY))
    assert stored() == before


def test_blank_content_is_content(alice, session):
    assert post(alice, session, {"content": " \n"}).json()["content"] == " \n"


def test_nulls_are_the_same_as_nothing(alice, session):
    names = ["client_id", "name", "tool_calls", "tool_call_id", "metadata"]
    message = post(alice, session, {"content": "x"} | dict.fromkeys(names)).json()
    assert {name: message[name] for name in names} == dict.fromkeys(names) | {"metadata": {}}


def test_texts_come_back_as_they_were_sent(alice, session, append, any_text):
    message = append(session, any_text, metadata={any_text: any_text})
    (read,) = alice.client.get(path(session)).json()["messages"]
    assert read == message
    assert (read["content"], read["metadata"]) == (any_text, {any_text: any_text})


def test_seqs_count_without_a_gap(session, append):
    assert [append(session)["seq"] for _ in range(5)] == [1, 2, 3, 4, 5]


def test_the_session_counts_along(alice, session, append):
    messages = [append(session, "one two three"), append(session, "four")]
    read = alice.client.get(path(session)).json()
    assert read["message_count"] == 2
    assert read["token_count"] == sum(m["token_count"] for m in messages)
    assert read["updated_at"] == messages[-1]["timestamp"]


def test_a_message_moves_the_timeout(alice, create, append, database):
    session = create(ttl_seconds=3_600)
    soon = datetime.fromisoformat(session["created_at"]) + timedelta(seconds=30)
    database.sessions.update_one({}, {"$set": {"expires_at": soon}})
    append(session)
    read = alice.client.get(path(session)).json()
    moments = [datetime.fromisoformat(read[name]) for name in ("updated_at", "expires_at")]
    assert moments[1] - moments[0] == timedelta(hours=1)


def test_what_is_not_the_clients_to_set_is_refused_by_name(alice, session):
    more = {"seq": 7, "id": "mine", "deleted": True, "token_count": 0, "topic": 3}
    response = post(alice, session, {"content": "x", **more})
    assert response.status_code == 400
    named = {(problem["code"], problem["attr"]) for problem in response.json()["errors"]}
    assert named == {("unknown_parameter", name) for name in more}


# --- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["x", "é", "🦉"])
def test_the_limit_counts_characters(alice, session, letter):
    response = post(alice, session, {"content": letter * 500_000})
    assert (response.status_code, response.json()["content"]) == (201, letter * 500_000)


@pytest.mark.parametrize("letter", ["x", "🦉"])
def test_it_rejects_a_message_over_the_limit(alice, session, stored, letter):
    before = stored()
    response = post(alice, session, {"content": letter * 500_001})
    detail = "At most 500000 characters are allowed."
    assert (response.status_code, response.json()) == (413, too_large(detail, "content"))
    assert stored() == before


def test_tool_calls_have_the_limit_too(alice, session, stored):
    before = stored()
    call = CALL | {"function": {"arguments": "x" * 500_000}}
    response = post(alice, session, {"role": "assistant", "tool_calls": [call]})
    detail = "At most 500000 characters are allowed."
    assert (response.status_code, response.json()) == (413, too_large(detail, "tool_calls"))
    assert stored() == before


def test_the_limit_can_be_set(alice, session, settings):
    settings.MESSAGE_MAX_CHARS = 5
    codes = [post(alice, session, {"content": "x" * n}).status_code for n in (5, 6)]
    assert codes == [201, 413]


def test_the_largest_messages_fill_a_session_without_end(alice, session, database):
    for _ in range(30):
        assert post(alice, session, {"content": "🦉" * 32_000}).status_code == 201
    page = alice.client.get(path(session, "messages?limit=500")).json()["results"]
    held = database.sessions.find_one({}, {"tail_bytes": 1})
    assert [m["seq"] for m in page] == list(range(1, 31))
    assert {m["content"] for m in page} == {"🦉" * 32_000}
    assert held["tail_bytes"] <= 512 * 1024


# --- what is wrong ------------------------------------------------------------------------------

ROLES = "Expected one of: system, user, assistant, tool."
PAIRS = "Expected an object whose values are strings."


@pytest.mark.parametrize(
    ("body", "attr", "code", "detail"),
    [
        ({"content": 5}, "content", "invalid", STRING),
        ({"content": ["x"]}, "content", "invalid", STRING),
        ({"content": {"$gt": ""}}, "content", "invalid", STRING),
        ({"content": True}, "content", "invalid", STRING),
        ({"content": "a\x00b"}, "content", "control_characters", CONTROLS),
        ({"content": "\x85"}, "content", "control_characters", CONTROLS),
        ({"role": "robot"}, "role", "invalid_choice", ROLES),
        ({"role": "User"}, "role", "invalid_choice", ROLES),
        ({"role": ""}, "role", "invalid_choice", ROLES),
        ({"role": None}, "role", "null", "This field may not be null."),
        ({"role": ["user"]}, "role", "invalid_choice", ROLES),
        ({"role": {"$ne": "x"}}, "role", "invalid_choice", ROLES),
        ({"name": 1}, "name", "invalid", STRING),
        ({"name": ""}, "name", "blank", "This field may not be blank."),
        (
            {"name": "x" * 65},
            "name",
            "max_length",
            "Ensure this field has no more than 64 characters.",
        ),
        ({"client_id": 1}, "client_id", "invalid", STRING),
        ({"client_id": {"$gt": ""}}, "client_id", "invalid", STRING),
        ({"tool_call_id": []}, "tool_call_id", "invalid", STRING),
        (
            {"tool_call_id": "x" * 129},
            "tool_call_id",
            "max_length",
            "Ensure this field has no more than 128 characters.",
        ),
        ({"metadata": [1]}, "metadata", "invalid", PAIRS),
        ({"metadata": {"a": {"$gt": ""}}}, "metadata", "invalid", PAIRS),
    ],
)
def test_it_refuses_what_is_wrong_and_names_it(alice, session, stored, body, attr, code, detail):
    before = stored()
    response = post(alice, session, {"content": "x"} | body)
    assert (response.status_code, response.json()) == (400, invalid(attr, detail, code))
    assert stored() == before


def test_an_archived_session_takes_no_messages(alice, session, archive, stored):
    archive(session)
    before = stored()
    for body in ({"content": "x"}, {"content": "x", "client_id": "k"}):
        response = post(alice, session, body)
        assert (response.status_code, response.json()) == (409, ARCHIVED)
    assert stored() == before


def test_an_expired_session_is_gone(alice, session, append, expire, stored):
    append(session, "x", client_id="k")
    expire(session)
    before = stored()
    for body in ({"content": "x"}, {"content": "x", "client_id": "k"}):
        response = post(alice, session, body)
        assert (response.status_code, response.json()) == (410, EXPIRED)
    assert stored() == before


def test_an_unknown_session_is_not_found(alice):
    response = post(alice, UNKNOWN, {"content": "x"})
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("post", "message", body={"content": "x"})
    hidden("post", "message", body={"content": "x", "client_id": "k"})


def test_a_stranger_learns_nothing_from_a_key(bob, session, append, fill):
    append(session, "secret", client_id="k")
    fill(session, 200)
    for content in ("secret", "other"):
        response = post(bob, session, {"content": content, "client_id": "k"})
        assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_it_needs_a_token(anybody, session, stored):
    before = stored()
    response = anybody.post(path(session, "message"), {"content": "x"})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before

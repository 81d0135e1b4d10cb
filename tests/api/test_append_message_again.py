"""`POST /session/{id}/message`: the same message again."""

import pytest

from tests.api.bodies import (
    CONTROLS,
    OTHER_BODY,
    invalid,
    path,
)

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Lisbon"}'},
}


def post(person, session, body, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.client.post(path(session, "message"), body, headers=names)


def test_a_repeat_gives_the_same_message(alice, session, stored):
    body = {"content": "Hello", "client_id": "k", "metadata": {"a": "b"}}
    first = post(alice, session, body)
    before = stored()
    again = post(alice, session, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert stored() == before


def test_without_a_key_a_repeat_is_another_message(alice, session):
    seqs = [post(alice, session, {"content": "Hello"}).json()["seq"] for _ in range(2)]
    assert seqs == [1, 2]


def test_the_header_serves_as_the_key(alice, session):
    first = post(alice, session, {"content": "Hello"}, Idempotency_Key="k")
    again = post(alice, session, {"content": "Hello"}, Idempotency_Key="k")
    in_body = post(alice, session, {"content": "Hello", "client_id": "k"})
    assert [r.status_code for r in (first, again, in_body)] == [201, 200, 200]
    assert first.json() == again.json() == in_body.json()
    assert first.json()["client_id"] == "k"


def test_the_key_in_the_body_goes_before_the_header(alice, session):
    message = post(alice, session, {"content": "x", "client_id": "a"}, Idempotency_Key="b").json()
    assert message["client_id"] == "a"


@pytest.mark.parametrize(
    "other",
    [
        {"content": "Hello!"},
        {"role": "assistant"},
        {"name": "Bob"},
        {"metadata": {"a": "c"}},
        {"metadata": {}},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1"},
        {"content": "HELLO"},
        {"content": "Hello "},
    ],
)
def test_the_same_key_with_another_body_is_refused(alice, session, stored, other):
    body = {"content": "Hello", "client_id": "k", "metadata": {"a": "b"}}
    post(alice, session, body)
    before = stored()
    response = post(alice, session, body | other)
    assert (response.status_code, response.json()) == (422, OTHER_BODY)
    assert stored() == before


@pytest.mark.parametrize("other", ["d\u00e9j\u00e0", "K", "k ", " k"])
def test_keys_are_compared_exactly(alice, session, other):
    for key in ("de\u0301ja\u0300", "k"):
        post(alice, session, {"content": "x", "client_id": key})
    assert post(alice, session, {"content": "y", "client_id": other}).json()["seq"] == 3


def test_the_order_of_names_and_defaults_make_no_other_body(alice, session):
    first = '{"content":"x","client_id":"k","metadata":{"a":"1","b":"2"}}'
    again = '{"metadata":{"b":"2","a":"1"},"client_id":"k","content":"x","role":"user"}'
    codes = [
        alice.client.post(
            path(session, "message"), data=body, content_type="application/json"
        ).status_code
        for body in (first, again)
    ]
    assert codes == [201, 200]


@pytest.mark.parametrize(("first", "other"), [(1, "1"), (None, False), (0, None), ("", [])])
def test_calls_that_differ_in_type_only_are_another_body(alice, session, first, other):
    body = {"role": "assistant", "client_id": "k"}
    post(alice, session, body | {"tool_calls": [CALL | {"n": first}]})
    response = post(alice, session, body | {"tool_calls": [CALL | {"n": other}]})
    assert (response.status_code, response.json()) == (422, OTHER_BODY)


@pytest.mark.parametrize("other", [True, 1.0])
def test_calls_that_python_holds_for_equal_are_another_body(alice, session, other):
    body = {"role": "assistant", "client_id": "k"}
    post(alice, session, body | {"tool_calls": [CALL | {"n": 1}]})
    response = post(alice, session, body | {"tool_calls": [CALL | {"n": other}]})
    assert response.status_code == 422


def test_the_order_of_names_in_a_call_makes_no_other_body(alice, session):
    body = {"role": "assistant", "client_id": "k"}
    post(alice, session, body | {"tool_calls": [CALL]})
    turned = dict(reversed(CALL.items()))
    assert post(alice, session, body | {"tool_calls": [turned]}).status_code == 200


def test_a_key_holds_long_after_its_message_has_left_the_tail(alice, session, append, fill):
    first = append(session, "first", client_id="k")
    fill(session, 300)
    again = post(alice, session, {"content": "first", "client_id": "k"})
    other = post(alice, session, {"content": "other", "client_id": "k"})
    assert (again.status_code, again.json()) == (200, first)
    assert (other.status_code, other.json()) == (422, OTHER_BODY)
    assert append(session)["seq"] == 302


def test_another_worker_knows_an_old_key_as_well(alice, session, append, fill, other_worker):
    first = append(session, "first", client_id="k")
    fill(session, 300)
    other_worker()
    again = post(alice, session, {"content": "first", "client_id": "k"})
    assert (again.status_code, again.json()) == (200, first)


def test_a_key_is_one_sessions_own(alice, bob, create):
    sessions = [create(), create(), bob.client.post("/session/create", {}).json()]
    answers = [
        post(person, session, {"content": f"{n}", "client_id": "k"})
        for n, (person, session) in enumerate(zip([alice, alice, bob], sessions, strict=True))
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201]


def test_a_key_stays_used_when_its_message_is_deleted(alice, session, append):
    message = append(session, "secret", client_id="k")
    alice.client.delete(path(session, "messages", 1))
    again = post(alice, session, {"content": "secret", "client_id": "k"})
    assert again.status_code == 200
    assert again.json() == message | {"content": "", "token_count": 0, "deleted": True}


def test_what_was_acknowledged_is_acknowledged_again_after_archiving(
    alice, session, append, archive
):
    first = append(session, "x", client_id="k")
    archive(session)
    again = post(alice, session, {"content": "x", "client_id": "k"})
    assert (again.status_code, again.json()) == (200, first)


@pytest.mark.parametrize("key", ["k" * 128, "🦉" * 128, "a.b", "$ne", '{"$gt":""}', " ", "\n"])
def test_keys_may_be_any_text(alice, session, key):
    codes = [post(alice, session, {"content": "x", "client_id": key}).status_code for _ in range(2)]
    assert codes == [201, 200]


@pytest.mark.parametrize(
    ("key", "code", "detail"),
    [
        ("", "blank", "This field may not be blank."),
        ("k" * 129, "max_length", "Ensure this field has no more than 128 characters."),
        ("a\x00", "control_characters", CONTROLS),
    ],
)
def test_other_keys_are_refused_in_header_and_body(alice, session, stored, key, code, detail):
    before = stored()
    for answer in (
        post(alice, session, {"content": "x"}, Idempotency_Key=key),
        post(alice, session, {"content": "x", "client_id": key}),
    ):
        assert (answer.status_code, answer.json()) == (400, invalid("client_id", detail, code))
    assert stored() == before

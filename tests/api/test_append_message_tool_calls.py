"""`POST /session/{id}/message`: an assistant's tool calls."""

import json

import pytest

from tests.api.bodies import (
    CONTROLS,
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


@pytest.mark.parametrize(
    "value",
    [
        {"$gt": ""},
        {"$ref": "users", "$id": "1", "$db": "x"},
        {"a.b": {"$set": {"c..d": 1}}},
        {"": {"": ""}},
        {"$oid": "0" * 24, "$date": 0, "$numberLong": "1"},
        {"__proto__": {"constructor": 1}},
        [[], {}, [[]]],
        [0, -0.0, 1.5, 1e300, 5e-324, 0.1, True, False, None],
        [2**63 - 1, -(2**63)],
        "👩‍👩‍👧‍👦 e\u0301 \u202e",
        {"z": 1, "a": 2, "m": 3},
    ],
)
def test_a_call_comes_back_exactly(alice, session, append, value):
    call = CALL | {"extra": value}
    message = append(session, "", role="assistant", tool_calls=[call])
    (read,) = alice.client.get(path(session)).json()["messages"]
    assert json.dumps(message["tool_calls"]) == json.dumps([call])
    assert json.dumps(read["tool_calls"]) == json.dumps([call])


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


CALLS = "Expected a list of objects, each with an id and a type."
ID = "A call's id has 1 to 128 characters."


@pytest.mark.parametrize(
    ("calls", "code", "detail"),
    [
        ("x", "invalid", CALLS),
        ({}, "invalid", CALLS),
        (CALL, "invalid", CALLS),
        (["x"], "invalid", CALLS),
        ([{}], "invalid", CALLS),
        ([{"id": "a"}], "invalid", CALLS),
        ([{"id": 1, "type": "function"}], "invalid", CALLS),
        ([{"id": {"$ne": ""}, "type": "function"}], "invalid", CALLS),
        ([], "length", "A message makes 1 to 128 calls."),
        (
            [{"id": str(n), "type": "f"} for n in range(129)],
            "length",
            "A message makes 1 to 128 calls.",
        ),
        ([CALL | {"id": ""}], "id_length", ID),
        ([CALL | {"id": "x" * 129}], "id_length", ID),
        ([CALL, CALL], "repeated", "Two calls have the same id."),
        ([CALL | {"n": 2**63}], "json", "A whole number does not fit in 64 bits."),
        ([CALL | {"n": 10**30}], "json", "A whole number does not fit in 64 bits."),
        ([CALL | {"a": nested(31)}], "json", "Nested deeper than 32 levels."),
        ([CALL | {"a\x00": 1}], "json", CONTROLS),
        ([CALL | {"a": [{"b": "\x1b"}]}], "json", CONTROLS),
    ],
)
def test_other_calls_are_refused(alice, session, stored, calls, code, detail):
    before = stored()
    response = post(alice, session, {"role": "assistant", "tool_calls": calls})
    assert (response.status_code, response.json()) == (400, invalid("tool_calls", detail, code))
    assert stored() == before


def test_calls_may_be_nested_up_to_the_limit(session, append):
    call = CALL | {"a": nested(30)}
    assert append(session, "", role="assistant", tool_calls=[call])["tool_calls"] == [call]


@pytest.mark.parametrize(
    ("body", "attr", "detail"),
    [
        (
            {"role": "user", "tool_calls": [CALL]},
            "tool_calls",
            "Only an assistant makes tool calls.",
        ),
        ({"role": "tool"}, "tool_call_id", "A tool's message names the call it answers."),
        ({"tool_call_id": "call_1"}, "tool_call_id", "Only a tool's message answers a call."),
    ],
)
def test_roles_and_tools_must_agree(alice, session, stored, body, attr, detail):
    before = stored()
    response = post(alice, session, {"content": "x"} | body)
    assert (response.status_code, response.json()) == (400, invalid(attr, detail))
    assert stored() == before

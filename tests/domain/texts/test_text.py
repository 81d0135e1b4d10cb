"""What counts as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.limits import JSON_MAX_DEPTH
from sessions_app.domain.texts import text

CONTROLS = "Control characters and lone surrogates are not allowed."


@pytest.mark.parametrize(
    "value",
    ["", "a\tb\nc\r\n", "é e\u0301", "🦉", "\u202e\u200d\ufeff\u2028", "\U0010ffff", "$a.b"],
)
def test_what_a_person_writes_is_text(value):
    assert text.is_text(value)


@pytest.mark.parametrize(
    "character",
    [*"\x00\x01\x08\x0b\x0c\x0e\x1b\x1f\x7f\x80\x85\x9f", *"\ud800\udbff\udc00\udfff"],
)
def test_controls_and_lone_surrogates_are_not(character):
    assert not text.is_text(f"a{character}b")


@given(st.text(st.characters()))
def test_all_text_can_be_written_as_utf8(value):
    if text.is_text(value):
        assert value.encode().decode() == value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (2**63 - 1, None),
        (-(2**63), None),
        (2**63, "A whole number does not fit in 64 bits."),
        (-(2**63) - 1, "A whole number does not fit in 64 bits."),
        (1.7e308, None),
        (float("inf"), "A number is too large."),
        (float("nan"), "A number is too large."),
        (True, None),
        (None, None),
        ({}, None),
        ([[], {}], None),
        ({"$ref": {"a.b": [1, "x"]}}, None),
        ("\x00", CONTROLS),
        ({"\x00": 1}, CONTROLS),
        ([{"a": ["\ud800"]}], CONTROLS),
    ],
)
def test_json_that_cannot_be_kept_is_explained(value, problem):
    assert text.json_problem(value) == problem


@pytest.mark.parametrize(("wrap", "inner"), [(lambda v: [v], 1), (lambda v: {"a": v}, "x")])
def test_json_may_be_nested_up_to_the_limit(wrap, inner):
    value = inner
    for _ in range(JSON_MAX_DEPTH):
        value = wrap(value)
    assert text.json_problem(value) is None
    assert text.json_problem(wrap(value)) == "Nested deeper than 32 levels."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_without_a_problem_comes_back_as_it_was(value):
    if text.json_problem(value) is None:
        written = json.dumps(value, ensure_ascii=False).encode()
        assert json.dumps(json.loads(written)) == json.dumps(value)

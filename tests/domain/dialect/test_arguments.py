"""Arguments: a JSON object, repaired where that is certain."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.dialect.arguments import as_object, quotation

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("text", ["{}", '{"a": 1}', ' {"a": [1]} ', '{"a": "\\ud83d"}'])
def test_an_object_is_sent_as_it_is(text):
    assert as_object(text) == (text, False, None)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (None, {}), ("", {}), ("  ", {}), ("null", {}),
        ({"a": 1}, {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('{"a": 1,}', {"a": 1}),
        ("{'a': 'it'}", {"a": "it"}),
        ("{'a': True, 'b': None}", {"a": True, "b": None}),
        ('{}{"a": 1}', {"a": 1}),
        ('{"a": 1}{"a": 1}', {"a": 1}),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        ('{"code": "f(x,}", "b": 1,}', {"code": "f(x,}", "b": 1}),
    ],
)  # fmt: skip
def test_what_certainly_means_an_object_is_repaired(value, meant):
    sent = as_object(value)
    assert json.loads(sent.text) == meant
    assert sent.repaired
    assert sent.quoted is None


@pytest.mark.parametrize(
    "value",
    ['{"path":"a.md","contents":"Dear', "[1, 2]", "5", "true", '"text"', "NaN", '{"a": NaN}',
     '{"a": 1}{"b": 2}', "read it", [1], 5],
)  # fmt: skip
def test_what_would_be_a_guess_is_quoted(value):
    sent = as_object(value)
    assert sent.text == "{}"
    assert sent.repaired
    assert (value if isinstance(value, str) else json.dumps(value)) == sent.quoted


def test_a_long_quotation_is_cut_in_the_middle():
    assert len(quotation("x" * 50_000)) < 2_200


@given(st.text(max_size=40) | json_values | json_values.map(json.dumps))
def test_whatever_comes_is_sent_as_an_object(value):
    assert isinstance(json.loads(as_object(value).text), dict)

"""Ids and names: within every server's limits, no two alike, the same every time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.dialect import Names, written_options
from sessions_app.domain.dialect.naming import Ids, fitting_id, fitting_name, short_id

PATTERN = re.compile(r"[a-zA-Z0-9_-]{1,64}")
names = st.text(min_size=1, max_size=150) | st.sampled_from(["Ann Smith", "Ann_Smith", "Ann.Smith"])


@given(names)
def test_a_name_fits_and_is_the_same_every_time(name):
    assert PATTERN.fullmatch(fitting_name(name))
    assert fitting_name(name) == fitting_name(name)


@given(names, names)
def test_no_two_names_are_sent_as_one(one, other):
    assert (fitting_name(one) == fitting_name(other)) == (one == other)


@given(names)
def test_a_name_that_looks_like_a_mapped_one_is_no_collision(name):
    mapped = fitting_name(name)
    assert mapped == name or fitting_name(mapped) != mapped


@pytest.mark.parametrize("name", ["read_file", "a-b", "A" * 64, "0"])
def test_a_name_that_fits_is_left_as_it_is(name):
    assert fitting_name(name) == name


def test_a_mapped_name_can_still_be_read():
    assert fitting_name("browser.search").startswith("browser_search-")
    assert fitting_name("Zoë Müller").startswith("Zoe_Muller-")
    assert len(fitting_name("n" * 200)) == 64


@given(st.lists(st.text(max_size=150), max_size=30), st.booleans())
def test_ids_are_unique_and_short(call_ids, short):
    ids = Ids(short=short)
    sent = [ids.sent_id(call_id, seq=1, place=at) for at, call_id in enumerate(call_ids)]
    assert len(set(sent)) == len(sent)
    limit = re.compile(r"[a-zA-Z0-9]{9}" if short else r"[a-zA-Z0-9_-]{1,40}")
    assert all(limit.fullmatch(each) for each in sent)


def test_an_id_that_fits_is_left_as_it_is():
    assert fitting_id("call_abc") == "call_abc"
    assert short_id("abcDEF123") == "abcDEF123"


def test_offered_tools_are_renamed_as_their_calls_are():
    names = Names()
    tool = {"type": "function", "function": {"name": "browser.search", "parameters": {}}}
    choice = {"type": "function", "function": {"name": "browser.search"}}
    options = {"tools": [tool], "tool_choice": choice, "seed": 1}
    written = written_options(options, names)
    sent = written["tools"][0]["function"]["name"]
    assert sent == written["tool_choice"]["function"]["name"] == fitting_name("browser.search")
    assert names.known == {sent: "browser.search"}
    assert tool["function"]["name"] == "browser.search"
    assert written["seed"] == 1


@pytest.mark.parametrize("choice", ["auto", "none", None, {"type": "allowed_tools"}])
def test_what_names_no_tool_is_left_as_it_is(choice):
    assert written_options({"tool_choice": choice, "tools": ["x"]}, Names()) == {
        "tool_choice": choice, "tools": ["x"],
    }  # fmt: skip

"""Whether a document names a person."""

import pytest

from sessions_app.domain.traces import Trace, recogniser, trace

ID = "01932c05-11ab-7c60-9f11-0d2a6c3b7e44"
WORDS = frozenset({"messages", "title"})


def found(document, user_id=ID):
    return trace(document, recogniser(user_id), WORDS)


@pytest.mark.parametrize(
    "document",
    [
        {"user_id": ID},
        {"_id": f"{ID}/key"},
        {"by": {"whom": [1, {"id": ID}]}},
        {ID: 1},
        {"note": f"read by {ID}."},
        {"raw": ID.encode()},
        {"user_id": ID, "messages": [{"content": ID}]},
    ],
)
def test_it_is_left_wherever_the_id_stands(document):
    assert found(document) is Trace.LEFT


@pytest.mark.parametrize("document", [{"title": ID}, {"messages": [{"content": f"I am {ID}!"}]}])
def test_it_is_a_mention_in_words(document):
    assert found(document) is Trace.MENTION


@pytest.mark.parametrize("document", [{}, {"user_id": ID[:-1]}, {"n": 1, "at": None}])
def test_it_is_nothing_otherwise(document):
    assert found(document) is None


@pytest.mark.parametrize("value", ["7", 7, "7/key", "user:7", "user 7", "a/7/b", b"7"])
def test_a_short_id_is_found_where_it_is_whole(value):
    assert found({"by": value}, "7") is Trace.LEFT


@pytest.mark.parametrize("value", ["1970", "77", "x7", "7.5", 1970, "key-7"])
def test_a_short_id_is_not_found_inside_something_else(value):
    assert found({"by": value}, "7") is None


def test_signs_in_an_id_are_just_signs():
    assert found({"by": "auth0|17"}, "auth0|17") is Trace.LEFT
    assert found({"by": "auth0"}, "auth0|17") is None
    assert found({"by": "a+b"}, "a+b") is Trace.LEFT
    assert found({"by": "aab"}, "a+b") is None

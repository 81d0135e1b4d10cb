"""Whole numbers of MongoDB are a subclass of `int`."""

from bson import Int64

from sessions_app.domain.texts.text import json_problem


def test_a_whole_number_of_mongodb_is_judged_at_once() -> None:
    assert json_problem([{"size": Int64(68)}]) is None
    assert json_problem([Int64(2**63 - 1), -(2**63)]) is None
    assert json_problem(2**63) is not None

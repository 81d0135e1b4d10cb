"""A response's id names its session and its turn."""

import pytest

from sessions_app.domain.responses import ResponseName, response_name

NAME = ResponseName("01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31", "turn_01932c0790f47e5a8d0b6c1f2a3b4c5d")


def test_what_it_names_is_read_from_it():
    assert str(NAME) == "resp_01932c078a3e7d52b1c45f0e6a9d2b3101932c0790f47e5a8d0b6c1f2a3b4c5d"
    assert response_name(str(NAME)) == NAME


def test_one_that_is_not_stored_names_no_session_that_there_is():
    name = ResponseName("", NAME.turn_id)
    assert response_name(str(name)) == ResponseName(
        "00000000-0000-0000-0000-000000000000", NAME.turn_id
    )


@pytest.mark.parametrize(
    "text",
    ["", "resp_", "resp_1", str(NAME)[:-1], str(NAME) + "0", str(NAME).upper(),
     "msg_" + str(NAME)[5:], "resp_" + "g" * 64, "resp_" + "٣" * 64, "resp_" + "-" * 64],
)  # fmt: skip
def test_anything_else_names_nothing(text: str):
    assert response_name(text) is None

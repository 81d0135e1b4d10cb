"""Request bodies that come without a length."""

from io import BytesIO

import pytest

from chatproject import wsgi

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


def seen(environ, body: bytes) -> tuple[str | None, bytes]:
    """The length and the body that Django would be given."""
    found = []

    def django(environ, _start_response):
        found.append((environ.get("CONTENT_LENGTH"), environ["wsgi.input"].read()))
        return []

    wsgi.taking_chunked_bodies(django)(environ | {"wsgi.input": BytesIO(body)}, lambda *_: None)
    return found[0]


def test_a_chunked_body_gets_its_length():
    assert seen(CHUNKED, b"abc") == ("3", b"abc")


def test_a_length_beside_the_chunks_does_not_count():
    assert seen(CHUNKED | {"CONTENT_LENGTH": "1"}, b"abc") == ("3", b"abc")


def test_a_body_with_a_length_is_left_alone():
    assert seen({"CONTENT_LENGTH": "2", "wsgi.input_terminated": True}, b"ab") == ("2", b"ab")


def test_a_server_that_does_not_end_the_input_is_not_waited_for():
    assert seen({"HTTP_TRANSFER_ENCODING": "chunked"}, b"abc")[0] is None


@pytest.mark.parametrize("over", [1, 1_000])
def test_no_more_is_read_than_shows_that_it_is_too_much(settings, over):
    settings.REQUEST_MAX_BYTES = 10
    assert seen(CHUNKED, b"x" * (10 + over)) == ("11", b"x" * 11)

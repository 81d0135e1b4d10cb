"""The provider against a real HTTP server, at its best and at its worst."""

import json
import time

import pytest

from sessions_app.domain.errors import ProviderError, ProviderTimeout
from sessions_app.providers import Completion, openai_compatible
from tests import model_server
from tests.model_server import ModelServer
from tests.providers.conftest import Connect

HELLO = [{"role": "user", "content": "Hello"}]


def failure(connect: Connect, **how) -> str:
    with pytest.raises(ProviderError) as caught:
        connect(**how).complete(HELLO, max_tokens=50)
    return caught.value.detail


def test_it_gives_the_text_and_what_it_cost(connect: Connect):
    assert connect().complete(HELLO, max_tokens=50) == Completion(
        "They talked about the sea.", 100, 7, "gulf-1"
    )


def test_it_asks_as_the_wire_wants_it(connect: Connect, model: ModelServer):
    connect().complete(HELLO, max_tokens=50)
    assert model.requests == [{"model": "gulf", "messages": HELLO, "max_tokens": 50}]
    assert model.headers[0]["authorization"] == "Bearer sk-mine"


def test_it_needs_no_key(connect: Connect):
    assert connect(api_key="").complete(HELLO, max_tokens=50).text


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": "7"}, {"prompt_tokens": -1}])
def test_it_makes_do_without_counts(connect: Connect, model: ModelServer, usage):
    model.answers = [model_server.says("Yes", usage=usage, model=None)]
    assert connect().complete(HELLO, max_tokens=50) == Completion("Yes", None, None, "gulf")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_it_asks_again_where_that_helps(connect: Connect, model: ModelServer, status: int):
    model.answers = [model_server.fails(status), model_server.fails(status)]
    assert connect().complete(HELLO, max_tokens=50).text
    assert len(model.requests) == 3


def test_it_asks_three_times_at_most(connect: Connect, model: ModelServer):
    model.answers = [model_server.fails(500)] * 5
    assert failure(connect) == "The model's server answered 500."
    assert len(model.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_it_does_not_repeat_what_would_fail_again(
    connect: Connect, model: ModelServer, status: int
):
    model.answers = [model_server.fails(status)]
    told = {401: "The model's server answered 401.", 403: "The model's server answered 403."}
    assert failure(connect) == told.get(status, "key … is bad")
    assert len(model.requests) == 1


def test_it_waits_as_long_as_it_is_told(connect: Connect, model: ModelServer):
    model.answers = [model_server.fails(429, Retry_After="1")]
    began = time.monotonic()
    connect().complete(HELLO, max_tokens=50)
    assert time.monotonic() - began >= 1


def test_it_does_not_wait_beyond_its_time(connect: Connect, model: ModelServer):
    model.answers = [model_server.fails(429, Retry_After="3600")]
    assert failure(connect) == "key … is bad"
    assert len(model.requests) == 1


@pytest.mark.parametrize("how", ["hangs", "trickles"])
def test_a_server_that_takes_too_long_is_left(connect: Connect, model: ModelServer, how: str):
    model.answers = [getattr(model_server, how)]
    began = time.monotonic()
    with pytest.raises(ProviderTimeout):
        connect(timeout=0.5).complete(HELLO, max_tokens=50)
    assert 0.4 < time.monotonic() - began < 3
    assert len(model.requests) == 1


def test_a_server_that_is_not_there_is_an_error(connect: Connect):
    assert failure(connect, base_url="http://127.0.0.1:1/v1") == (
        "The model's server cannot be reached."
    )


def test_an_answer_that_breaks_off_is_an_error(connect: Connect, model: ModelServer):
    model.answers = [model_server.breaks_off]
    assert failure(connect) == "The model's server broke off its answer."


def test_an_endless_answer_is_cut_off(connect: Connect, model: ModelServer):
    model.answers = [model_server.runs_on]
    assert failure(connect) == "The model's server gave an endless answer."


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff\xfe", b"null", b"[]", b"{}", b'{"choices": []}', b'{"choices": null}',
     b'{"choices": [{"message": "hi"}]}', b"[" * 100_000,
     b'{"choices": [{"message": {"content": 7}}]}',
     b'{"choices": [{"message": {"content": ["hi"]}}]}'],
)  # fmt: skip
def test_rubbish_is_an_error(connect: Connect, model: ModelServer, body: bytes):
    model.answers = [model_server.sends(body)]
    assert failure(connect) == "The model's server did not answer with a completion."


@pytest.mark.parametrize("text", ["", " \n", None, []])
def test_an_empty_answer_is_an_error(connect: Connect, model: ModelServer, text):
    model.answers = [model_server.says(text)]
    assert failure(connect) == "The model's server gave an empty answer."


def test_no_word_of_the_servers_own_is_told(
    connect: Connect, model: ModelServer, caplog: pytest.LogCaptureFixture
):
    model.answers = [model_server.fails(401)]
    assert "sk-" not in failure(connect) + caplog.text


def test_it_takes_the_newer_name_of_the_limit_where_it_must(connect: Connect, model: ModelServer):
    error = {"message": "use max_completion_tokens", "param": "max_tokens"}
    model.answers = [model_server.sends(json.dumps({"error": error}).encode(), 400)]
    provider = connect()
    for _ in range(2):
        provider.complete(HELLO, max_tokens=50)
    limits = [sorted(request.keys() - {"model", "messages"}) for request in model.requests]
    assert limits == [["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]


def test_the_waits_grow():
    assert list(openai_compatible.RETRY_WAITS_SECONDS) == [0.5, 2.0]

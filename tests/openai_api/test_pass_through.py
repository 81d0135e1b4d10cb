"""`POST /v1/chat/completions` without a session: passed on, and nothing is stored."""

import json
from typing import Any

import pytest

from sessions_app import event_loop
from sessions_app.http.departure import ENVIRON_KEY, Departure
from tests import model_server
from tests.conftest import Person
from tests.model_server import ModelServer
from tests.openai_api.calls import URL, complete, error, leave, lines, parse, text, user
from tests.waiting import Threads, in_time

BODY = {
    "model": "other", "messages": [user("Hello?")], "n": 2, "logprobs": True, "temperature": 0.50,
    "metadata": {"a": "b"}, "vendor": {"deep": [1, None, "é"]},
}  # fmt: skip


def send(person: Person, **more: Any) -> Any:
    return person.client.post(URL, BODY | more)


def test_the_body_and_the_answer_go_through_as_they_are(
    alice: Person, server: ModelServer, database: Any
):
    answer = {"id": "x", "choices": [{"index": 1, "vendor": 1.0}], "service_tier": "flex"}
    server.answers = [model_server.sends(json.dumps(answer).encode())]
    assert send(alice).json() == answer
    assert server.requests == [BODY]
    assert server.headers[0]["authorization"] == "Bearer sk-service-key-0123456789"
    assert database.sessions.count_documents({}) == database.turns.count_documents({}) == 0


def test_without_a_model_it_is_the_configured_one(alice: Person, server: ModelServer):
    alice.client.post(URL, {"messages": [user("Hello?")]})
    assert server.requests[0]["model"] == "gulf"


def test_the_callers_key_stays_here(alice: Person, server: ModelServer):
    send(alice)
    [headers] = server.headers
    assert alice.client._credentials["HTTP_AUTHORIZATION"] not in str(headers)
    assert [name for name in headers if name.startswith("x-")] == ["x-request-id"]


def test_a_stream_goes_through_event_by_event(alice: Person, server: ModelServer):
    events = [{"choices": [{"vendor": n}]} for n in range(3)]
    server.answers = [model_server.sends_events(*events, "[DONE]")]
    response = send(alice, stream=True)
    assert lines(response) == [*events, "[DONE]"]
    assert server.requests[0]["stream"] is True


def test_an_event_loop_gets_the_same(alice: Person, server: ModelServer):
    server.answers = [model_server.streams("One", " two", between=0.05)]
    response = send(alice, stream=True)

    async def read() -> bytes:
        return b"".join([chunk async for chunk in response.events])

    found = parse(event_loop.run(read()))
    said = [each["choices"][0]["delta"].get("content") for each in found[:-2] if each["choices"]]
    assert "".join(filter(None, said)) == "One two"
    assert found[-1] == "[DONE]"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 404, 422, 429])
def test_what_the_server_refuses_is_told_in_its_words_without_secrets(
    alice: Person, server: ModelServer, status: int, stream: bool
):
    said = {
        "message": f"Bad sk-service-key-0123456789 sk-other-abc at {server.base_url}",
        "type": "their_type", "param": "vendor", "code": "their_code",
    }  # fmt: skip
    answer = json.dumps({"error": said}).encode()
    server.answers = [model_server.sends(answer, status, Retry_After="3")]
    response = send(alice, stream=stream)
    assert (response.status_code, response.json()) == (
        status, error("Bad … … at …", "their_code", "vendor", "their_type"),
    )  # fmt: skip
    assert response.headers["Retry-After"] == "3"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("answer", "status", "message", "code"),
    [
        (model_server.fails(401), 502, "The model's server answered 401.", "provider_error"),
        (model_server.fails(403), 502, "The model's server answered 403.", "provider_error"),
        (model_server.fails(500), 500, "The model's server answered 500.", "provider_error"),
        (model_server.fails(503), 503, "The model's server answered 503.", "provider_error"),
        (model_server.sends(b"<html>", 400), 400, "The model's server answered 400.",
         "provider_error"),
        (model_server.hangs, 504, "The model's server took too long.", "provider_timeout"),
    ],
)  # fmt: skip
def test_what_goes_wrong_there(
    alice: Person, server: ModelServer, settings: Any,
    stream: bool, answer: Any, status: int, message: str, code: str,
):  # fmt: skip
    settings.LLM_TIMEOUT_SECONDS = 1
    server.answers = [answer]
    response = send(alice, stream=stream)
    kind = "server_error" if status >= 500 else "invalid_request_error"
    expected = error(message, code, kind=kind)
    if status == 500:
        expected["error"]["request_id"] = response.headers["X-Request-Id"]
    assert (response.status_code, response.json()) == (status, expected)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (model_server.sends(b"<html>"), "The model's server did not answer with a completion."),
        (model_server.breaks_off, "The model's server broke off its answer."),
        (model_server.runs_on, "The model's server gave an endless answer."),
    ],
)
def test_a_whole_answer_that_is_none(alice: Person, server: ModelServer, answer: Any, message: str):
    server.answers = [answer]
    response = send(alice)
    assert (response.status_code, response.json()) == (
        502, error(message, "provider_error", kind="server_error"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (model_server.cuts_after("One"), "provider_error"),
        (model_server.hangs_after("One"), "provider_timeout"),
        (model_server.drips_after("One"), "provider_timeout"),
    ],
)
def test_a_stream_that_breaks_off_ends_with_an_error_line(
    alice: Person, server: ModelServer, settings: Any, answer: Any, code: str
):
    settings.LLM_TIMEOUT_SECONDS = 1
    server.answers = [answer]
    *_, one, last = lines(send(alice, stream=True))
    assert one["choices"][0]["delta"] == {"content": "One"}
    assert last["error"]["code"] == code


def test_what_breaks_off_within_an_event_is_left_out(alice: Person, server: ModelServer):
    def half(request: Any) -> None:
        request.begin()
        request.write(b'data: {"a": 1}\n\ndata: {"a"')
        request.cut()

    server.answers = [half]
    one, last = lines(send(alice, stream=True))
    assert (one, last["error"]["code"]) == ({"a": 1}, "provider_error")


def test_a_stream_that_is_none_is_an_error(alice: Person, server: ModelServer):
    server.answers = [model_server.sends(b"{}")]
    response = send(alice, stream=True)
    assert (response.status_code, response.json()["error"]["message"]) == (
        502, "The model's server did not answer with a stream.",
    )  # fmt: skip


def test_where_nobody_listens(alice: Person, server: ModelServer, settings: Any):
    settings.LLM_BASE_URL = model_server.address_of_nobody()
    response = send(alice)
    assert (response.status_code, response.json()["error"]["message"]) == (
        502, "The model's server cannot be reached.",
    )  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_that_hangs_up_ends_the_call(alice: Person, server: ModelServer, stream: bool):
    """As the gateway tells it: while the answer is waited for, and in the middle of it."""
    departure = Departure()
    server.answers = [model_server.hangs_after("One") if stream else model_server.hangs]
    if stream:
        response = alice.client.post(URL, BODY | {"stream": True}, **{ENVIRON_KEY: departure})
        incoming = iter(in_time(response.streaming_content))
        assert any(b"One" in piece for piece in incoming)
        departure.leave()
        assert b"".join(incoming) == b""
    else:
        with Threads() as threads:
            threads.submit(alice.client.post, URL, BODY, **{ENVIRON_KEY: departure})
            assert server.wait_for_request()
            departure.leave()
    assert server.wait_for_hang_up()


def test_a_stream_that_is_not_read_to_its_end_is_closed(alice: Person, server: ModelServer):
    server.answers = [model_server.never_ends()]
    response = send(alice, stream=True)
    next(iter(response.streaming_content))
    leave(response)
    assert server.wait_for_hang_up()


def test_the_demo_answers_from_the_requests_own_messages(alice: Person, database: Any):
    said = [user("My dog is called Rufus."), {"role": "assistant", "content": "Noted."}]
    response = complete(alice, None, *said, "What is my dog called?")
    assert "“My dog is called Rufus.”" in text(response)
    body = response.json()
    assert (body["object"], body["model"]) == ("chat.completion", "demo")
    assert body["usage"]["total_tokens"] > 20
    streamed = lines(complete(alice, None, *said, "What is my dog called?", stream=True))
    pieces = [each["choices"][0]["delta"].get("content") or "" for each in streamed[:-1]]
    assert "".join(pieces) == text(response)
    assert streamed[-1] == "[DONE]"
    assert database.sessions.count_documents({}) == 0


@pytest.mark.parametrize("messages", [None, [], "x", ["x"]])
def test_the_demo_needs_messages(alice: Person, messages: Any):
    response = complete(alice, None, messages=messages)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "messages"


@pytest.mark.parametrize("name", ["n", "best_of"])
def test_more_answers_than_a_request_may_have_are_refused(
    alice: Person, server: ModelServer, settings: Any, name: str
):
    settings.LLM_MAX_CHOICES = 2
    response = send(alice, **{name: 3})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == name
    assert server.requests == []


@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [({"max_tokens": 50}, {"max_tokens": 50}), ({"max_tokens": 5_000}, {"max_tokens": 100}),
     ({"max_completion_tokens": 5_000}, {"max_completion_tokens": 100}),
     ({"max_tokens": 50, "max_completion_tokens": 10**30},
      {"max_tokens": 50, "max_completion_tokens": 100}),
     ({"max_tokens": -1}, {"max_tokens": 100}), ({"max_tokens": None}, {"max_tokens": 100}),
     ({"max_tokens": "5000"}, {"max_tokens": 100}), ({}, {"max_tokens": 100})],
)  # fmt: skip
def test_an_answer_has_so_many_tokens_at_most(
    alice: Person, server: ModelServer, settings: Any, sent: Any, passed_on: Any
):
    settings.LLM_MAX_TOKENS = 100
    send(alice, **sent)
    assert server.requests == [BODY | passed_on]


def test_only_the_models_that_are_offered_are_called(
    alice: Person, server: ModelServer, settings: Any
):
    settings.MODELS_ALLOWED = ["other"]
    assert send(alice, model="most expensive").json()["error"]["code"] == "model_not_allowed"
    assert server.requests == []
    send(alice)
    assert len(server.requests) == 1

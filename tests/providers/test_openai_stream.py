"""Streamed answers from a real HTTP server, at its best and at its worst."""

import asyncio
import json
import threading
import time
from contextlib import aclosing

import pytest

from sessions_app import event_loop
from sessions_app.domain.errors import ProviderBusy, ProviderRefused, ProviderTimeout
from sessions_app.providers import Ending, openai_stream
from tests import model_server
from tests.model_server import ModelServer
from tests.providers.conftest import Connect, Cut, cut_short, said
from tests.waiting import Threads

HELLO = [{"role": "user", "content": "Hello"}]
RUBBISH = "The model's server did not answer with a completion."
BROKEN_OFF = "The model's server broke off its answer."


def failed(connect: Connect, **how) -> Cut:
    """What came before the failure, and the failure."""
    cut = cut_short(connect(**how).stream(HELLO))
    assert cut.error is not None
    assert cut.reply.ending is None
    return cut


def test_it_gives_the_pieces_and_what_they_cost(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams("By", " train", ".")]
    reply = connect().stream(HELLO)
    assert reply.ending is None
    assert said(reply) == ["By", " train", "."]
    assert reply.ending == Ending("stop", 100, 7, "gulf-1")


def test_what_stands_before_the_first_word_is_left_out(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams(" ", "\n\n By", "\n", " train. ")]
    assert said(connect().stream(HELLO)) == ["By", "\n", " train. "]


def test_it_asks_as_the_wire_wants_it(connect: Connect, model: ModelServer):
    said(connect().stream(HELLO, max_tokens=50))
    assert model.requests == [
        {
            "model": "gulf",
            "messages": HELLO,
            "max_tokens": 50,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]
    assert model.headers[0]["authorization"] == "Bearer sk-mine"


def test_nothing_is_sent_before_the_iteration(connect: Connect, model: ModelServer):
    connect().stream(HELLO)
    assert model.requests == []


def test_a_reply_is_paid_for_once(connect: Connect, model: ModelServer):
    reply = connect().stream(HELLO)
    said(reply)
    with pytest.raises(RuntimeError, match="once"):
        said(reply)
    assert len(model.requests) == 1


def test_another_model_can_be_asked(connect: Connect, model: ModelServer):
    said(connect().stream(HELLO, model="strait"))
    assert model.requests[0]["model"] == "strait"


def test_options_go_along_but_do_not_change_the_request_itself(
    connect: Connect, model: ModelServer
):
    options = {"temperature": 0.2, "stop": ["\n"], "stream": False, "messages": [], "model": "x"}
    said(connect().stream(HELLO, options=options))
    assert model.requests[0] | {"temperature": 0.2, "stop": ["\n"]} == model.requests[0]
    assert (model.requests[0]["stream"], model.requests[0]["messages"]) == (True, HELLO)
    assert model.requests[0]["model"] == "gulf"


def test_tool_calls_are_put_together(connect: Connect, model: ModelServer):
    def call(**piece):
        return {"tool_calls": [{"index": 0, **piece}]}

    model.answers = [
        model_server.streams(
            call(id="call_1", type="function", function={"name": "weather", "arguments": ""}),
            call(function={"arguments": '{"city": '}),
            call(function={"arguments": '"Lisbon"}'}),
            finish_reason="tool_calls",
        )
    ]
    reply = connect().stream(HELLO)
    assert said(reply) == []
    function = {"name": "weather", "arguments": '{"city": "Lisbon"}'}
    assert reply.ending == Ending(
        "tool_calls",
        100,
        7,
        "gulf-1",
        ({"id": "call_1", "type": "function", "function": function},),
    )


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": "7"}, {"prompt_tokens": True}])
def test_it_makes_do_without_counts(connect: Connect, model: ModelServer, usage):
    model.answers = [model_server.streams("Yes", usage=usage)]
    reply = connect().stream(HELLO)
    assert said(reply) == ["Yes"]
    assert reply.ending == Ending("stop", None, None, "gulf-1")


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_to_count_is_not_asked_to_again(
    connect: Connect, model: ModelServer, status: int
):
    model.answers = [model_server.refuses_member("stream_options", status)]
    provider = connect()
    for _ in range(2):
        reply = provider.stream(HELLO)
        assert "".join(said(reply)) == model.text
        assert reply.ending == Ending("stop", None, None, "gulf-1")
    assert ["stream_options" in request for request in model.requests] == [True, False, False]


def test_it_takes_the_newer_name_of_the_limit_where_it_must(connect: Connect, model: ModelServer):
    model.answers = [model_server.refuses_member("max_tokens")]
    said(connect().stream(HELLO, max_tokens=9))
    assert [request.get("max_completion_tokens") for request in model.requests] == [None, 9]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_it_asks_again_where_that_helps(connect: Connect, model: ModelServer, status: int):
    model.answers = [model_server.fails(status), model_server.fails(status)]
    assert "".join(said(connect().stream(HELLO))) == model.text
    assert len(model.requests) == 3


@pytest.mark.parametrize(("status", "calls"), [(401, 1), (403, 1), (500, 3)])
def test_a_failure_is_an_error_without_the_servers_own_words(
    connect: Connect, model: ModelServer, caplog: pytest.LogCaptureFixture, status: int, calls: int
):
    model.answers = [model_server.fails(status)] * 3
    cut = failed(connect)
    assert (cut.pieces, cut.error.detail) == ([], f"The model's server answered {status}.")
    assert "sk-" not in caplog.text
    assert len(model.requests) == calls


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
def test_a_refusal_is_told_in_the_servers_own_words_and_asked_once(
    connect: Connect, model: ModelServer, caplog: pytest.LogCaptureFixture, status: int
):
    error = {"message": "key sk-abc: no such tool", "param": "tools[0]", "code": "bad_tool"}
    model.answers = [model_server.sends(json.dumps({"error": error}).encode(), status)]
    cut = failed(connect)
    assert isinstance(cut.error, ProviderRefused)
    refusal = cut.error.refusal
    assert (refusal.status, refusal.message) == (status, "key …: no such tool")
    assert (refusal.param, refusal.code) == ("tools[0]", "bad_tool")
    assert "sk-" not in caplog.text
    assert len(model.requests) == 1


@pytest.mark.parametrize(("told", "seconds"), [({}, None), ({"Retry_After": "7"}, 7)])
def test_a_busy_server_is_asked_once_and_says_when_to_come_back(
    connect: Connect, model: ModelServer, told, seconds
):
    model.answers = [model_server.fails(429, **told)]
    cut = failed(connect)
    assert isinstance(cut.error, ProviderBusy)
    assert (cut.error.retry_after, cut.error.repeated) == (seconds, False)
    assert len(model.requests) == 1


def test_a_template_that_raises_is_not_asked_again(connect: Connect, model: ModelServer):
    said = {"error": {"message": "Jinja Exception: System message must be at the beginning."}}
    model.answers = [model_server.sends(json.dumps(said).encode(), 500)]
    assert isinstance(failed(connect).error, ProviderRefused)
    assert len(model.requests) == 1


def test_a_plain_answer_to_a_request_for_a_stream_is_read(connect: Connect, model: ModelServer):
    choice = {"message": {"role": "assistant", "content": "By\ntrain."}, "finish_reason": "stop"}
    body = json.dumps({"object": "chat.completion", "choices": [choice]}, indent=1)
    model.answers = [model_server.sends(body.encode())]
    reply = connect().stream(HELLO)
    assert "".join(said(reply)) == "By\ntrain."
    assert reply.ending.finish_reason == "stop"


def test_an_error_instead_of_an_answer_is_a_refusal(connect: Connect, model: ModelServer):
    model.answers = [model_server.sends_events({"error": {"message": "No.", "code": 400}})]
    assert isinstance(failed(connect).error, ProviderRefused)


@pytest.mark.parametrize("ahead", ["1", "in a second"])
def test_it_waits_as_long_as_it_is_told(connect: Connect, model: ModelServer, ahead: str):
    if not ahead.isdigit():
        at = time.time() + 2  # in whole seconds, so at least one from now
        ahead = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at))
    model.answers = [model_server.fails(503, Retry_After=ahead)]
    began = time.monotonic()
    assert said(connect().stream(HELLO))
    assert time.monotonic() - began >= 0.9


@pytest.mark.parametrize("told", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_it_does_not_wait_beyond_its_time(connect: Connect, model: ModelServer, told: str):
    model.answers = [model_server.fails(503, Retry_After=told)]
    assert failed(connect).error.detail == "The model's server answered 503."
    assert len(model.requests) == 1


@pytest.mark.parametrize("told", ["soon", "-5", "1e9", "٣", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_wait_that_makes_no_sense_is_passed_over(connect: Connect, model: ModelServer, told):
    model.answers = [model_server.fails(503, Retry_After=told.encode().decode("latin-1"))]
    assert said(connect().stream(HELLO))
    assert len(model.requests) == 2


def test_a_server_that_is_not_there_is_an_error(connect: Connect):
    cut = failed(connect, base_url=model_server.address_of_nobody())
    assert cut.error.detail == "The model's server cannot be reached."


@pytest.mark.parametrize(
    ("answer", "pieces"),
    [
        (model_server.hangs, []),
        (model_server.hangs_after(), []),
        (model_server.hangs_after("Once", " upon"), ["Once", " upon"]),
        (model_server.drips, []),
        (model_server.drips_after("Once"), ["Once"]),
    ],
)
def test_silence_is_a_timeout_and_what_came_before_it_stands(
    connect: Connect, model: ModelServer, answer, pieces
):
    model.answers = [answer]
    began = time.monotonic()
    cut = failed(connect, timeout=0.4)
    assert isinstance(cut.error, ProviderTimeout)
    assert cut.pieces == pieces
    assert 0.3 < time.monotonic() - began < 3
    assert len(model.requests) == 1
    assert model.wait_for_hang_up()


def test_a_slow_answer_that_lives_is_heard_to_its_end(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams(*"abcdefgh", first=0.2, between=0.1)]
    assert "".join(said(connect(timeout=0.5).stream(HELLO))) == "abcdefgh"


def test_but_not_for_ever(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams(*["on"] * 100, between=0.1)]
    cut = failed(connect, timeout=0.5, answer_seconds=0.7)
    assert isinstance(cut.error, ProviderTimeout)
    assert 3 < len(cut.pieces) < 10
    assert model.wait_for_hang_up()


def test_a_caller_who_dawdles_is_not_the_servers_silence(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams("a", "b")]

    async def dawdle() -> str:
        heard = ""
        async for piece in aiter(connect(timeout=0.3).stream(HELLO)):
            await asyncio.sleep(0.4)
            heard += piece
        return heard

    assert event_loop.run(dawdle()) == "ab"


def test_an_endless_answer_is_an_error_at_the_longest_message(connect: Connect, model: ModelServer):
    model.answers = [model_server.never_ends("twelve chars")]
    cut = failed(connect, answer_max_chars=1_000)
    assert len("".join(cut.pieces)) == 996
    assert cut.error.detail == "The model's answer went on past 1,000 characters."
    assert model.wait_for_hang_up()
    assert len(model.requests) == 1


def test_an_answer_of_just_that_length_is_whole(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams("12345", "67890")]
    reply = connect(answer_max_chars=10).stream(HELLO)
    assert "".join(said(reply)) == "1234567890"
    assert reply.ending == Ending("stop", 100, 7, "gulf-1")


@pytest.mark.parametrize("answer", [model_server.silent_forever, model_server.huge_event(2**21)])
def test_an_answer_without_measure_is_an_error(connect: Connect, model: ModelServer, answer):
    model.answers = [answer]
    assert failed(connect).error.detail == "The model's server gave an endless answer."


def test_an_answer_that_breaks_off_is_an_error(connect: Connect, model: ModelServer):
    model.answers = [model_server.cuts_after("Once", " upon")]
    cut = failed(connect)
    assert (cut.pieces, cut.error.detail) == (["Once", " upon"], BROKEN_OFF)
    assert len(model.requests) == 1


def test_a_stream_that_just_stops_is_an_error(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams("Once", finish_reason=None, done=False, usage=None)]
    assert failed(connect).error.detail == BROKEN_OFF


def test_either_sign_of_the_end_will_do(connect: Connect, model: ModelServer):
    model.answers = [
        model_server.streams("a", done=False),
        model_server.streams("a", finish_reason=None),
        model_server.streams("a", finish_reason="length"),
    ]
    provider = connect()
    reasons = []
    for _ in range(3):
        reply = provider.stream(HELLO)
        assert said(reply) == ["a"]
        reasons.append(reply.ending.finish_reason)
    assert reasons == ["stop", "stop", "length"]


@pytest.mark.parametrize(
    "answer",
    [
        model_server.streams(),
        model_server.streams("", ""),
        model_server.streams("\n", "  "),
        model_server.streams({"reasoning_content": "Hm."}),
        model_server.streams({"content": None}, {}),
        model_server.sends_events("[DONE]"),
    ],
)
def test_an_empty_answer_has_an_ending(connect: Connect, model: ModelServer, answer):
    model.answers = [answer]
    reply = connect().stream(HELLO)
    assert said(reply) == []
    assert reply.ending.finish_reason == "stop"
    assert len(model.requests) == 1


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_thoughts_alone_end_with_the_servers_word(
    connect: Connect, model: ModelServer, reason: str
):
    model.answers = [model_server.streams({"reasoning_content": "Hm."}, finish_reason=reason)]
    reply = connect().stream(HELLO)
    assert said(reply) == []
    assert (reply.ending.finish_reason, reply.ending.reasoning) == (reason, "Hm.")


@pytest.mark.parametrize(
    "event",
    ["{", "null", "[]", "7", '"hi"', "[" * 100_000, {"choices": 7}, {"choices": ["a"]},
     {"choices": [{"delta": "a"}]}, {"choices": [{"delta": {"content": 7}}]},
     {"choices": [{"delta": {"content": ["a"]}}]}, {"choices": [{"delta": {"tool_calls": 7}}]},
     {"choices": [{"delta": {"tool_calls": [{"function": {"name": 7}}]}}]},
     {"choices": [{"delta": {"tool_calls": [{"index": "a"}]}}]}, {"choices": {"a": 1}}],
)  # fmt: skip
def test_rubbish_is_an_error(connect: Connect, model: ModelServer, event):
    model.answers = [model_server.sends_events(event)]
    assert failed(connect).error.detail == RUBBISH


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", BROKEN_OFF),
        (b"<html><body>Welcome</body></html>", BROKEN_OFF),
        (b'{"choices": [{"message": {"content": "Hi"}}]}', BROKEN_OFF),
        (b"data: \xff\xfe\n\n", RUBBISH),
        (b"data: [DONE]", BROKEN_OFF),
    ],
)
def test_a_body_that_is_no_event_stream_is_an_error(
    connect: Connect, model: ModelServer, body, detail
):
    model.answers = [model_server.sends(body, Content_Type="text/html")]
    assert failed(connect).error.detail == detail


def test_an_error_in_the_stream_is_an_error_without_the_servers_own_words(
    connect: Connect, model: ModelServer
):
    model.answers = [model_server.sends_events({"error": {"message": "sk-secret overloaded"}})]
    assert failed(connect).error.detail == "The model's server reported an error in its answer."


def test_it_reads_what_the_standard_of_event_streams_allows(connect: Connect, model: ModelServer):
    first, last = ({"choices": [{"delta": {"content": text}}]} for text in "ab")
    lines = json.dumps(last, indent=1).replace("\n", "\r\ndata:")
    body = f":hello\n\nevent: x\nid: 1\ndata:{json.dumps(first)}\n\n\n\r\ndata: {lines}\r\n\r\n"
    model.answers = [model_server.sends((body + "data: [DONE]\n\n").encode())]
    assert said(connect().stream(HELLO)) == ["a", "b"]


def test_characters_cut_in_two_are_mended(connect: Connect, model: ModelServer):
    model.answers = [model_server.streams("a\ud83d", "\ude00b", "\udc00", "c")]
    pieces = said(connect().stream(HELLO))
    assert "".join(pieces) == "a😀b�c"
    assert all(pieces)


def test_what_comes_within_a_moment_is_read_together(
    connect: Connect, model: ModelServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(openai_stream, "READ_SECONDS", 3_600.0)
    model.answers = [model_server.streams("One", " two", first=0.05, between=0.05)]

    async def read() -> str:
        reply = connect(timeout=7_200).stream(HELLO)
        async with aclosing(aiter(reply)) as pieces:
            # Nobody waits so for the first words.
            first = await asyncio.wait_for(anext(pieces), 30)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(pieces), 0.3)
        return first

    assert event_loop.run(read()) == "One"


def test_a_reply_is_read_on_within_the_silence_that_it_may_keep(
    connect: Connect, model: ModelServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(openai_stream, "READ_SECONDS", 3_600.0)
    model.answers = [model_server.streams("One", " two", " three", between=0.05)]
    assert "".join(said(connect(timeout=0.6).stream(HELLO))) == "One two three"


def test_no_two_answers_cost_two_connections(connect: Connect, model: ModelServer):
    provider = connect()
    for _ in range(5):
        said(provider.stream(HELLO))
        provider.complete(HELLO, max_tokens=5)
    assert (len(model.requests), model.connections) == (10, 1)


def test_many_answers_at_once_do_not_wait_for_one_another(connect: Connect, model: ModelServer):
    everybody = threading.Barrier(200, timeout=30)

    def answer(request: model_server.Request) -> None:
        everybody.wait(30)  # passes only when all are there at the same time
        model_server.says("All here.")(request)

    model.answers = [answer] * 200
    provider = connect(timeout=60)
    with Threads(200) as pool:
        texts = list(pool.map(lambda _: "".join(said(provider.stream(HELLO))), range(200)))
    assert texts == ["All here."] * 200

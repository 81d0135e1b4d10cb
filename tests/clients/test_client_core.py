"""The core of `clients/python` without a network: flows are told what came of their effects."""

import json
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httpx
import pytest
from chat_sessions_client import Client, errors, routes, turns
from chat_sessions_client.accounts import ApiKey, SignIn
from chat_sessions_client.calls import Service
from chat_sessions_client.effects import (
    Answer,
    Emit,
    Exclusively,
    Flow,
    Open,
    Read,
    Send,
    Steps,
    Wait,
    emitted,
)
from chat_sessions_client.errors import ChatSessionsError, Unreachable
from chat_sessions_client.requests import Request, read_json
from chat_sessions_client.retrying import Retries
from chat_sessions_client.server_events import EventParser

from tests.docs import pages
from tests.waiting import at_once

RETRIES = Retries(attempts=4, first_pause=1, longest_pause=20, turn_wait=30, chance=lambda: 0)
SERVICE = Service(ApiKey("key", headers={"X-End-User": "u1"}), RETRIES)
DONE = Answer(200, {}, b'{"seq": 1}')
LOST = Unreachable("lost")


def refused(status: int, code: str = "", **headers: str) -> Answer:
    body = {"type": "client_error", "errors": [{"code": code, "detail": "No.", "attr": None}]}
    return Answer(status, headers, json.dumps(body).encode() if code else b"<html>")


class Played:
    """A flow, played against a list of outcomes: what it sent, waited for and emitted."""

    def __init__(self, flow: Flow[None], outcomes: Sequence[Any]) -> None:
        self.sent, self.waits, self.values = [], list[float](), list[Any]()
        self._outcomes = list(outcomes)
        self._play(flow)

    def _play(self, flow: Flow[None]) -> None:
        steps = Steps(flow)
        while (effect := steps.effect) is not None:
            outcome = None
            match effect:
                case Send(request) | Open(request):
                    self.sent.append(request)
                    outcome = self._outcomes.pop(0)
                case Read():
                    outcome = self._outcomes.pop(0)
                case Wait(seconds):
                    self.waits.append(seconds)
                case Emit(value):
                    self.values.append(value)
                case Exclusively(inner):
                    self._play(inner)
            if isinstance(outcome, ChatSessionsError):
                steps.fail(outcome)
            else:
                steps.go_on(outcome)

    @property
    def keys(self) -> list[Any]:
        return [json.loads(request.body or b"{}").get("client_id") for request in self.sent]


def call(request: Request[Any], *outcomes: Any) -> Played:
    return Played(emitted(SERVICE.called(request)), outcomes)


APPEND = routes.append_message("s", "Hello.")
UPLOAD = routes.upload_attachment("s", b"bytes", name="a.png", media_type="image/png")


# --- repeats -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [LOST, refused(503, "storage_unavailable"), refused(429, "throttled"), refused(502)],
    ids=["lost", "unavailable", "throttled", "a proxy's"],
)
def test_what_failed_for_now_is_sent_again_under_its_key(failure: Any):
    played = call(APPEND, failure, failure, DONE)

    assert played.values == [{"seq": 1}]
    assert len(played.sent) == 3
    assert len(set(played.keys)) == 1
    assert all(played.keys)


@pytest.mark.parametrize("code", ["provider_error", "error", "session_damaged", "not_found"])
def test_what_would_fail_again_is_not_repeated(code: str):
    status = {"provider_error": 502, "not_found": 404}.get(code, 500)
    with pytest.raises(errors.ApiError) as raised:
        call(APPEND, refused(status, code))
    assert raised.value.code == code


def test_pauses_double_and_end_with_the_attempts():
    played: list[float] = []
    with pytest.raises(Unreachable):
        Played(noting(SERVICE.called(APPEND), played), [LOST] * 4)
    assert played == [0.5, 1.0, 2.0]


def noting(flow: Flow[Any], waits: list[float]) -> Flow[None]:
    """The flow, with its pauses noted, which `Played` cannot return beside an error."""
    steps = Steps(emitted(flow))
    while (effect := steps.effect) is not None:
        if isinstance(effect, Wait):
            waits.append(effect.seconds)
        try:
            outcome = yield effect
        except ChatSessionsError as error:
            steps.fail(error)
        else:
            steps.go_on(outcome)


def test_retry_after_is_kept_to_with_jitter():
    jittery = Service(SERVICE.account, Retries(first_pause=1, chance=lambda: 0.5))
    busy = refused(429, "throttled", **{"retry-after": "7"})
    played = Played(emitted(jittery.called(APPEND)), [busy, DONE])

    assert played.waits == [7.25]


def test_a_retry_after_beyond_patience_is_raised():
    with pytest.raises(errors.QuotaExceeded) as raised:
        call(APPEND, refused(429, "quota_exceeded", **{"retry-after": "3600"}))
    assert raised.value.retry_after == 3600


@pytest.mark.parametrize("quota", ["sessions", "messages", "bytes", "attachments", "searches"])
def test_a_full_quota_is_raised_at_once(quota: str):
    with pytest.raises(errors.QuotaExceeded):
        call(UPLOAD, refused(429, f"quota_{quota}", **{"retry-after": "1"}))


def test_a_file_that_is_too_large_is_raised_at_once():
    with pytest.raises(errors.TooLarge):
        call(UPLOAD, refused(413, "too_large"))


def test_an_upload_is_sent_as_it_is_and_again_when_its_answer_was_lost():
    played = call(UPLOAD, LOST, DONE)
    first, second = played.sent
    assert first == second
    assert (first.method, first.path, first.query) == (
        "POST", "/session/s/attachments", {"name": "a.png"}
    )  # fmt: skip
    assert (first.body, first.headers["Content-Type"]) == (b"bytes", "image/png")


def test_a_retry_after_may_be_a_date():
    assert errors.seconds_of("Fri, 01 Jan 1999 00:00:00 GMT") == 0
    assert (errors.seconds_of("Fri, 01 Jan 2199 00:00:00 GMT") or 0) > 1e9
    assert errors.seconds_of("soon") is None
    assert errors.seconds_of(None) is None


@pytest.mark.parametrize(
    "request_once",
    [
        routes.update_session("s", title="x", etag='"3"'),
    ],
    ids=["if-match"],
)
def test_a_write_without_a_key_is_repeated_only_where_it_cannot_have_happened(
    request_once: Request[Any],
):
    never_sent = Unreachable("refused", was_sent=False)
    assert len(call(request_once, never_sent, refused(503, "overloaded"), DONE).sent) == 3
    with pytest.raises(Unreachable):
        call(request_once, LOST)
    with pytest.raises(errors.ApiError):
        call(request_once, refused(502))


@pytest.mark.parametrize("external_id", [None, "x"])
def test_a_session_is_created_again_under_its_key(external_id: str | None):
    assert len(call(routes.create_session(external_id=external_id), LOST, DONE).sent) == 2


def test_a_fork_is_made_again_under_its_key():
    played = call(routes.fork_session("s", up_to_seq=3), LOST, refused(503, "overloaded"), DONE)
    keys = {request.headers["Idempotency-Key"] for request in played.sent}
    assert (len(played.sent), len(keys)) == (3, 1)


def test_metadata_is_merged_as_a_merge_patch():
    change = routes.update_session("s", merge_metadata={"plan": "pro", "trial": None})
    [sent] = call(change, DONE).sent
    assert sent.headers["Content-Type"] == "application/merge-patch+json"
    assert sent.body == b'{"metadata": {"plan": "pro", "trial": null}}'


def test_a_deletion_whose_answer_was_lost_is_done():
    gone = refused(404, "not_found")
    assert call(routes.delete_session("s"), LOST, gone).values == [None]
    with pytest.raises(errors.NotFound):
        call(routes.delete_session("s"), gone)


def test_headers_of_the_client_go_with_every_request():
    [sent] = call(APPEND, DONE).sent
    assert sent.headers["X-End-User"] == "u1"
    assert sent.headers["Authorization"] == "Bearer key"


def test_null_and_left_out_are_two_things():
    [default] = call(routes.update_session("s", ttl_seconds="default"), DONE).sent
    [never] = call(routes.update_session("s", ttl_seconds=0, title=""), DONE).sent
    assert json.loads(default.body or b"") == {"ttl_seconds": None}
    assert json.loads(never.body or b"") == {"ttl_seconds": 0, "title": ""}


def test_a_path_holds_whatever_an_id_is():
    [sent] = call(routes.get_session("../auth/me?x=1"), DONE).sent
    assert sent.path == "/session/..%2Fauth%2Fme%3Fx%3D1"


# --- turns -------------------------------------------------------------------------------------


def event(name: str, event_id: str, **data: Any) -> bytes:
    return f"id: {event_id}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


OPENED = Answer(200, {})
DONE_EVENT = event("done", "t1:end", state="done")


def stream(*outcomes: Any) -> Played:
    return Played(turns.stream_chat(SERVICE, "s", "Hi"), outcomes)


def shown(played: Played) -> str:
    return "".join(each.text for each in played.values if isinstance(each, turns.Delta))


def test_a_broken_stream_goes_on_behind_its_last_event():
    played = stream(
        OPENED, event("delta", "t1:5", text="Hello"), LOST,
        OPENED, event("delta", "t1:7", text=", "), None,
        OPENED, event("delta", "t1:12", text="Rufus"), DONE_EVENT,
    )  # fmt: skip

    assert shown(played) == "Hello, Rufus"
    assert [request.method for request in played.sent] == ["POST", "GET", "GET"]
    assert [request.headers.get("Last-Event-ID") for request in played.sent[1:]] == ["t1:5", "t1:7"]


def test_no_character_comes_twice_when_the_question_is_sent_again():
    played = stream(
        OPENED, event("context", "t1:0", kept=1) + event("delta", "t1:2", text="He"), LOST,
        Answer(204, {}),
        OPENED, event("context", "t1:0", kept=1), event("delta", "t1:5", text="Hello") + DONE_EVENT,
    )  # fmt: skip

    assert shown(played) == "Hello"
    assert [request.method for request in played.sent] == ["POST", "GET", "POST"]
    assert [type(each).__name__ for each in played.values].count("Planned") == 1
    assert played.sent[0].body == played.sent[2].body


def test_characters_are_counted_as_the_service_counts_them():
    played = stream(
        OPENED, event("delta", "t1:2", text="🐕🐈"), LOST,
        OPENED, event("delta", "t1:3", text="🐕🐈🐎"), DONE_EVENT,
    )  # fmt: skip

    assert shown(played) == "🐕🐈🐎"


def test_a_turn_whose_worker_died_runs_again_and_says_so():
    died = event("error", "t1:end", code="turn_interrupted", detail="It stopped.")
    played = stream(
        OPENED, event("delta", "t1:2", text="He"), died,
        OPENED, event("delta", "t2:3", text="Hey"), event("done", "t2:end", state="done"),
    )  # fmt: skip

    assert [request.method for request in played.sent] == ["POST", "POST"]
    assert played.values == [
        turns.Delta("He"), turns.Restarted(), turns.Delta("Hey"), turns.Ended("done")
    ]  # fmt: skip


def test_a_failed_turn_is_raised_by_its_code():
    failed = event("error", "t1:end", code="provider_timeout", detail="Too slow.")
    with pytest.raises(errors.ProviderTimeout, match=r"Too slow\."):
        stream(OPENED, failed)


def test_a_turn_waits_for_another_one_in_its_session():
    busy = refused(409, "turn_in_progress", **{"retry-after": "5"})
    played = stream(busy, busy, busy, busy, busy, OPENED, DONE_EVENT)
    assert played.waits == [5.0] * 5

    with pytest.raises(errors.TurnInProgress):
        stream(*[busy] * 7)


def test_progress_gives_patience_back():
    pieces = [event("delta", f"t1:{n}", text="x") for n in range(1, 9)]
    cut = [each for piece in pieces for each in (OPENED, piece, LOST)]
    assert shown(stream(*cut, OPENED, DONE_EVENT)) == "x" * 8


def test_a_turn_that_nobody_runs_shows_nothing():
    played = Played(turns.stream_turn(SERVICE, "s"), [Answer(204, {})])
    assert (played.values, len(played.sent)) == ([], 1)


def test_events_may_be_cut_anywhere():
    whole = b": stream\n\n" + event("delta", "t1:2", text="é🐕") + b": \n\n" + DONE_EVENT
    for size in (1, 2, 7):
        parser = EventParser()
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        events = [each for piece in pieces for each in parser.feed(piece)]
        assert [(each.name, each.id) for each in events] == [("delta", "t1:2"), ("done", "t1:end")]
        assert events[0].data == {"text": "é🐕"}


# --- sign-in -----------------------------------------------------------------------------------


def sign_in(**more: Any) -> SignIn:
    given = {"tokens": None, "password": None, "on_tokens": None, "headers": {}} | more
    return SignIn(retries=RETRIES, **given)


def pair(name: str) -> Answer:
    return Answer(200, {}, json.dumps({"access": f"a-{name}", "refresh": f"r-{name}"}).encode())


def signed(account: SignIn, *outcomes: Any) -> Played:
    return Played(emitted(Service(account, RETRIES).called(APPEND)), outcomes)


def test_it_signs_in_when_first_needed_and_renews_what_has_ended():
    stored: list[Any] = []
    account = sign_in(password=("jo", "secret"), on_tokens=stored.append)
    first = signed(account, pair("1"), DONE)
    second = signed(account, refused(401, "token_not_valid"), pair("2"), DONE)

    assert [request.path for request in first.sent] == ["/auth/token", "/session/s/message"]
    assert [request.path for request in second.sent][1] == "/auth/token/refresh"
    assert second.sent[2].headers["Authorization"] == "Bearer a-2"
    assert [each["refresh"] for each in stored] == ["r-1", "r-2"]


def test_a_renewal_whose_answer_was_lost_is_asked_for_under_its_key():
    account = sign_in(tokens={"access": "a-0", "refresh": "r-0"})
    played = signed(account, refused(401, "token_not_valid"), LOST, pair("1"), DONE)

    keys = [request.headers["Idempotency-Key"] for request in played.sent[1:3]]
    assert keys[0] == keys[1] != ""


def test_a_sign_in_that_has_ended_is_begun_again_only_with_a_password():
    ended = [refused(401, "token_not_valid"), refused(401, "token_reused")]
    tokens = {"access": "a-0", "refresh": "r-0"}
    again = signed(sign_in(tokens=tokens, password=("jo", "secret")), *ended, pair("1"), DONE)
    assert again.sent[2].path == "/auth/token"
    with pytest.raises(errors.SignInEnded):
        signed(sign_in(tokens=tokens), *ended)


def test_threads_wait_for_one_renewal():
    renewals, lock = [], threading.Lock()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token/refresh":
            with lock:
                renewals.append(request)
            return httpx.Response(200, json={"access": "new", "refresh": "r-1"})
        ended = request.headers["Authorization"] != "Bearer new"
        return httpx.Response(401 if ended else 200, json={"errors": [], "seq": 1})

    tokens = {"access": "old", "refresh": "r-0"}
    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as http,
        Client("http://chat.test", tokens=tokens, http=http) as client,  # type: ignore[arg-type]
    ):
        at_once(*[partial(client.append_message, "s", "Hi")] * 8)

    assert len(renewals) == 1


def test_a_client_speaks_for_one_account():
    wrong: list[dict[str, Any]] = [{}, {"api_key": "k", "username": "jo", "password": "p"}]
    for given in wrong:
        with pytest.raises(TypeError, match="api_key"):
            Client("http://chat.test", **given)


# --- errors ------------------------------------------------------------------------------------


def test_every_documented_code_has_a_class_of_its_kind():
    rows = pages.tables(pages.section(pages.read("reference/errors.md"), "By code"))["Code"]
    documented = {code.strip("` "): int(row[1]) for row in rows for code in row[0].split(",")}
    assert set(errors.BY_CODE) - set(documented) <= {"quota_exceeded"}
    for code, status in documented.items():
        kind = errors.class_of(status, code)
        assert kind is not errors.ApiError, code
        if status < 500 and not code.startswith("provider_"):
            assert issubclass(kind, errors.BY_STATUS[status]), code


def test_both_forms_of_errors_are_understood():
    wire = {"error": {"message": "No.", "type": "x", "param": "model", "code": "not_found"}}
    error = errors.of_answer(404, {"x-request-id": "r1"}, json.dumps(wire).encode())
    assert (type(error), error.code, error.attr, str(error)) == (
        errors.NotFound, "not_found", "model", "No."
    )  # fmt: skip
    assert error.request_id == "r1"
    page = errors.of_answer(502, {}, b"<html>Bad gateway</html>")
    assert (type(page), page.code, str(page)) == (errors.ServerError, "", "status 502")


def test_the_tree_in_the_docstring_has_every_class():
    drawn = errors.__doc__ or ""
    kinds: list[Callable[..., Any]] = [ChatSessionsError]
    for kind in kinds:
        assert kind.__name__ in drawn
        kinds.extend(kind.__subclasses__())  # type: ignore[attr-defined]


def test_any_other_route_can_be_called():
    assert call(Request("GET", "/healthz", read_json), DONE).values == [{"seq": 1}]

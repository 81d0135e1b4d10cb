"""A span for each request, service step, query and model call, and in none what anybody said."""

import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from opentelemetry import propagate
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from rest_framework.test import APIClient

from chatproject.traces import exporting
from sessions_app import providers, tracing
from sessions_app.domain.deferred import DeferredPiece, Kind
from sessions_app.services import deferred
from tests import model_server
from tests.chatproject.traces.conftest import Spans
from tests.conftest import Person
from tests.model_server import fails, streams
from tests.passed_through import ROOT

SAID = "my cat is called Quetzalcoatl-7731"
KEY = "planted-model-key-9041"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
def server(settings: Any):
    with model_server.serving() as running:
        settings.LLM_BASE_URL, settings.LLM_MODEL = running.base_url, "gulf"
        settings.LLM_API_KEY = KEY
        yield running
        found = providers.configured()
        assert found is not None
        found.close()
        providers._provider.cache_clear()


@pytest.fixture
def traced(alice: Person, spans: Spans) -> APIClient:
    """Alice's client, of whom spans are recorded."""
    return alice.client


@pytest.fixture
def session_id(traced: APIClient, spans: Spans) -> str:
    created = traced.post("/session/create", {"title": SAID}).json()["session_id"]
    spans.clear()
    return str(created)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_an_append_is_a_request_a_step_and_its_query(
    traced: APIClient, spans: Spans, session_id: str
):
    sent = traced.post(f"/session/{session_id}/message", {"content": SAID}, HTTP_X_REQUEST_ID="r-1")
    assert sent.status_code == 201

    request = spans.only("POST /session/{session_id}/message")
    assert request.kind is SpanKind.SERVER
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/session/{session_id}/message",
        "http.response.status_code": 201,
        "chat.request.id": "r-1",
        "gen_ai.conversation.id": session_id,
    }
    query = spans.only("findAndModify sessions")
    assert query.kind is SpanKind.CLIENT
    assert spans.path(query)[1:] == ["messages.message_append", request.name]
    noted = attributes(query)
    assert (noted["db.system.name"], noted["db.operation.name"], noted["db.collection.name"]) == (
        "mongodb", "findAndModify", "sessions",
    )  # fmt: skip
    assert {"db.namespace", "server.address", "server.port"} <= noted.keys()


def test_a_turn_is_traced_to_its_model_call_and_its_reply(
    server: Any, traced: APIClient, spans: Spans, session_id: str
):
    server.answers = [
        streams("By ", "train.", usage={
            "prompt_tokens": 40, "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 32},
        })
    ]  # fmt: skip
    assert traced.post(f"/session/{session_id}/chat", {"content": SAID}).status_code == 200

    route = "POST /session/{session_id}/chat"
    call = spans.only("chat gulf")
    assert call.kind is SpanKind.CLIENT
    assert spans.path(call)[1:] == ["turn", "turns.turn_start", "turns.turn_queued", route]
    noted = attributes(call)
    assert noted.pop("gen_ai.response.time_to_first_chunk") >= 0
    assert noted.pop("gen_ai.response.model")
    assert noted == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai_compatible",
        "gen_ai.request.model": "gulf",
        "server.address": "127.0.0.1",
        "server.port": int(server.base_url.split(":")[2].split("/")[0]),
        "gen_ai.usage.input_tokens": 40,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 32,
        "gen_ai.response.finish_reasons": ("stop",),
    }
    steps = {"turns.turn_start", "context.context_plan", "turns.store", "sessions.title_from_text"}
    assert {span.name for span in spans.all} >= steps
    for name in ("context.context_plan", "turns.store"):
        assert spans.path(spans.only(name))[1:] == [
            "turn",
            "turns.turn_start",
            "turns.turn_queued",
            route,
        ]
    queries = [span for span in spans.all if span.name == "findAndModify sessions"]
    assert any(spans.path(span)[1] == "turns.store" for span in queries)


def test_a_trace_begun_elsewhere_goes_on_here_and_at_the_model_s_server(
    server: Any, traced: APIClient, spans: Spans, session_id: str
):
    traced.post(
        f"/session/{session_id}/chat",
        {"content": SAID},
        HTTP_TRACEPARENT=TRACEPARENT,
        HTTP_TRACESTATE="vendor=1",
        HTTP_BAGGAGE=f"cat={SAID}",
    )
    request = spans.only("POST /session/{session_id}/chat")
    assert request.parent is not None
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (TRACE, PARENT)
    [headers] = server.headers
    call = spans.only("chat gulf")
    assert headers["traceparent"] == f"00-{TRACE}-{call.context.span_id:016x}-01"
    assert headers["tracestate"] == "vendor=1"
    assert "baggage" not in headers


def test_a_caller_that_has_not_sampled_its_trace_has_none_here(
    traced: APIClient, spans: Spans, session_id: str
):
    traced.get(f"/session/{session_id}", HTTP_TRACEPARENT=TRACEPARENT.removesuffix("1") + "0")

    assert spans.all == []


@pytest.mark.parametrize(
    "header", ["", "rubbish", f"00-{'0' * 32}-{'0' * 16}-01", "00-" + "é" * 90]
)
def test_a_traceparent_that_is_none_begins_a_trace(
    traced: APIClient, spans: Spans, session_id: str, header: str
):
    assert traced.get(f"/session/{session_id}", HTTP_TRACEPARENT=header).status_code == 200

    assert spans.only("GET /session/{session_id}").parent is None


def test_a_call_that_fails_has_the_kind_of_its_failure_and_not_its_words(
    server: Any, traced: APIClient, spans: Spans, session_id: str
):
    server.answers = [fails(401)] * 4
    answered = traced.post(f"/session/{session_id}/chat", {"content": SAID})
    assert answered.status_code >= 400

    for name in ("chat gulf", "turn"):
        span = spans.only(name)
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        assert span.events == ()
        assert attributes(span)["error.type"] == "provider_error"


def test_a_request_that_ends_with_5xx_is_an_error_and_one_of_4xx_is_not(
    server: Any, traced: APIClient, spans: Spans, session_id: str, settings: Any
):
    settings.TURNS_MAX = 0
    traced.post(f"/session/{session_id}/chat", {"content": SAID})
    traced.get(f"/session/{session_id[:-1]}0/messages")

    failed = spans.only("POST /session/{session_id}/chat")
    assert failed.status.status_code is StatusCode.ERROR
    assert attributes(failed)["error.type"] == "503"
    assert spans.only("GET /session/{session_id}/messages").status.status_code is StatusCode.UNSET


def test_a_query_that_fails_has_mongodb_s_code_and_not_its_words(database: Any, spans: Spans):
    with tracing.span("work"), pytest.raises(Exception, match=SAID):
        database.client.admin.command({"insert": SAID, SAID: 1})
    [failed] = [span for span in spans.all if span.name.startswith("insert")]

    assert failed.status.description is None
    assert SAID not in str({k: v for k, v in attributes(failed).items() if k == "error.type"})
    assert attributes(failed)["error.type"]


def test_what_the_clocks_ask_for_no_request_has_no_spans(database: Any, spans: Spans):
    database.sessions.find_one({})

    assert spans.all == []


def test_work_behind_turns_is_a_trace_of_its_own(
    alice: Person, traced: APIClient, spans: Spans, session_id: str
):
    traced.post(f"/session/{session_id}/message", {"content": SAID})
    spans.clear()
    deferred.do(DeferredPiece(session_id, alice.id, Kind.TOPICS, "here", 1, 1))

    assert spans.only("topics.catch_up").parent is None


def test_no_span_has_what_was_said_or_signed_in_with(
    server: Any, traced: APIClient, spans: Spans, alice: Person
):
    created = traced.post("/session/create", {"title": SAID, "metadata": {"cat": SAID}}).json()
    path = f"/session/{created['session_id']}"
    traced.post(f"{path}/message", {"content": SAID, "client_id": "key-7731"})
    traced.post(f"{path}/chat", {"content": SAID, "options": {"stop": [SAID], "user": SAID}})
    traced.get(f"/sessions/search?q={SAID}")
    traced.get(f"/nowhere/{SAID}")
    traced.post(f"{path}/message", f'{{"{SAID}": ', content_type="application/json")

    told = " ".join(span.to_json() for span in spans.all)
    assert "messages.message_append" in told
    planted = ("Quetzalcoatl", KEY, "key-7731", alice.id)
    for each in (*planted, alice.client._credentials["HTTP_AUTHORIZATION"][7:]):
        assert each not in told


def test_without_an_endpoint_nothing_of_opentelemetry_is_imported():
    code = (
        "import os, sys\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "import chatproject.urls, chatproject.wsgi\n"
        "from sessions_app.providers import observed, openai_compatible\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    answered = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answered.stdout.strip() == "[]", answered.stderr


def test_without_traces_a_step_makes_no_span_and_sends_no_header():
    assert not tracing.is_on()
    with tracing.span("work") as span:
        span.note({"a": 1})
        span.fail("none")
        assert tracing.headers() == {}
        assert not tracing.belongs_to_a_span()
    assert tracing.span("work") is tracing.span("other")
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    assert carrier == {}


def test_missing_packages_are_said_at_the_start(settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.TRACES = True
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(ImproperlyConfigured, match=r"pip install -r requirements-traces\.txt"):
        exporting.begin()

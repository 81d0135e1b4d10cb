"""What a running service tells in its log, metrics and traces: every request, and no secret.

Secret is what somebody said, and what anybody signs in with.
"""

import json
import signal
from typing import Any

import httpx

from tests import model_server
from tests.chatproject.conftest import Serve, Service
from tests.chatproject.traces.collector import collecting
from tests.waiting import wait_until

SAID = "my cat is called Quetzalcoatl-7731"
PASSWORD = "planted-password-5520"
KEY = "planted-model-key-9041"
METRICS_TOKEN = "planted-metrics-token-3367"
COLLECTOR_KEY = "planted-collector-key-8102"


def lines(service: Service) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.output.splitlines() if line.startswith("{")]


def test_a_run_tells_of_its_requests_and_none_of_the_secrets_planted_in_it(serve: Serve):
    with model_server.serving() as model, collecting() as collector:
        service = serve(
            LOG_FORMAT="json",
            SLOW_QUERY_MS="1",
            LLM_BASE_URL=model.base_url,
            LLM_MODEL="gulf",
            LLM_API_KEY=KEY,
            WORKERS="1",
            METRICS_TOKEN=METRICS_TOKEN,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_EXPORTER_OTLP_HEADERS=f"x-collector-key={COLLECTOR_KEY}",
            OTEL_SERVICE_NAME="chat-of-a-test",
            OTEL_BSP_SCHEDULE_DELAY="200",
        ).ready()
        account = {"username": "ann", "password": PASSWORD}
        tokens = service.post("/auth/register", account)
        token = tokens["access"]
        session_id = service.post("/session/create", {"title": SAID}, token)["session_id"]
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "trace-1"}
        answered = httpx.post(
            f"{service.url}/session/{session_id}/chat",
            json={"content": SAID},
            headers=headers,
            timeout=30,
        )
        assert answered.is_success, answered.text
        assert answered.headers["X-Request-Id"] == "trace-1"
        assert "trace-1" in [sent.get("x-request-id") for sent in model.headers]
        httpx.post(f"{service.url}/auth/token", json=account | {"password": f"{PASSWORD}x"})
        httpx.get(f"{service.url}/session?q={SAID}", headers={"Authorization": f"Bearer {token}x"})
        httpx.get(f"{service.url}/session", headers={"Host": "evil.example"})
        httpx.post(f"{service.url}/session", content=f'{{"{SAID}": ', headers=headers)
        scraped = httpx.get(
            f"{service.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}
        ).text
        wait_until(lambda: any("evil.example" in line["message"] for line in lines(service)))
        assert service.end(signal.SIGTERM) == 0

    traced = str(collector)
    secrets = (SAID, "Quetzalcoatl", PASSWORD, KEY, COLLECTOR_KEY, METRICS_TOKEN)
    for planted in (*secrets, token, tokens["refresh"]):
        for told in (service.output, scraped, traced):
            assert planted not in told
    assert 'gen_ai_request_model="gulf"' in scraped
    route = "POST /session/{session_id}/chat"
    assert {route, "turns.turn_start", "turn", "findAndModify sessions", "chat gulf"} <= {
        span.name for span in collector.spans
    }
    [request] = [span for span in collector.spans if span.name == route]
    [call] = [span for span in collector.spans if span.name == "chat gulf"]
    assert request.trace_id == call.trace_id
    assert call.trace_id.hex() in {sent.get("traceparent", "")[3:35] for sent in model.headers}
    assert collector.services == {"chat-of-a-test"}
    assert collector.headers[0]["x-collector-key"] == COLLECTOR_KEY
    logged = lines(service)
    [turn] = [line for line in logged if line.get("request_id") == "trace-1" and
              line.get("route") == "/session/{session_id}/chat"]  # fmt: skip
    assert turn.keys() >= {
        "time", "level", "request_id", "user", "session_id", "route", "status", "duration_ms",
        "worker",
    }  # fmt: skip
    assert (turn["session_id"], turn["status"]) == (session_id, answered.status_code)
    assert [line["logger"] for line in logged if "evil.example" in line["message"]] == [
        "django.security.DisallowedHost"
    ]
    assert "Traceback" not in service.output
    slow = [line for line in logged if line["logger"] == "chat.slow_query"]
    assert any(line["message"].startswith("slow query: ") for line in slow)


def test_what_is_refused_before_django_has_the_id_of_its_request(service: Service):
    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            yield from (b" " * 1024 * 1024 for _ in range(6))

    refused = httpx.post(
        f"{service.url}/auth/register",
        content=iter(Endless()),
        headers={"X-Request-Id": "trace-2", "Content-Type": "application/json"},
        timeout=20,
    )
    assert refused.status_code == 413
    assert refused.headers["X-Request-Id"] == "trace-2"

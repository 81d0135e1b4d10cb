"""What a running service logs: every request, and nothing that anybody said or signs in with."""

import json
import signal
from typing import Any

import httpx

from tests import model_server
from tests.chatproject.conftest import Serve, Service, wait_until

SAID = "my cat is called Quetzalcoatl-7731"
PASSWORD = "planted-password-5520"
KEY = "planted-model-key-9041"


def lines(service: Service) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.output.splitlines() if line.startswith("{")]


def test_a_run_logs_requests_and_none_of_the_secrets_planted_in_it(serve: Serve):
    with model_server.serving() as model:
        service = serve(
            LOG_FORMAT="json",
            SLOW_QUERY_MS="1",
            LLM_BASE_URL=model.base_url,
            LLM_MODEL="gulf",
            LLM_API_KEY=KEY,
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
        wait_until(lambda: any("evil.example" in line["message"] for line in lines(service)))
        assert service.end(signal.SIGTERM) == 0

    for planted in (SAID, "Quetzalcoatl", PASSWORD, KEY, token, tokens["refresh"]):
        assert planted not in service.output
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

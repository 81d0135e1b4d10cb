"""API requests pass by the middleware of pages; their answers have what it adds all the same."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.test import Client

from chatproject.http import api_requests
from tests.conftest import Create, Person

OF_EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Of pages alone.
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware.process_request"
PATHS = ["/session", "/session/count", "/session/nope", "/session/a/b/c/d", "/v1/models",
         "/v1/nope", "/attachments/nope"]  # fmt: skip


@pytest.fixture
def page_middleware(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that have passed through it."""
    seen: list[str] = []

    def process_request(_: Any, request: HttpRequest) -> HttpResponse:
        seen.append(request.path)
        return HttpResponse("stopped")

    monkeypatch.setattr(SESSIONS, process_request)
    return seen


@pytest.mark.parametrize("path", PATHS)
def test_an_api_request_passes_by_the_middleware_of_pages(
    path: str, alice: Person, page_middleware: list[str]
):
    assert alice.client.get(path).content != b"stopped"
    assert page_middleware == []


@pytest.mark.parametrize("path", ["/", "/admin/login/", "/auth/me", "/api/docs", "/nope"])
def test_a_page_does_not(path: str, alice: Person, page_middleware: list[str]):
    assert alice.client.get(path).content == b"stopped"
    assert page_middleware == [path]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_its_answer_has_every_header_that_a_page_has(path: str, who: str, alice: Person):
    client = alice.client if who == "alice" else Client()
    answer, page = client.get(path), Client().get("/nope", headers={"accept": "text/html"})
    assert {name: answer[name] for name in OF_EVERY_ANSWER} == OF_EVERY_ANSWER
    assert answer["Content-Security-Policy"] == page["Content-Security-Policy"]
    assert answer["Content-Length"] == str(len(answer.content))
    assert "origin" in answer["Vary"].lower()
    assert not answer.cookies


def test_an_answer_to_a_write_has_them_too(alice: Person, create: Create):
    path = f"/session/{create()['session_id']}/message"
    answer = alice.client.post(path, {"content": "Hello"})
    assert {name: answer[name] for name in OF_EVERY_ANSWER} == OF_EVERY_ANSWER


def test_a_policy_of_the_views_own_stays(alice: Person, create: Create):
    session_id = create()["session_id"]
    upload = io.BytesIO(b"some words")
    upload.name = "words.txt"
    stored = alice.client.post(
        f"/session/{session_id}/attachments", {"file": upload}, format="multipart"
    ).json()
    policy = alice.client.get(f"/attachments/{stored['attachment_id']}")["Content-Security-Policy"]
    assert "sandbox" in policy


@pytest.mark.parametrize("path", PATHS)
def test_a_host_that_is_not_allowed_is_refused(path: str, alice: Person):
    answer = alice.client.get(path, headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert {name: answer[name] for name in OF_EVERY_ANSWER} == OF_EVERY_ANSWER


def test_another_origin_is_answered_as_the_settings_say(alice: Person, settings: Any):
    settings.CORS_ALLOWED_ORIGINS = ["https://chat.example"]
    preflight = {"origin": "https://chat.example", "access-control-request-method": "POST"}
    before, stranger = (
        Client().options("/session/create", headers=preflight | changed)
        for changed in ({}, {"origin": "https://else.example"})
    )
    assert before.status_code == 200
    assert before["Access-Control-Allow-Origin"] == "https://chat.example"
    assert "Access-Control-Allow-Origin" not in stranger
    answer = alice.client.get("/session", headers={"origin": "https://chat.example"})
    assert answer["Access-Control-Allow-Origin"] == "https://chat.example"
    assert "Retry-After" in answer["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("is_behind_tls", [True, False])
def test_behind_tls_it_asks_for_tls_from_then_on(is_behind_tls: bool, settings: Any, database: Any):
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"x-forwarded-proto": "https" if is_behind_tls else "http"}
    answer = Client().get("/session", headers=headers)
    assert answer.get("Strict-Transport-Security") == ("max-age=60" if is_behind_tls else None)


def test_a_list_of_middleware_without_its_end_is_a_mistake():
    def view(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    api_requests.ApiRequests(api_requests.answering(view))
    with pytest.raises(ImproperlyConfigured):
        api_requests.ApiRequests(view)


def served(path: str, answer: Callable[..., Any]) -> bytes:
    """The body that the application of the service answers, rather than a test's client."""
    from chatproject.wsgi import django

    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "HTTP_HOST": "localhost",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0",
    }  # fmt: skip
    response = django(environ, answer)
    body = b"".join(response)
    response.close()  # type: ignore[attr-defined]
    return body


@pytest.fixture
def own_connection() -> Iterator[None]:
    """As Django's client does: the test's connection stays open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize(("path", "status"), [("/session", "401"), ("/", "200"), ("/nope", "404")])
def test_the_application_that_is_served_answers_alike(
    path: str, status: str, database: Any, own_connection: None
):
    statuses: list[str] = []
    body = served(path, lambda line, _headers: statuses.append(line))
    assert [line[:3] for line in statuses] == [status]
    assert body

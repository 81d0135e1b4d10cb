"""Large bodies of clients that may not send them: answered before a byte of them is received."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from chatproject import wsgi
from chatproject.serving.gateway import answering, bodies
from chatproject.serving.gateway.application import Gateway
from sessions_app.http.waiting import Takes
from tests.chatproject.serving.gateway.test_gateway import Body, scope
from tests.conftest import Person

LENGTH = 5_000_000
PART = b"x" * 65_536


class Client:
    """A client that sends a large body; what it was answered, and how much was taken of it."""

    def __init__(
        self, path: str, *, by: Person | None = None, length: int = LENGTH, **headers: str
    ) -> None:
        self.length = length
        sent_headers = {"host": "localhost", "content-length": str(length), **headers}
        if by is not None:
            sent_headers["authorization"] = by.client._credentials["HTTP_AUTHORIZATION"]
        encoded = [(n.replace("_", "-").encode(), v.encode()) for n, v in sent_headers.items()]
        self.scope = scope(path, headers=encoded, query_string=b"", scheme="http")
        self.received = self.received_before_answer = 0
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body: Any = None
        self.is_over = False

    async def receive(self) -> dict[str, Any]:
        if self.received >= self.length:
            await asyncio.Future()
        part = PART[: self.length - self.received]
        self.received += len(part)
        if self.status is None:
            self.received_before_answer = self.received
        more = self.received < self.length
        return {"type": "http.request", "body": part, "more_body": more}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {n.decode(): v.decode() for n, v in message["headers"]}
        elif message["body"]:
            self.body = json.loads(message["body"])
        self.is_over = message["type"] == "http.response.body" and not message.get("more_body")


def send(client: Client, app: Any = None) -> Client:
    gateway = Gateway(app or wsgi.django, started=lambda: None, stopping=lambda: None)
    asyncio.run(asyncio.wait_for(gateway(client.scope, client.receive, client.send), 30))
    assert client.is_over
    return client


UPLOADS = [f"/session/{uuid.UUID(int=7)}/attachments", "/v1/files", "/session/import"]
# JSON, which may have pictures and files in it.
IN_JSON = [f"/session/{uuid.UUID(int=7)}/message", "/session/create", "/v1/chat/completions"]


@pytest.mark.parametrize("path", [*UPLOADS, *IN_JSON, UPLOADS[0] + "/"])
@pytest.mark.parametrize("credential", [None, "Bearer nonsense", "Basic YTpi"])
def test_nobody_has_no_byte_received(database: Any, path: str, credential: str | None):
    headers = {"authorization": credential} if credential else {}
    client = send(Client(path, content_type="application/json", **headers))
    assert (client.status, client.received_before_answer) == (401, 0)
    assert client.headers["connection"] == "close"
    assert "www-authenticate" in client.headers


def test_a_client_that_is_sending_may_finish_so_that_it_reads_the_answer(database: Any):
    client = send(Client(UPLOADS[0]))
    assert (client.status, client.received_before_answer) == (401, 0)
    assert client.received >= LENGTH


def test_who_waits_to_be_told_to_send_is_not_listened_to(database: Any):
    client = send(Client(UPLOADS[0], expect="100-continue"))
    assert (client.status, client.received) == (401, 0)


def test_a_client_that_goes_on_for_ever_is_left(database: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answering, "LINGER_SECONDS", 0.05)
    client = Client(UPLOADS[0])

    async def nothing_comes() -> dict[str, Any]:
        return await asyncio.Future()

    client.receive = nothing_comes  # type: ignore[method-assign]
    assert send(client).status == 401


def test_a_strangers_session_takes_no_byte(alice: Person, bob: Person, create: Any):
    session = create()
    path = f"/session/{session['session_id']}/attachments"
    refused = send(Client(path, by=bob))
    unknown = send(Client(UPLOADS[0], by=bob))
    assert (refused.status, refused.received_before_answer) == (404, 0)
    assert (refused.status, refused.body) == (unknown.status, unknown.body)


def test_an_archived_session_takes_no_byte(alice: Person, create: Any):
    session = create()
    alice.client.post(f"/session/{session['session_id']}/archive")
    client = send(Client(f"/session/{session['session_id']}/attachments", by=alice))
    assert (client.status, client.received_before_answer) == (409, 0)
    assert client.body["errors"][0]["code"] == "session_archived"


def test_a_query_that_is_wrong_takes_no_byte(alice: Person, create: Any):
    client = Client("/session/import", by=alice)
    client.scope["query_string"] = b"format=word"
    assert (send(client).status, client.received_before_answer) == (400, 0)


@pytest.mark.mongod("GridFS")
def test_what_may_be_sent_is_received_and_counts_once(
    alice: Person, create: Any, settings: Any, database: Any
):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "user": "3/min"}
    path = f"/session/{create()['session_id']}/attachments"
    first, second = (send(Client(path, by=alice, content_type="text/plain")) for _ in "12")
    third = send(Client(path, by=alice, content_type="text/plain"))
    assert (first.status, second.status) == (201, 201)
    assert database.attachment_facts.count_documents({"size": first.body["size"]}) == 1
    assert (third.status, third.received_before_answer) == (429, 0)


@pytest.mark.parametrize("path", ["/session/{}/attachments", "/v1/files", "/session/import"])
def test_a_file_that_does_not_come_is_answered_408(
    alice: Person, create: Any, path: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.02)
    client = Client(path.format(create()["session_id"]), by=alice)
    parts = [b"x"]

    async def receive() -> dict[str, Any]:
        if not parts:
            await asyncio.Future()
        return {"type": "http.request", "body": parts.pop(), "more_body": True}

    client.receive = receive  # type: ignore[method-assign]
    assert send(client).status == 408
    assert client.headers["connection"] == "close"


def test_a_client_that_is_made_to_wait_for_others_is_not_slow(
    monkeypatch: pytest.MonkeyPatch, settings: Any
):
    """Its blocks take turns with those of other uploads, for longer than its body may take."""
    now = [0.0]

    @asynccontextmanager
    async def turn(*_: Any) -> AsyncIterator[None]:
        now[0] += 1_000
        yield

    monkeypatch.setattr(bodies.pace, "turn_on_loop", turn)
    monkeypatch.setattr(bodies, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(bodies, "_length", lambda _: 1_000_000)
    part = b"x" * bodies._WRITE_BYTES
    parts = [part] * 5

    async def receive() -> dict[str, Any]:
        body = parts.pop()
        return {"type": "http.request", "body": body, "more_body": bool(parts)}

    async def read() -> int:
        with bodies.kept(bodies.Budget(), Takes.A_FILE) as body:
            content = await body.read({"method": "POST", "headers": []}, receive)
            return len(content.read())

    assert asyncio.run(read()) == 5 * len(part)
    assert now[0] > settings.BODY_SECONDS


def test_who_may_be_anybody_is_heard(database: Any):
    """A password is refused for its length by its view, which needs no account for that."""
    client = Client("/auth/token", length=3 * len(PART), content_type="application/json")
    heard: list[int] = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        heard.append(len(environ["wsgi.input"].read()))
        start_response("204 No Content", [])
        return Body()

    send(client, app)
    assert heard == [len(PART) * 3]


def test_a_small_body_is_received_as_ever(database: Any):
    client = send(Client("/v1/chat/completions", length=2, content_type="application/json"))
    assert (client.status, client.received_before_answer) == (401, 2)

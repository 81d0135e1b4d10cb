"""Request bodies: how long, how slow and how many they may be."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chatproject.serving.gateway import bodies
from chatproject.serving.gateway.application import Gateway
from sessions_app.domain.errors import Overloaded
from tests.chatproject.serving.gateway.test_gateway import Body, scope
from tests.conftest import error


def refuse(*_: Any) -> Any:
    pytest.fail("there is nothing to ask Django")


def answer(_: Any, start_response: Any) -> Body:
    start_response("204 No Content", [])
    return Body()


def ask(
    asked: dict[str, Any], parts: Iterator[bytes], django: Any = refuse
) -> tuple[int, dict[str, str], Any]:
    """What is answered to a body of these parts, which then stays unfinished."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        part = next(parts, None)
        if part is None:
            await asyncio.Future()
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    gateway = Gateway(django, started=lambda: None, stopping=lambda: None)
    asyncio.run(asyncio.wait_for(gateway(asked, receive, send), 20))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(sent[1]["body"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.02)


SLOW = error("request_timeout", "The request's body came too slowly.")


def test_a_body_that_does_not_come_is_answered_408_and_ends_the_connection(impatient: None):
    headers = [(b"content-length", b"9")]
    status, sent, body = ask(scope(headers=headers), iter([b"x"]))
    assert (status, body, sent["connection"]) == (408, SLOW, "close")


def test_it_is_said_in_the_words_of_the_route(impatient: None):
    headers = [(b"content-length", b"9")]
    status, _, body = ask(scope("/v1/chat/completions", headers=headers), iter([b"x"]))
    assert status == 408
    assert body == {
        "error": {
            "message": "The request's body came too slowly.",
            "type": "invalid_request_error",
            "param": None,
            "code": "request_timeout",
        }
    }


def test_a_body_below_the_least_rate_is_not_waited_for(impatient: None, settings: Any):
    settings.BODY_MIN_RATE = 10**9

    def drops() -> Iterator[bytes]:
        while True:
            yield b"x"

    chunks = drops()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    gateway = Gateway(refuse, started=lambda: None, stopping=lambda: None)
    asked = scope(headers=[(b"transfer-encoding", b"chunked")])
    asyncio.run(asyncio.wait_for(gateway(asked, receive, send), 20))
    assert sent[0]["status"] == 408


def test_who_says_that_too_much_comes_is_refused_before_it_does(settings: Any):
    settings.REQUEST_MAX_BYTES = 10
    status, headers, body = ask(scope(headers=[(b"content-length", b"11")]), iter([]))
    assert (status, headers["connection"]) == (413, "close")
    assert body == error("too_large", "The body may have at most 10 bytes.")


def test_all_bodies_together_have_a_limit(settings: Any):
    settings.BODIES_MAX_BYTES = 10
    budget = bodies.Budget()
    budget.take(8)
    with pytest.raises(Overloaded):
        budget.take(3)
    assert budget.used == 8


def test_a_body_over_the_budget_is_refused_with_503(settings: Any):
    settings.BODIES_MAX_BYTES = 10
    asked = scope(headers=[(b"content-length", b"20")])
    status, headers, body = ask(asked, iter([b"x" * 11]))
    assert status == 503
    assert body["errors"][0]["code"] == "overloaded"
    assert int(headers["retry-after"]) >= 1


def test_the_bytes_count_until_the_request_has_ended(settings: Any):
    async def read() -> None:
        budget = bodies.Budget()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"12345", "more_body": False}

        with bodies.kept(budget) as body:
            asked = scope(headers=[(b"content-length", b"5")])
            assert (await body.read(asked, receive)).read() == b"12345"
            assert budget.used == 5
        assert budget.used == 0

    asyncio.run(read())


def test_a_request_without_a_body_is_not_waited_for():
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    gateway = Gateway(answer, started=lambda: None, stopping=lambda: None)
    asyncio.run(asyncio.wait_for(gateway(scope(method="GET"), receive, send), 20))
    assert sent[0]["status"] == 204

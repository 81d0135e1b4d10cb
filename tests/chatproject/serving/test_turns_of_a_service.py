"""Turns over a real service: two workers, killed in the middle, stopped in good order."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import model_server
from tests.chatproject.conftest import Service
from tests.model_server import ModelServer
from tests.services.turns import events
from tests.waiting import Threads, in_time, wait_until

WORDS = [f"word{n} " for n in range(40)]
LEASE_AND_MORE = 40.0


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as running:
        yield running


class Alice:
    """A client of the service with a session."""

    def __init__(self, service: Service) -> None:
        account = {"username": "alice", "password": "a long walk home"}
        self.service = service
        self.token = service.post("/auth/register", account)["access"]
        # With a title, so that the model is asked for answers only.
        titled = service.post("/session/create", {"title": "Islands"}, self.token)
        self.session = titled["session_id"]

    def request(self, method: str, *path: str, **more: Any) -> httpx.Response:
        url = "/".join([self.service.url, "session", self.session, *path])
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, url, headers=headers, timeout=60, **more)

    def ask(self, **body: Any) -> httpx.Response:
        return self.request("POST", "chat", json={"content": "Hello?", "client_id": "k", **body})

    def until(self, name: str, **more: Any) -> None:
        """Ask, and hang up at the first event of this name."""
        url = f"{self.service.url}/session/{self.session}/chat"
        body = {"content": "Hello?", "client_id": "k", "stream": True, **more}
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as response:
            for line in in_time(response.iter_lines(), what=name):
                if line == f"event: {name}":
                    return
        pytest.fail(f"there was no {name}")

    def until_told(self, text: str) -> None:
        """Follow the turn in progress, at whichever worker, until the reply says this."""
        url = f"{self.service.url}/session/{self.session}/chat/stream"
        headers = {"Authorization": f"Bearer {self.token}"}
        told = ""
        with httpx.stream("GET", url, headers=headers, timeout=60) as response:
            for line in in_time(response.iter_lines(), what=text):
                data = json.loads(line[6:]) if line.startswith("data: ") else {}
                told += data.get("text", "")
                if told == text:
                    return
        pytest.fail(f"the reply ended with {told!r}")

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.request("GET", "messages").json()["results"]
        return found


def untold(result: dict[str, Any]) -> dict[str, Any]:
    """A turn's result without its topics, which are judged behind it."""
    for name in ("user_message", "assistant_message"):
        del result[name]["topic"]
    return result


def slow_words(seconds: float = 0.1) -> Any:
    return model_server.streams(*WORDS, between=seconds)


def with_model(model: ModelServer, **more: str) -> dict[str, str]:
    return {"LLM_BASE_URL": model.base_url, "LLM_MODEL": "gulf", "THROTTLE_CHAT": "", **more}


def test_a_turn_is_taken_up_and_stopped_from_any_worker(serve: Any, model: ModelServer):
    alice = Alice(serve(**with_model(model, WORKERS="2")).ready())
    model.answers = [slow_words()]
    alice.until("delta")

    # New connections each: the kernel deals them out to the workers.
    with Threads(12) as pool:
        streams = list(
            pool.map(
                lambda _: events.parse(alice.request("GET", "chat", "stream").content), range(12)
            )
        )

    assert {events.text(found) for found in streams} == {"".join(WORDS)}
    assert all(events.names(f) == ["context", "delta", "message", "done"] for f in streams)
    places = {event.id for found in streams for event in found if event.name == "message"}
    assert len(places) == 1
    assert len(model.requests) == 1

    for turn in range(6):
        model.answers = [model_server.hangs_after("One", " two")]
        body = {"content": f"Again {turn}?", "client_id": f"again {turn}"}
        with Threads(1) as pool:
            waiting = pool.submit(alice.request, "POST", "chat", json=body)
            said = 3 + 2 * turn
            wait_until(lambda: alice.request("GET").json()["message_count"] == said)  # noqa: B023
            alice.until_told("One two")
            stopped = alice.request("POST", "chat", "cancel")
            assert stopped.json()["state"] == "cancelled", stopped.text
            reply = waiting.result().json()["assistant_message"]
        # Topics are judged behind a turn: of two answers, the later may know the reply's.
        judged = {"topic": None, "topic_shift": False}
        assert reply | judged == stopped.json()["assistant_message"] | judged
        assert reply["content"] == "One two"


def test_a_server_killed_in_the_middle_loses_no_question_and_a_repeat_is_answered(
    serve: Any, model: ModelServer
):
    first = serve(**with_model(model, WORKERS="2")).ready()
    alice = Alice(first)
    model.answers = [slow_words()]
    alice.until("delta")
    first.kill()

    alice.service = serve(PORT=str(first.port), **with_model(model)).ready()
    assert [(m["seq"], m["content"]) for m in alice.messages()] == [(1, "Hello?")]
    answered = _until_answered(alice)

    assert answered.json()["assistant_message"]["content"] == model.text
    assert [m["role"] for m in alice.messages()] == ["user", "assistant"]
    assert len(model.requests) == 2
    again = alice.ask()
    assert untold(again.json()) == untold(answered.json())


def test_a_stop_in_good_order_frees_the_session_at_once(serve: Any, model: ModelServer):
    first = serve(**with_model(model)).ready()
    alice = Alice(first)
    model.answers = [model_server.hangs_after("One")]
    alice.until("delta")
    assert first.end() == 0

    alice.service = serve(PORT=str(first.port), **with_model(model)).ready()
    assert alice.request("GET").json()["turn_in_progress"] is False
    assert alice.ask().json()["assistant_message"]["content"] == model.text


def test_a_stop_tells_whoever_listens(serve: Any, model: ModelServer):
    first = serve(**with_model(model)).ready()
    alice = Alice(first)
    model.answers = [model_server.hangs_after("One")]
    with Threads(1) as pool:
        listening = pool.submit(alice.ask, stream=True)
        wait_until(lambda: alice.request("GET").json()["turn_in_progress"])
        alice.until_told("One")
        assert first.end() == 0
        heard = events.parse(listening.result().content)
    assert events.names(heard) == ["context", "delta", "error"]
    assert heard[-1].data["code"] == "turn_interrupted"

    alice.service = serve(PORT=str(first.port), **with_model(model)).ready()
    assert alice.request("GET").json()["turn_in_progress"] is False
    assert alice.ask().json()["assistant_message"]["content"] == model.text


def test_a_stop_waits_for_a_turn_that_is_nearly_done(serve: Any, model: ModelServer):
    first = serve(**with_model(model)).ready()
    alice = Alice(first)
    model.answers = [model_server.streams(*WORDS[:20], between=0.1)]
    alice.until("delta")
    assert first.end() == 0

    alice.service = serve(PORT=str(first.port), **with_model(model)).ready()
    assert alice.messages()[1]["content"] == "".join(WORDS[:20])


def _until_answered(alice: Alice) -> httpx.Response:
    deadline = time.monotonic() + LEASE_AND_MORE
    while (response := alice.ask()).status_code != 200:
        assert response.status_code in {409, 503}, response.text
        assert time.monotonic() < deadline, response.text
        time.sleep(float(response.headers["Retry-After"]))
    return response

"""Clients of a real service in the middle of turns, and what its processes are doing meanwhile."""

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
from pymongo import MongoClient

from chatproject.mongod import embedded
from tests.chatproject.conftest import Service
from tests.model_server import ModelServer
from tests.services.turns import events
from tests.waiting import wait_until

# A machine that does much else at once takes long to start a service.
READY_SECONDS = 240.0


def with_model(model: ModelServer, **more: str) -> dict[str, str]:
    unlimited = dict.fromkeys(("THROTTLE_CHAT", "THROTTLE_USER", "THROTTLE_ANON"), "")
    return {"LLM_BASE_URL": model.base_url, "LLM_MODEL": "gulf", "WORKERS": "2"} | unlimited | more


class Talk:
    """A user with a session; each call comes on a connection of its own, so at any worker."""

    def __init__(self, service: Service, talk: "Talk | None" = None) -> None:
        self.service = service
        if talk is None:
            account = {"username": f"u{uuid.uuid4().hex[:20]}", "password": "a long walk home"}
            self.token = service.post("/auth/register", account)["access"]
        else:
            self.token = talk.token
        # With a title, so that the model is asked for answers only.
        made = service.post("/session/create", {"title": "Islands"}, self.token)
        self.session: str = made["session_id"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def url(self, *path: str) -> str:
        return "/".join([self.service.url, "session", self.session, *path])

    def request(self, method: str, *path: str, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        return httpx.request(method, self.url(*path), headers=headers, timeout=120, **more)

    def ask(self, key: str = "k", **body: Any) -> httpx.Response:
        return self.request("POST", "chat", json={"content": "Hello?", "client_id": key, **body})

    def until_answered(self, key: str = "k") -> dict[str, Any]:
        """What a client does that wants its answer: ask again with the same key."""
        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            try:
                answers.append(self.ask(key))
            except httpx.TransportError:
                # A worker that has just died had accepted the connection.
                return False
            if answers[-1].status_code == 200:
                return True
            assert answers[-1].status_code in {409, 503}, answers[-1].text
            time.sleep(float(answers[-1].headers["Retry-After"]))
            return False

        wait_until(is_answered, READY_SECONDS)
        answered: dict[str, Any] = answers[-1].json()
        return answered

    def said(self) -> list[tuple[str, str]]:
        listed = self.request("GET", "messages").json()["results"]
        return [(message["role"], message["content"]) for message in listed]


class Listener:
    """Somebody who reads a turn, on a thread; when each piece came, and what it came to."""

    def __init__(self, talk: Talk, *, asks: bool = False, **headers: str) -> None:
        self.body = b""
        self.times: list[tuple[float, int]] = []
        self._talk, self._asks, self._headers = talk, asks, headers
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        talk = self._talk
        call = ("POST", talk.url("chat")) if self._asks else ("GET", talk.url("chat", "stream"))
        body = {"content": "Hello?", "client_id": "k", "stream": True} if self._asks else None
        headers = talk.headers | self._headers
        # A stream that is cut off has ended, too: what was heard until then stands.
        with (
            suppress(httpx.HTTPError),
            httpx.stream(*call, json=body, headers=headers, timeout=120) as response,
        ):
            for chunk in response.iter_raw():
                self.body += chunk
                if b"event: delta" in chunk:
                    self.times.append((time.monotonic(), len(self.body)))

    @property
    def heard(self) -> str:
        whole = self.body[: self.body.rfind(b"\n\n") + 2]
        return events.text(events.parse(whole))

    def until_heard(self, words: int) -> "Listener":
        wait_until(lambda: len(self.heard.split()) >= words, READY_SECONDS)
        return self

    def hears_within(self, seconds: float, of: float) -> bool:
        """Whether something came so soon after a moment."""
        wait_until(lambda: self.times[-1][0] > of or not self._thread.is_alive())
        return any(of < at <= of + seconds for at, _ in self.times)

    def events(self) -> list[events.Event]:
        self._thread.join(120)
        assert not self._thread.is_alive()
        return events.parse(self.body)


@contextmanager
def paused(*pids: int) -> Iterator[None]:
    """These processes stand still, as long as the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def runner_of(talk: Talk) -> int:
    """The worker process that runs the turn in progress."""
    uri = embedded.endpoint(talk.service.data_dir)
    with MongoClient[dict[str, Any]](uri) as client:
        session = client["chat_sessions"]["sessions"].find_one({"_id": talk.session}) or {}
    return int(session["turn"]["owner"].rpartition("/")[2])


def took(act: Callable[..., object], *args: Any) -> float:
    """Seconds."""
    began = time.monotonic()
    act(*args)
    return time.monotonic() - began

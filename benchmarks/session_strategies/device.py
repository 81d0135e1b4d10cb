"""A client that carries what it was given, and counts every byte on the wire."""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from benchmarks.harness import conversations, load
from benchmarks.session_strategies.strategy import Message

WORDS = 60  # of the mean message: a question of 24 words, an answer of 96


@dataclass(frozen=True)
class Answer:
    """Status 0 is a connection that was closed without an answer."""

    status: int
    body: dict[str, Any]
    sent: int
    received: int
    header_sent: int


class Device:
    """One browser or app. `headers` is all that it carries."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.headers: dict[str, str] = {}
        self.conversation = ""

    def twin(self) -> "Device":
        """The same user's other device, carrying a copy."""
        other = Device(self.port)
        other.headers, other.conversation = dict(self.headers), self.conversation
        return other

    def start(self, user: str, history: Sequence[Message] = ()) -> Answer:
        """Sign in."""
        return self.call("POST", "/start", {"user": user, "messages": list(history)})

    def turn(self, number: int, *, key: str = "", name: str = "") -> Answer:
        """Turn `number`, whose question `name` tells from all others."""
        return self.call(
            "POST",
            self.path("turn"),
            turn_body(number, name),
            {"Idempotency-Key": key} if key else {},
        )

    def read(self) -> Answer:
        """The newest messages."""
        return self.call("GET", self.path("messages"))

    def path(self, name: str) -> str:
        """A route, with the conversation where it has a name."""
        return f"/{name}/{self.conversation}" if self.conversation else f"/{name}"

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request over a connection of its own, as from a phone that has been asleep."""
        raw = load.request(
            method, path, body=body, headers={**self.headers, **(headers or {}), **_CLOSE}
        ).encode("ascii")
        received = b""
        with socket.create_connection((load.HOST, self.port), timeout=30) as connection:
            try:
                connection.sendall(raw)
                while data := connection.recv(262_144):
                    received += data
            except (ConnectionResetError, BrokenPipeError):
                pass
        return self._carry(raw, received)

    def _carry(self, raw: bytes, received: bytes) -> Answer:
        head, _, content = received.partition(b"\r\n\r\n")
        status = int(head[9:12] or 0)
        body = {}
        if status == 200 and content.startswith(b"{"):
            body = json.loads(content)
            self._take(head, body)
        header = raw.partition(b"\r\n\r\n")[0]
        return Answer(status, body, len(raw), len(received), len(header))

    def _take(self, head: bytes, body: dict[str, Any]) -> None:
        self.conversation = body.get("conversation") or self.conversation
        if token := body.get("token"):
            self.headers["Authorization"] = f"Bearer {token}"
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                for morsel in SimpleCookie(value).values():
                    self.headers["Cookie"] = f"{morsel.key}={morsel.value}"


_CLOSE = {"Connection": "close"}


def turn_body(number: int, name: str = "") -> dict[str, str]:
    """A question, and an answer four times as long."""
    return {
        "question": f"{name} {conversations.text(2 * number, WORDS * 2 // 5)}".strip(),
        "answer": conversations.text(2 * number + 1, WORDS * 8 // 5),
    }


def history(messages: int, *, first_turn: int = 0) -> list[Message]:
    """So many messages of earlier turns; another `first_turn` says other things."""
    lines = []
    for number in range(first_turn, first_turn + (messages + 1) // 2):
        body = turn_body(number)
        lines += [("user", body["question"]), ("assistant", body["answer"])]
    return lines[:messages]

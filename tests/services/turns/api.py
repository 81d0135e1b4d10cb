"""The chat routes, as a client calls them."""

from typing import Any

from tests.api.bodies import path
from tests.conftest import Person


def chat(person: Person, session: dict[str, Any], content: str = "Hello?", **more: Any) -> Any:
    return person.client.post(path(session, "chat"), {"content": content, **more})


def stream(person: Person, session: dict[str, Any], content: str = "Hello?", **more: Any) -> Any:
    return chat(person, session, content, stream=True, **more)


def regenerate(person: Person, session: dict[str, Any], **body: Any) -> Any:
    return person.client.post(path(session, "chat", "regenerate"), body)


def cancel(person: Person, session: dict[str, Any]) -> Any:
    return person.client.post(path(session, "chat", "cancel"))


def attach(person: Person, session: dict[str, Any], last: str | None = None) -> Any:
    headers = {"Last-Event-ID": last} if last else {}
    return person.client.get(path(session, "chat", "stream"), headers=headers)


def read(person: Person, session: dict[str, Any]) -> Any:
    return person.client.get(path(session)).json()


def said(person: Person, session: dict[str, Any]) -> list[tuple[str, str]]:
    """Role and content of every message."""
    listed = person.client.get(path(session, "messages")).json()["results"]
    return [(message["role"], message["content"]) for message in listed]

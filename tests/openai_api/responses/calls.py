"""Responses, as a client asks for them and reads them."""

import json
from typing import Any

from tests.conftest import Person
from tests.waiting import in_time

URL = "/v1/responses"


def ask(person: Person, said: Any = "Hello?", *, headers: Any = None, **more: Any) -> Any:
    body = {"model": "gulf", "input": said, **more}
    headers = {"X-Stainless-Retry-Count": "0"} if headers is None else headers
    return person.client.post(URL, body, headers=headers)


def asked(person: Person, said: Any = "Hello?", **more: Any) -> dict[str, Any]:
    """The response, which must have come."""
    answer = ask(person, said, **more)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def repeat(person: Person, said: Any = "Hello?", *, count: int = 1, **more: Any) -> Any:
    """The same as the package sends it again."""
    headers = {"X-Stainless-Retry-Count": str(count), "X-Stainless-Read-Timeout": "5"}
    return ask(person, said, headers=headers, **more)


def get(person: Person, response_id: str, *parts: str, **query: Any) -> Any:
    return person.client.get("/".join([URL, response_id, *parts]), query)


def events(answer: Any) -> list[dict[str, Any]]:
    """The data of each event of a stream, whose lines name the same types."""
    assert answer.status_code == 200, getattr(answer, "content", answer)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    return parse(b"".join(in_time(answer.streaming_content)))


def parse(body: bytes) -> list[dict[str, Any]]:
    read = []
    for block in body.decode().split("\n\n"):
        lines = dict(
            line.split(": ", 1) for line in block.splitlines() if line[:1] not in {":", ""}
        )
        if "data" in lines:
            data = json.loads(lines["data"])
            assert lines["event"] == data["type"]
            read.append(data)
    return read


def kinds(read: list[dict[str, Any]]) -> list[str]:
    """The types, runs of one type once."""
    names = [event["type"].removeprefix("response.") for event in read]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def text(response: dict[str, Any]) -> str:
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
    )


def session_of(answer: Any) -> str:
    session_id: str = answer.headers["X-Session-Id"]
    return session_id


def said(person: Person, session_id: str) -> list[tuple[str, str]]:
    """Role and text of a session's messages."""
    listed = person.client.get(f"/session/{session_id}/messages", {"limit": 500}).json()
    return [(message["role"], message["content"]) for message in listed["results"]]

"""The OpenAI wire, as a client calls it and reads it."""

import json
from typing import Any

from tests.api.bodies import path
from tests.conftest import Person
from tests.waiting import in_time

URL = "/v1/chat/completions"


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str | None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def complete(person: Person, session: Any, *messages: Any, headers: Any = None, **more: Any) -> Any:
    """Ask in a session; a text is a user's message."""
    said = [user(each) if isinstance(each, str) else each for each in messages]
    named = {} if session is None else {"session_id": session["session_id"]}
    body = {"model": "gulf", "messages": said, **named, **more}
    return person.client.post(URL, body, headers=headers or {})


def repeat(person: Person, session: Any, *messages: Any, count: int = 1, **more: Any) -> Any:
    """The same as the package sends it again."""
    headers = {"X-Stainless-Retry-Count": str(count), "X-Stainless-Read-Timeout": "5"}
    return complete(person, session, *messages, headers=headers, **more)


def text(response: Any) -> str:
    assert response.status_code == 200, response.content
    return response.json()["choices"][0]["message"]["content"]


def lines(response: Any) -> list[Any]:
    """The data of each event of a stream; `[DONE]` as it is."""
    assert response.status_code == 200, getattr(response, "content", response)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    return parse(b"".join(in_time(response.streaming_content)))


def parse(body: bytes) -> list[Any]:
    data = [line[6:] for line in body.decode().splitlines() if line.startswith("data: ")]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


def until(response: Any, part: str) -> None:
    """Read so far; then the client hangs up."""
    received = b""
    for piece in in_time(response.streaming_content, what=part):
        received += piece
        if part.encode() in received:
            break
    response._iterator.close()
    leave(response)


def leave(response: Any) -> None:
    """The server's end of an answer that is not read any more, without Django's own."""
    for close in response._resource_closers:
        close()


def said(person: Person, session: Any) -> list[tuple[str, str]]:
    """Role and text of the messages that are current."""
    return [(m["role"], m["content"]) for m in stored(person, session) if not m["superseded_by"]]


def stored(person: Person, session: Any) -> list[dict[str, Any]]:
    listed = person.client.get(path(session, "messages"), {"limit": 500})
    found: list[dict[str, Any]] = listed.json()["results"]
    return found


def error(
    message: str,
    code: str,
    param: str | None = None,
    kind: str = "invalid_request_error",
) -> dict[str, Any]:
    """The whole body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


NO_SESSION = error(
    "No such session. Send X-Session-Create: 1 to make it under this id, X-Session-Id: new for a "
    "new one, or create one by POST /session/create.",
    "not_found",
)
BUSY = error("Another turn is in progress in this session.", "turn_in_progress")

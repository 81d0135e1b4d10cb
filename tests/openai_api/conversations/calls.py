"""Conversations, as a client calls them."""

from typing import Any

from tests.conftest import Person

URL = "/v1/conversations"
CALL = {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "7"}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"n": 1.5}}
UNKNOWN = "conv_01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"


def user(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **more}


def assistant(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": text, **more}


def create(person: Person, *items: Any, headers: Any = None, **more: Any) -> Any:
    body = {**({"items": list(items)} if items else {}), **more}
    return person.client.post(URL, body, headers=headers or {})


def created(person: Person, *items: Any, **more: Any) -> str:
    response = create(person, *items, **more)
    assert response.status_code == 200, response.content
    conversation_id: str = response.json()["id"]
    return conversation_id


def name(session: dict[str, Any]) -> str:
    return f"conv_{session['session_id']}"


def session_of(conversation_id: str) -> dict[str, Any]:
    return {"session_id": conversation_id.removeprefix("conv_")}


def add(person: Person, conversation_id: str, *items: Any, headers: Any = None) -> Any:
    url = f"{URL}/{conversation_id}/items"
    return person.client.post(url, {"items": list(items)}, headers=headers or {})


def added(person: Person, conversation_id: str, *items: Any, headers: Any = None) -> list[Any]:
    response = add(person, conversation_id, *items, headers=headers)
    assert response.status_code == 200, response.content
    data: list[Any] = response.json()["data"]
    return data


def page(person: Person, conversation_id: str, **query: Any) -> Any:
    return person.client.get(f"{URL}/{conversation_id}/items", query)


def items(person: Person, conversation_id: str, **query: Any) -> list[dict[str, Any]]:
    """All items in order, up to a page of them."""
    response = page(person, conversation_id, **{"order": "asc", **query})
    assert response.status_code == 200, response.content
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def texts(listed: list[dict[str, Any]]) -> list[str]:
    return [item["content"][0]["text"] for item in listed if item["type"] == "message"]


def item(person: Person, conversation_id: str, item_id: str) -> Any:
    return person.client.get(f"{URL}/{conversation_id}/items/{item_id}")


def remove(person: Person, conversation_id: str, item_id: str) -> Any:
    return person.client.delete(f"{URL}/{conversation_id}/items/{item_id}")


def retried(count: int) -> dict[str, str]:
    """The headers of OpenAI's package, which has sent the request so often before."""
    return {"X-Stainless-Retry-Count": str(count), "X-Stainless-Read-Timeout": "5"}

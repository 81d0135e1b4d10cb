"""The `openai` package."""

import os
from typing import Any

from features import run, run_responses
from openai import NotFoundError, OpenAI, omit

client = OpenAI(base_url=f"{os.environ['BASE']}/v1", api_key=os.environ["CHAT_KEY"])


def ask(messages: Any, *, headers: Any, user: str | None, stream: bool) -> str:
    asked: dict[str, Any] = {"model": "demo", "messages": messages, "extra_headers": headers}
    asked["user"] = user or omit
    if not stream:
        return client.chat.completions.create(**asked).choices[0].message.content or ""
    with client.chat.completions.create(**asked, stream=True) as chunks:
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def respond(
    text: str, *, stream: bool, previous: str | None, conversation: str | None
) -> tuple[str, str]:
    asked: dict[str, Any] = {"model": "demo", "input": text, "previous_response_id": previous}
    asked["conversation"] = conversation
    if not stream:
        response = client.responses.create(**asked)
        return response.output_text, response.id
    with client.responses.create(**asked, stream=True) as events:
        *_, last = events
    return last.response.output_text, last.response.id


def converse() -> None:
    """A conversation from its creation to its end."""
    first: Any = {"type": "message", "role": "user", "content": "One."}
    made = client.conversations.create(items=[first], metadata={"of": "openai"})
    added: Any = [{"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "SELECT 1"}]
    client.conversations.items.create(made.id, items=added)
    listed = list(client.conversations.items.list(made.id, order="asc", limit=1))
    assert [item.type for item in listed] == ["message", "custom_tool_call"]
    item = client.conversations.items.retrieve(listed[1].id or "", conversation_id=made.id)
    assert item == listed[1]
    client.conversations.items.delete(listed[0].id or "", conversation_id=made.id)
    changed = client.conversations.update(made.id, metadata={"of": "nobody"})
    assert client.conversations.retrieve(made.id) == changed
    assert client.conversations.delete(made.id).deleted


def keep() -> None:
    """A file from its upload to its end."""
    file = client.files.create(file=("notes.txt", b"Rufus is a dog."), purpose="user_data")
    assert (file.filename, file.bytes) == ("notes.txt", 15)
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == b"Rufus is a dog."
    assert file.id in [each.id for each in client.files.list(limit=1)]
    part: Any = {"type": "input_file", "file_id": file.id}
    text: Any = {"type": "input_text", "text": "Read this."}
    question: Any = [{"role": "user", "content": [text, part]}]
    assert client.responses.create(model="demo", input=question, store=False).output_text
    assert client.files.delete(file.id).deleted
    try:
        client.files.retrieve(file.id)
    except NotFoundError:
        return
    raise AssertionError("the file is still there")


run(ask)
run_responses(respond)
converse()
keep()

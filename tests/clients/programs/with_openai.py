"""The `openai` package."""

import os
from typing import Any

from features import run
from openai import OpenAI, omit

client = OpenAI(base_url=f"{os.environ['BASE']}/v1", api_key=os.environ["CHAT_KEY"])


def ask(messages: Any, *, headers: Any, user: str | None, stream: bool) -> str:
    asked: dict[str, Any] = {"model": "demo", "messages": messages, "extra_headers": headers}
    asked["user"] = user or omit
    if not stream:
        return client.chat.completions.create(**asked).choices[0].message.content or ""
    with client.chat.completions.create(**asked, stream=True) as chunks:
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


run(ask)

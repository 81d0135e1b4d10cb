"""LangChain's `ChatOpenAI`."""

import os
from typing import Any

from features import run
from langchain_openai import ChatOpenAI


def ask(messages: Any, *, headers: Any, user: str | None, stream: bool) -> str:
    model: Any = ChatOpenAI(
        model="demo",
        base_url=f"{os.environ['BASE']}/v1",
        api_key=os.environ["CHAT_KEY"],
        default_headers=headers,
    )
    model = model.bind(user=user) if user else model
    if not stream:
        return str(model.invoke(messages).content)
    return "".join(str(chunk.content) for chunk in model.stream(messages))


run(ask)

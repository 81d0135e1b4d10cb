"""LangChain's `ChatOpenAI`."""

import os
from typing import Any

from features import run, run_responses
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


def respond(text: str, *, stream: bool, **where: str | None) -> tuple[str, str]:
    model = ChatOpenAI(
        model="demo",
        base_url=f"{os.environ['BASE']}/v1",
        api_key=os.environ["CHAT_KEY"],
        use_responses_api=True,
    )
    names = {"previous": "previous_response_id", "conversation": "conversation"}
    named: Any = {names[name]: value for name, value in where.items() if value}
    answer: Any
    if stream:
        first, *others = model.stream(text, **named)
        answer = sum(others, first)
    else:
        answer = model.invoke(text, **named)
    return answer.text, answer.response_metadata["id"]


run(ask)
run_responses(respond)

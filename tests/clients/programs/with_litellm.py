"""LiteLLM, as a library."""

import os
from typing import Any

from features import run
from litellm import completion


def ask(messages: Any, *, headers: Any, user: str | None, stream: bool) -> str:
    answer: Any = completion(
        model="openai/demo",
        api_base=f"{os.environ['BASE']}/v1",
        api_key=os.environ["CHAT_KEY"],
        extra_headers=headers,
        messages=messages,
        user=user,
        # It sends this parameter to models of OpenAI's alone unless it is told to.
        allowed_openai_params=["user"],
        stream=stream,
    )
    if not stream:
        return str(answer.choices[0].message.content)
    return "".join(chunk.choices[0].delta.content or "" for chunk in answer)


run(ask)

"""LiteLLM, as a library."""

import os
from typing import Any

from features import run, run_responses
from litellm import completion, responses


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


def respond(
    text: str, *, stream: bool, previous: str | None, conversation: str | None
) -> tuple[str, str]:
    answer: Any = responses(
        model="openai/demo",
        api_base=f"{os.environ['BASE']}/v1",
        api_key=os.environ["CHAT_KEY"],
        input=text,
        previous_response_id=previous,
        extra_body={"conversation": conversation} if conversation else None,
        stream=stream,
    )
    if stream:
        *_, last = answer
        answer = last.response
    return answer.output_text, answer.id


run(ask)
run_responses(respond)

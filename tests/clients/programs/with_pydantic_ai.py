"""pydantic-ai, with its models for chat completions and for responses."""

import asyncio
import os
from typing import Any

from features import run, run_responses
from pydantic_ai import Agent
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.openai import (
    OpenAIChatModel,
    OpenAIChatModelSettings,
    OpenAIResponsesModel,
    OpenAIResponsesModelSettings,
)
from pydantic_ai.providers.openai import OpenAIProvider


def ask(messages: Any, *, headers: Any, user: str | None, stream: bool) -> str:
    history: list[ModelRequest | ModelResponse] = [
        ModelRequest(parts=[UserPromptPart(content=each["content"])])
        if each["role"] == "user"
        else ModelResponse(parts=[TextPart(content=each["content"])])
        for each in messages[:-1]
    ]
    settings = OpenAIChatModelSettings(extra_headers=headers)
    if user:
        settings["openai_user"] = user
    return asyncio.run(_answer(messages[-1]["content"], history, settings, stream=stream))


async def _answer(prompt: str, history: Any, settings: Any, *, stream: bool) -> str:
    provider = OpenAIProvider(base_url=f"{os.environ['BASE']}/v1", api_key=os.environ["CHAT_KEY"])
    agent = Agent(OpenAIChatModel("demo", provider=provider), model_settings=settings)
    if not stream:
        return (await agent.run(prompt, message_history=history)).output
    async with agent.run_stream(prompt, message_history=history) as result:
        return await result.get_output()


def respond(
    text: str, *, stream: bool, previous: str | None, conversation: str | None
) -> tuple[str, str]:
    settings = OpenAIResponsesModelSettings()
    if previous:
        settings["openai_previous_response_id"] = previous
    if conversation:
        settings["openai_conversation_id"] = conversation
    return asyncio.run(_response(text, settings, stream=stream))


async def _response(
    text: str, settings: OpenAIResponsesModelSettings, *, stream: bool
) -> tuple[str, str]:
    provider = OpenAIProvider(base_url=f"{os.environ['BASE']}/v1", api_key=os.environ["CHAT_KEY"])
    agent = Agent(OpenAIResponsesModel("demo", provider=provider), model_settings=settings)
    if not stream:
        result = await agent.run(text)
        return result.output, result.response.provider_response_id or ""
    async with agent.run_stream(text) as streamed:
        return await streamed.get_output(), streamed.response.provider_response_id or ""


run(ask)
run_responses(respond)

"""`OpenAIConversationsSession` of openai-agents at work; run by `.venv/agents`, prints JSON.

The model is a scripted one, so that only the session asks the service.
"""

import asyncio
import json
import sys
from typing import Any

from agents import Agent, OpenAIConversationsSession, Runner, function_tool, set_tracing_disabled
from agents.testing import ScriptedModel
from openai import AsyncOpenAI
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

set_tracing_disabled(True)


def says(text: str, number: int) -> ResponseOutputMessage:
    part = ResponseOutputText(text=text, type="output_text", annotations=[], logprobs=[])
    return ResponseOutputMessage(
        id=f"msg_{number}", type="message", role="assistant", content=[part], status="completed"
    )


def text_of(item: Any) -> str:
    content = item["content"]
    return content if isinstance(content, str) else content[0]["text"]


def lines(items: list[Any]) -> list[str]:
    return [f"{item['role']}: {text_of(item)}" for item in items]


@function_tool
def find_dog() -> str:
    """Where the dog is."""
    return "in the garden"


async def main() -> dict[str, Any]:
    session = OpenAIConversationsSession(openai_client=AsyncOpenAI())
    model = ScriptedModel()
    agent = Agent(name="Guide", model=model, tools=[find_dog])
    told: dict[str, Any] = {}
    model.enqueue([says("Noted.", 1)])
    await Runner.run(agent, "My dog is Rufus.", session=session)
    told["first"] = lines(await session.get_items())
    call = ResponseFunctionToolCall(
        id="fc_1", type="function_call", call_id="call_1", name="find_dog", arguments="{}"
    )
    model.enqueue([call])
    model.enqueue([says("Rufus, in the garden.", 2)])
    await Runner.run(agent, "What is my dog called?", session=session)
    told["sent again"] = [text_of(item) for item in model.calls[1].input]
    told["tool"] = [item["type"] for item in (await session.get_items())[2:]]
    model.enqueue([says("Mia.", 3)])
    await Runner.run(agent, "And my cat?", session=session)
    told["limited"] = lines(await session.get_items(limit=2))
    told["popped"] = text_of(await session.pop_item())
    told["left"] = len(await session.get_items())
    await session.add_items([{"role": "user", "content": str(n)} for n in range(38)])
    told["many"] = len(await session.get_items())
    await session.clear_session()
    told["cleared"] = len(await session.get_items())
    return told


sys.stdout.write(json.dumps(asyncio.run(main())))

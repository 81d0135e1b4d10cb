"""A bot for many users in a backend of its own, with FastAPI and the client library.

CHAT_URL=http://127.0.0.1:8000 CHAT_KEY=sk_app_... uvicorn bot:app

The key is what `manage.py create_service_key bot` prints.
"""

import os
from typing import Annotated

import httpx
from chat_sessions_client import AsyncClient, Delta
from fastapi import Depends, FastAPI, Header
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

service = AsyncClient(
    os.environ["CHAT_URL"],
    api_key=os.environ["CHAT_KEY"],
    http=httpx.AsyncClient(timeout=30),
)
app = FastAPI()


def client_of(user: Annotated[str, Header(alias="X-User")]) -> AsyncClient:
    """The service for this user; put your own sign-in in place of the header."""
    return service.for_end_user(user)


SignedIn = Annotated[AsyncClient, Depends(client_of)]


async def session_of(client: AsyncClient) -> str:
    return (await client.create_session(external_id="bot"))["session_id"]


class Question(BaseModel):
    text: str
    key: str | None = None  # makes a repeat of the request safe


@app.post("/chat")
async def chat(question: Question, client: SignedIn) -> StreamingResponse:
    session_id = await session_of(client)
    events = client.stream_chat(session_id, question.text, client_id=question.key)
    texts = (event.text async for event in events if isinstance(event, Delta))
    return StreamingResponse(texts, media_type="text/plain")


@app.get("/history")
async def history(client: SignedIn) -> list[dict[str, str]]:
    messages = client.messages(await session_of(client))
    return [{"role": each["role"], "text": each["content"]} async for each in messages]

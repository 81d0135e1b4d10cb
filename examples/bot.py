"""A bot for many users in a backend of its own, with FastAPI and the client library.

CHAT_URL=http://127.0.0.1:8000 BOT_SECRET=... uvicorn bot:app
"""

import hashlib
import hmac
import os
from contextlib import suppress
from typing import Annotated

import httpx
from chat_sessions_client import AsyncClient, Delta, InvalidRequest
from fastapi import Depends, FastAPI, Header
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

CHAT_URL, SECRET = os.environ["CHAT_URL"], os.environ["BOT_SECRET"].encode()
connections = httpx.AsyncClient(timeout=30)
clients: dict[str, AsyncClient] = {}
app = FastAPI()


async def client_of(user: Annotated[str, Header(alias="X-User")]) -> AsyncClient:
    """The service as this user; put your own sign-in in place of the header."""
    if user not in clients:
        name = hashlib.sha256(user.encode()).hexdigest()[:24]
        password = hmac.new(SECRET, user.encode(), "sha256").hexdigest()
        account = {"username": f"bot-{name}", "password": password}
        clients[user] = AsyncClient(CHAT_URL, **account, http=connections)
        with suppress(InvalidRequest):  # registered on an earlier visit
            await clients[user].register(**account)
    return clients[user]


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

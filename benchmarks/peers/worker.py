"""The peers themselves, driven by JSON lines: `{"do", "peer", "session", ...}` → `{"ms", "got"}`.

What is timed is the call alone, in this process. Each is used as its documentation shows, with one
client, and with the same write concern as the service. Long histories are inserted as the
documents that the peer's own append writes, one message each.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from agents.extensions.memory import MongoDBSession
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, message_to_dict
from langchain_core.messages.utils import trim_messages
from langchain_mongodb import MongoDBChatMessageHistory
from pymongo import AsyncMongoClient, MongoClient

DURABLE = {"w": "majority", "journal": True}


class LangChain:
    """`MongoDBChatMessageHistory`, with `trim_messages` for the budget."""

    package = "langchain-mongodb"

    def __init__(self, uri: str) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(uri, **DURABLE)
        self._histories: dict[tuple[str, int | None], MongoDBChatMessageHistory] = {}

    def _history(self, session: str, size: int | None = None) -> MongoDBChatMessageHistory:
        """Kept, as making one asks MongoDB for its index each time."""
        if (session, size) not in self._histories:
            self._histories[session, size] = MongoDBChatMessageHistory(
                None, session, client=self._client, history_size=size
            )
        return self._histories[session, size]

    def fill(self, session: str, messages: list[dict[str, str]]) -> int:
        """Insert many messages at once."""
        history = self._history(session)
        history.collection.insert_many(
            [
                {
                    history.session_id_key: session,
                    history.history_key: json.dumps(message_to_dict(_message(each))),
                }
                for each in messages
            ]
        )
        return len(messages)

    def append(self, session: str, messages: list[dict[str, str]]) -> int:
        """Append one message."""
        self._history(session).add_message(_message(messages[0]))
        return 1

    def newest(self, session: str, limit: int) -> int:
        """The newest messages."""
        return len(self._history(session, limit).messages)

    def context(self, session: str, budget: int) -> int:
        """The newest messages that fit a budget; tokens counted the quick way that it offers."""
        kept = trim_messages(
            self._history(session).messages,
            max_tokens=budget,
            strategy="last",
            token_counter="approximate",
        )
        return len(kept)


class Agents:
    """The OpenAI Agents SDK's `MongoDBSession`."""

    package = "openai-agents"

    def __init__(self, uri: str) -> None:
        self._run = asyncio.new_event_loop().run_until_complete
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, **DURABLE)
        self._sessions: dict[str, MongoDBSession] = {}

    def _session(self, session: str) -> MongoDBSession:
        if session not in self._sessions:
            self._sessions[session] = MongoDBSession(session, client=self._client)
        return self._sessions[session]

    def fill(self, session: str, messages: list[dict[str, str]]) -> int:
        """Insert many messages at once, as copies of what appending the first one stores."""
        return self._run(self._fill(self._session(session), messages))

    async def _fill(self, session: MongoDBSession, messages: list[dict[str, str]]) -> int:
        await session.add_items([messages[0]])
        stored = await session._messages.find_one(
            {"session_id": session.session_id}, sort=[("seq", -1)]
        )
        first = stored.pop("_id") and stored["seq"]
        copies = [
            {**stored, "seq": first + place, "message_data": [json.dumps(message)]}
            for place, message in enumerate(messages[1:], 1)
        ]
        if copies:
            await session._messages.insert_many(copies)
            await session._sessions.update_one(
                {"session_id": session.session_id}, {"$inc": {"_seq": len(copies)}}
            )
        return len(messages)

    def append(self, session: str, messages: list[dict[str, str]]) -> int:
        """Append one message."""
        self._run(self._session(session).add_items(messages))
        return 1

    def newest(self, session: str, limit: int) -> int:
        """The newest messages."""
        return len(self._run(self._session(session).get_items(limit)))

    def context(self, session: str, budget: int) -> int:
        """The newest messages that fit a budget; it has no such limit, so of all that it returns.

        Counted at four characters a token.
        """
        kept = 0
        for item in reversed(self._run(self._session(session).get_items())):
            budget -= len(item["content"]) // 4 + 4
            if budget < 0:
                break
            kept += 1
        return kept


def _message(message: dict[str, str]) -> BaseMessage:
    kind = HumanMessage if message["role"] == "user" else AIMessage
    return kind(content=message["content"])


def main() -> None:
    """Take orders from stdin until it ends; the address of MongoDB is the only argument."""
    peers: dict[str, LangChain | Agents] = {
        "LangChain": LangChain(sys.argv[1]),
        "Agents SDK": Agents(sys.argv[1]),
    }
    said = {name: f"{peer.package} {version(peer.package)}" for name, peer in peers.items()}
    print(json.dumps(said), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        call: Callable[..., int] = getattr(peers[order["peer"]], order["do"])
        started = time.perf_counter()
        got = call(order["session"], order["what"])
        ms = (time.perf_counter() - started) * 1_000
        print(json.dumps({"ms": ms, "got": got}), flush=True)


if __name__ == "__main__":
    main()

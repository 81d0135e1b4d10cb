"""A client of the chat-sessions service: `Client`, and `AsyncClient` with the same methods.

routes, calls, turns     what is asked for, as flows of effects; no network
accounts, retrying       who asks, and when again
client, async_client     two thin transports on httpx
adapters                 histories for LangChain, LlamaIndex and OpenAI's Agents SDK
"""

from chat_sessions_client.async_client import AsyncClient
from chat_sessions_client.client import Client
from chat_sessions_client.errors import (
    ApiError,
    ChatSessionsError,
    Conflict,
    ContextLengthExceeded,
    Forbidden,
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    NotSignedIn,
    ProviderError,
    QuotaExceeded,
    ServerError,
    SessionArchived,
    SessionExpired,
    Throttled,
    TooLarge,
    TurnInProgress,
    Unavailable,
    Unreachable,
    VersionChanged,
    WrongCredentials,
)
from chat_sessions_client.requests import new_key
from chat_sessions_client.retrying import Retries
from chat_sessions_client.turns import (
    Delta,
    Ended,
    Planned,
    Replied,
    Restarted,
    Thought,
    ToolsCalled,
    TurnEvent,
    TurnResult,
)

__all__ = [
    "ApiError", "AsyncClient", "ChatSessionsError", "Client", "Conflict", "ContextLengthExceeded",
    "Delta", "Ended", "Forbidden", "IdempotencyMismatch", "InvalidRequest", "NotFound",
    "NotSignedIn", "Planned", "ProviderError", "QuotaExceeded", "Replied", "Restarted", "Retries",
    "ServerError", "SessionArchived", "SessionExpired", "Thought", "Throttled", "TooLarge",
    "ToolsCalled", "TurnEvent", "TurnInProgress", "TurnResult", "Unavailable", "Unreachable",
    "VersionChanged", "WrongCredentials", "new_key",
]  # fmt: skip

"""Conversations that other programs have stored, turned into records of this service's exports.

One file per program, named after it: `chatgpt`, `librechat`, `langchain`, `openai_agents`. Each
recognises its program's values, turns one into a `Conversation`, and counts in `left`, by name,
what has no equivalent here. `conversations` holds the shared shape, and makes the records, with
ids that are the same at every import.
"""

from sessions_app.domain.foreign import chatgpt, conversations, langchain, librechat, openai_agents

__all__ = ["chatgpt", "conversations", "langchain", "librechat", "openai_agents"]

"""TODO map."""

from sessions_app.domain.foreign import chatgpt, conversations, langchain, librechat, openai_agents

__all__ = ["chatgpt", "conversations", "langchain", "librechat", "openai_agents"]

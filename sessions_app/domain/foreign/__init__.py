"""Conversations that other programs have stored, turned into records of this service's exports.

One file per program, named after it: `chatgpt`, `claude`,
`open_webui`, `librechat`, `langchain`, `langgraph`, `openai_agents`; `own_session` is a single
conversation of this service. Each recognises its
program's values, turns one into a `Conversation`, and counts in `left`, by name, what has no
equivalent here.

- `shapes`: the shared shape; `files`: pictures and files; `blocks`: content in blocks
- `times`, `extended_json`, `trees`, `citations`: what several programs have in common
- `calls`: tool calls and results as every model's server takes them
- `conversations`: the records, with ids that are the same at every import
"""

from sessions_app.domain.foreign import (
    chatgpt,
    claude,
    conversations,
    langchain,
    langgraph,
    librechat,
    open_webui,
    openai_agents,
    own_session,
)

__all__ = [
    "chatgpt",
    "claude",
    "conversations",
    "langchain",
    "langgraph",
    "librechat",
    "open_webui",
    "openai_agents",
    "own_session",
]

"""Histories for agent frameworks, kept in sessions; each module needs its extra installed.

    langchain       ChatSessionsHistory      chat-sessions-client[langchain]
    llama_index     ChatSessionsStore        chat-sessions-client[llama-index]
    openai_agents   ChatSessionsSession      chat-sessions-client[openai-agents]

A name of the framework's own (a session id, a key) is the session's `external_id`.
"""

"""TODO map."""

from sessions_app.api.description.chat import chat_cancel, chat_create, chat_regenerate, chat_stream
from sessions_app.api.description.context import context_reset, context_show, topic_list
from sessions_app.api.description.errors import responses
from sessions_app.api.description.sessions import (
    message_append,
    message_append_batch,
    message_delete,
    message_list,
    response_example,
    session_archive,
    session_create,
    session_delete,
    session_export,
    session_fork,
    session_list,
    session_restore,
    session_retrieve,
    session_update,
)

__all__ = [
    "chat_cancel",
    "chat_create",
    "chat_regenerate",
    "chat_stream",
    "context_reset",
    "context_show",
    "message_append",
    "message_append_batch",
    "message_delete",
    "message_list",
    "response_example",
    "responses",
    "session_archive",
    "session_create",
    "session_delete",
    "session_export",
    "session_fork",
    "session_list",
    "session_restore",
    "session_retrieve",
    "session_update",
    "topic_list",
]

"""Conversations: sessions as the OpenAI wire knows them, made of items.

- `creating`: a conversation with its first items, once however often it is asked for;
- `adding`: items at the end, all or none;
- `reading`: one item, and pages of them;
- `removing`: an item, with the message or without its other items;
- `attempts`: how a repeat of a request is told from a new one.
"""

from sessions_app.services.conversations.adding import items_append
from sessions_app.services.conversations.attempts import Attempt
from sessions_app.services.conversations.creating import conversation_create, conversation_get
from sessions_app.services.conversations.reading import ItemPage, item_get, item_page
from sessions_app.services.conversations.removing import item_delete

__all__ = [
    "Attempt",
    "ItemPage",
    "conversation_create",
    "conversation_get",
    "item_delete",
    "item_get",
    "item_page",
    "items_append",
]

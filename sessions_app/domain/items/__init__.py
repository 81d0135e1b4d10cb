"""Items, as OpenAI's Conversations and Responses write what was said, and messages.

A message is one or several items: what a model thought (`reasoning`), what it said (`message`), and
each call it made (`function_call`, `custom_tool_call`). A tool's message is a
`function_call_output` or a `custom_tool_call_output`. Any other item is opaque: it is kept as it
came, in a message of its own.

- `reading`: items as drafts of messages; consecutive items of one model answer become one draft;
- `writing`: a stored message as items, with the ids and members that a client brought;
- `ids`: the ids of items, made of the message's own, and which message an id may belong to;
- `checking`: whether `Message.items` has its shape, where it comes from a file;
- `parts`: the texts of content parts; `removing`: a message without one of its items.

What an item has beyond its message stands in `Message.items`:
`{"reasoning"|"message"|"output": {"members", "part", "parts"}, "calls": {call_id: {"members"}},
"opaque": item, "removed": true}`, each where there is any.
"""

from sessions_app.domain.items.checking import problem_of
from sessions_app.domain.items.data import Item, ItemBatch, Kind
from sessions_app.domain.items.ids import brought_ids, item_id, message_ids, without_ids
from sessions_app.domain.items.reading import read_items
from sessions_app.domain.items.refusals import REFUSAL, is_refusal
from sessions_app.domain.items.removing import without_item
from sessions_app.domain.items.writing import items_of

__all__ = [
    "REFUSAL",
    "Item",
    "ItemBatch",
    "Kind",
    "brought_ids",
    "is_refusal",
    "item_id",
    "items_of",
    "message_ids",
    "problem_of",
    "read_items",
    "without_ids",
    "without_item",
]

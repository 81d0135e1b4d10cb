"""Responses: turns that are asked for, told and kept as OpenAI's Responses are.

    starting ──▶ in a conversation, behind a response, where a history that is sent along goes on
                 (`histories`), or in a session of its own (`opening`)
                 └──▶ turns.turn_start, or the turn that the request's earlier attempt began
    reading  ──▶ a response as it is stored, its input, its events from the beginning
    ending   ──▶ stop one; delete one with the words that it brought
    unstored ──▶ `store: false`: the same model call, and nothing is kept

A response is the record of a turn with the terms it was asked for on; what was said lies in the
session's messages alone. A chain is a session: a response that continues the newest one of its
session goes on there, and one that continues an older one begins a fork. Why it is so:
docs/decisions/0026.
"""

from sessions_app.services.responses.data import ResponseRequest, ResponseState
from sessions_app.services.responses.drafts import input_check
from sessions_app.services.responses.ending import response_cancel, response_delete
from sessions_app.services.responses.histories import response_items
from sessions_app.services.responses.reading import (
    response_feed,
    response_get,
    response_input,
    response_state,
)
from sessions_app.services.responses.starting import response_start
from sessions_app.services.responses.unstored import response_unstored

__all__ = [
    "ResponseRequest",
    "ResponseState",
    "input_check",
    "response_cancel",
    "response_delete",
    "response_feed",
    "response_get",
    "response_input",
    "response_items",
    "response_start",
    "response_state",
    "response_unstored",
]

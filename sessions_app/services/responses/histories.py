"""Clients that keep the history and send it along, with the ids that they have been given.

They refer to items, or send them whole. Where what they send is the history of the session that the
items are from, the response goes on there, as a chat completion does; else it makes a session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from sessions_app.domain.alignment import Key, align, key
from sessions_app.domain.data import Message, Role, Session, Status
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.items import items_of, message_ids
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log
from sessions_app.repository.turns import records
from sessions_app.services import attachments, turns
from sessions_app.services.context import Instruction
from sessions_app.services.responses.data import ResponseRequest

# Beyond as many as the request has: how far back it may have left the conversation.
_MARGIN = 64


def response_items(*, user_id: str, item_ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """These items of the user's responses, as far as they are there."""
    items: dict[str, dict[str, Any]] = {}
    for turn in records.of_replies(user_id=user_id, reply_ids=_reply_ids(item_ids)):
        message = turns.turn_message(turn, turn.assistant_seq) if turn.assistant_seq else None
        items |= {item["id"]: item for item in (items_of(message) if message else ())}
    return {item_id: items[item_id] for item_id in item_ids if item_id in items}


def _reply_ids(item_ids: Sequence[str]) -> list[str]:
    return [each for item_id in item_ids for each in message_ids(item_id)]


def session_of(user_id: str, request: ResponseRequest, now: datetime) -> Session | None:
    """The session of the newest response whose items the request has; None where none is open."""
    if not request.item_ids:
        return None
    newest = records.of_replies(user_id=user_id, reply_ids=_reply_ids(request.item_ids))
    if not newest:
        return None
    try:
        session = log.read_header(session_id=newest[0].session_id, user_id=user_id)
    except SessionNotFound:
        return None
    is_open = session.status is Status.ACTIVE and not lifecycle.has_expired(session, now=now)
    return session if is_open else None


def without_history(session: Session, request: ResponseRequest) -> ResponseRequest | None:
    """The request without what the session has; None where that is not the session's history.

    What the request says as a system before anything else is for this call, unless the session
    begins with it.
    """
    openings = list(takewhile(lambda draft: draft.role is Role.SYSTEM, request.drafts))
    drafts = attachments.recognised(request.drafts[len(openings) :], user_id=session.user_id)
    _, newest = log.read_newest(
        session_id=session.session_id,
        user_id=session.user_id,
        limit=len(drafts) + _MARGIN,
    )
    if not newest or newest[-1].seq != session.message_count:
        return None
    old = align(drafts, newest, whole=len(newest) == session.message_count).old
    # Of a history that was edited or rewritten, the session keeps another version.
    current = [message for message in newest if message.superseded_by is None]
    if not 0 < old < len(drafts) or _keys(drafts[:old]) != _keys(current[-old:]):
        return None
    said = {message.content for message in log.read_opening(session)}
    instructions = [
        Instruction("system", draft.content) for draft in openings if draft.content not in said
    ]
    call = replace(request.call, instructions=(*request.call.instructions, *instructions))
    places = request.places[len(openings) + old :]
    return replace(request, drafts=drafts[old:], places=places, call=call)


def _keys(messages: Sequence[Message | MessageDraft]) -> list[Key]:
    return [key(message) for message in messages]

"""Reads items: one by its id, and pages of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.data import Message, Session
from sessions_app.domain.errors import ItemNotFound
from sessions_app.domain.items import Item, items_of
from sessions_app.domain.limits import PAGE_MAX
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of items in the order that was asked for."""

    items: Sequence[Item]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ItemPosition:
    """An item's message, and which of its items it is; -1 for an item that is gone."""

    message: Message
    index: int


@tracing.step
def item_get(*, session_id: str, user_id: str, item_id: str, now: datetime) -> Item:
    """The item; raises SessionNotFound, SessionExpired, ItemNotFound."""
    _, position = find(session_id=session_id, user_id=user_id, item_id=item_id, now=now)
    if position.index < 0:
        raise ItemNotFound
    return items_of(position.message)[position.index]


@tracing.step
def item_page(
    *,
    session_id: str,
    user_id: str,
    after: str | None,
    limit: int,
    ascending: bool,
    now: datetime,
) -> ItemPage:
    """At most `limit` items from the beginning, or the end, or those behind the item `after`.

    Erased messages are no items, nor are replies that others have taken the place of. Raises
    SessionNotFound, SessionExpired, ItemNotFound.
    """
    if after is None:
        session = log.read_header(session_id=session_id, user_id=user_id)
        lifecycle.require_readable(session, now=now)
        known: list[Item] = []
        seq = 1 if ascending else session.message_count
    else:
        session, position = find(session_id=session_id, user_id=user_id, item_id=after, now=now)
        known = _behind(position, ascending=ascending)
        seq = position.message.seq + (1 if ascending else -1)
    for message in _messages(session, seq, limit + 1 - len(known), ascending=ascending):
        known += _shown(message, ascending=ascending)
        if len(known) > limit:
            break
    return ItemPage(known[:limit], has_more=len(known) > limit)


def _shown(message: Message, *, ascending: bool) -> list[Item]:
    if message.superseded_by is not None:
        return []
    items: list[Item] = [*items_of(message)]
    return items if ascending else items[::-1]


def _behind(position: ItemPosition, *, ascending: bool) -> list[Item]:
    """The items of the same message behind this one."""
    shown = _shown(position.message, ascending=ascending)
    if position.index < 0 or not shown:
        return []
    return shown[(position.index + 1) if ascending else (len(shown) - position.index) :]


def _messages(session: Session, seq: int, wanted: int, *, ascending: bool) -> Iterator[Message]:
    """The messages from `seq` on, read in runs of as many as are likely to be wanted."""
    length = max(1, min(wanted, PAGE_MAX))
    while 1 <= seq <= session.message_count:
        first, last = (seq, seq + length - 1) if ascending else (seq - length + 1, seq)
        _, run = log.read_range(
            session_id=session.session_id,
            user_id=session.user_id,
            first=max(1, first),
            last=min(last, session.message_count),
        )
        yield from run if ascending else reversed(run)
        seq = last + 1 if ascending else first - 1
        # There were messages that are no items: there may be many.
        length = min(PAGE_MAX, length * 2)


def find(
    *, session_id: str, user_id: str, item_id: str, now: datetime
) -> tuple[Session, ItemPosition]:
    """Where an item is; raises SessionNotFound, SessionExpired, ItemNotFound."""
    session, seqs = log.find_items(session_id=session_id, user_id=user_id, item_ids=[item_id])
    lifecycle.require_readable(session, now=now)
    gone: ItemPosition | None = None
    for seq in seqs:
        _, messages = log.read_range(session_id=session_id, user_id=user_id, first=seq, last=seq)
        for message in messages:
            ids = [item["id"] for item in items_of(message)]
            if item_id in ids:
                return session, ItemPosition(message, ids.index(item_id))
            gone = ItemPosition(message, -1)
    if gone is None:
        raise ItemNotFound
    return session, gone

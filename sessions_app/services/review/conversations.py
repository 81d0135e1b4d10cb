"""Conversations as staff see them. The read log has its line before anything is returned."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessions_app import tracing
from sessions_app.domain.data import Message
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.limits import REVIEW_MESSAGES
from sessions_app.domain.review import (
    Act,
    ConversationCursor,
    ConversationFilter,
    ConversationPage,
    Order,
    Reviewed,
    Staff,
    TextPart,
    Why,
)
from sessions_app.domain.texts.text import inert
from sessions_app.domain.turns import Turn
from sessions_app.repository import annotations as stored
from sessions_app.repository import log, review, turns
from sessions_app.services import dividers, topics
from sessions_app.services.review import attached, masking, read_log, windows
from sessions_app.services.review.attached import ShownAttachment
from sessions_app.services.review.read_log import About
from sessions_app.services.review.windows import MessageFate, SeenWindow

_TURNS = 20


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call for reading: the function and its arguments as text."""

    id: str
    name: str
    arguments: Sequence[TextPart]


@dataclass(frozen=True, slots=True)
class OpaqueItem:
    """An item of the OpenAI wire that is no message or call, for reading: its type and its JSON."""

    kind: str
    text: Sequence[TextPart]


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message as staff see it: `topic_label` where it opens a topic, `fate` in a window.

    `comment` is what its owner said of it beside the rating.
    """

    message: Message
    content: Sequence[TextPart]
    calls: Sequence[ToolCall]
    topic_label: str | None
    fate: MessageFate | None
    name: str
    item: OpaqueItem | None
    attachments: Sequence[ShownAttachment] = ()
    comment: Sequence[TextPart] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A page of a conversation: its messages `first..last`, and a window if one was asked for."""

    reviewed: Reviewed
    messages: Sequence[ShownMessage]
    first: int
    last: int
    why: Why
    masked: bool
    window: SeenWindow | None
    title: str
    metadata: Mapping[str, str]
    tags: Sequence[str] = ()


@tracing.step
def conversation_list(
    *,
    wanted: ConversationFilter,
    order: Order,
    cursor: ConversationCursor | None,
    filters: Mapping[str, str],
    staff: Staff,
    now: datetime,
) -> ConversationPage:
    """A page of conversations. `filters` are the filters as the reader typed them, for the log."""
    # The user's id goes into a field of its own, where an erasure finds it.
    user_id = wanted.user_ids[0] if wanted.user_ids else ""
    session_id = wanted.session_ids[0] if wanted.session_ids else ""
    about = About(session_id, user_id, filters)
    # Before the query: a list that is logged may fail, one that is shown is always logged.
    read_log.log_write(staff=staff, act=Act.LIST, now=now, about=[about])
    return review.conversations.find_page(wanted=wanted, order=order, cursor=cursor)


def activity_bounds() -> tuple[datetime, datetime] | None:
    """The oldest and the newest last activity of all conversations; None without any."""
    return review.conversations.activity_bounds()


def conversation_exists(*, session_id: str) -> bool:
    """Whether a conversation has that id."""
    try:
        review.conversations.read_one(session_id)
    except SessionNotFound:
        return False
    return True


def conversation_header(*, session_id: str) -> Reviewed:
    """A conversation without its messages; raises SessionNotFound."""
    return review.conversations.read_one(session_id)


def conversation_headers(
    *, session_ids: Sequence[str], staff: Staff, now: datetime
) -> Sequence[Reviewed]:
    """Several conversations without their messages, in this order; missing ones are left out.

    Their titles are shown, so it is logged as a list of each is.
    """
    headers = review.conversations.read_many(session_ids)
    about = [About(each.session.session_id, each.session.user_id) for each in headers]
    read_log.log_write(staff=staff, act=Act.LIST, now=now, about=about)
    return headers


@tracing.step
def conversation_open(*, session_id: str, staff: Staff, why: Why, now: datetime) -> None:
    """Log the reason for reading a conversation, valid today; raises SessionNotFound."""
    _log_reason(session_id, staff, why, now, Act.OPEN)


@tracing.step
def conversation_unmask(*, session_id: str, staff: Staff, why: Why, now: datetime) -> None:
    """Log the reason for seeing masked text, valid today; raises SessionNotFound."""
    _log_reason(session_id, staff, why, now, Act.UNMASK)


def _log_reason(session_id: str, staff: Staff, why: Why, now: datetime, act: Act) -> None:
    session = review.conversations.read_one(session_id).session
    about = About(session_id, session.user_id)
    read_log.log_write(staff=staff, act=act, now=now, why=why, about=[about])


@tracing.step
def conversation_read(
    *,
    session_id: str,
    staff: Staff,
    at: int | None,
    window_at: int | None,
    may_unmask: bool,
    now: datetime,
) -> Transcript:
    """The page of a transcript with the message `at` (None: the newest page), and a window.

    Raises SessionNotFound, ReasonNeeded, and MessageNotFound for a window at a missing message.
    """
    reviewed = review.conversations.read_one(session_id)
    session = reviewed.session
    why = read_log.reason_given(session_id=session_id, staff=staff, now=now)
    masked = read_log.masked_for(session_id=session_id, staff=staff, may_unmask=may_unmask, now=now)
    first, last = page_of(at or window_at, session.message_count)
    # The log says which messages were shown, and whether masked.
    part: dict[str, Any] = {"first": first, "last": last, "masked": masked}
    if window_at is not None:
        part["window_at"] = window_at
    read_log.log_write(
        staff=staff,
        act=Act.READ if window_at is None else Act.WINDOW,
        now=now,
        why=why,
        about=[About(session_id, session.user_id, part)],
    )
    _, messages = log.read_range(
        session_id=session_id, user_id=session.user_id, first=first, last=last
    )
    window = windows.window_at(session=session, seq=window_at) if window_at else None
    # Titles and metadata may hold the same numbers as messages.
    text = masking.hidden if masked else str
    return Transcript(
        reviewed=reviewed,
        messages=_shown(reviewed, messages, window, masked=masked),
        first=first,
        last=last,
        why=why,
        masked=masked,
        window=window,
        title=text(session.title),
        metadata={text(key): text(value) for key, value in session.metadata.items()},
        tags=[text(tag) for tag in session.tags],
    )


def conversation_turns(*, session_id: str) -> Sequence[Turn]:
    """The newest model calls of a conversation, newest first."""
    return turns.records.newest(session_id=session_id, limit=_TURNS)


def page_of(seq: int | None, count: int) -> tuple[int, int]:
    """The first and last `seq` of the page with `seq`; of the newest page for None."""
    # A link may hold any number; the nearest page is shown.
    seq = min(max(1, count if seq is None else seq), max(1, count))
    first = (seq - 1) // REVIEW_MESSAGES * REVIEW_MESSAGES + 1
    return first, min(first + REVIEW_MESSAGES - 1, count)


def _shown(
    reviewed: Reviewed, messages: Sequence[Message], window: SeenWindow | None, *, masked: bool
) -> list[ShownMessage]:
    session = reviewed.session
    labels = topic_labels(reviewed)
    fates = window.fates if window else {}
    return [
        ShownMessage(
            message=message,
            content=parts(message.content, masked=masked),
            calls=[_call(call, masked=masked) for call in message.tool_calls or ()],
            topic_label=_divider(message, labels),
            fate=fates.get(message.seq),
            name=(masking.hidden(message.name) if masked else message.name) if message.name else "",
            item=_opaque_item(message, masked=masked),
            attachments=attached.shown(message, masked=masked),
            comment=parts(message.feedback.comment, masked=masked) if message.feedback else (),
        )
        for message in dividers.with_dividers(session, messages)
    ]


def parts(text: str, *, masked: bool) -> Sequence[TextPart]:
    """`text` as parts, with sensitive ones marked where `masked`."""
    if not text:
        return []
    text = inert(text)
    return masking.masked(text) if masked else [TextPart(text)]


def topic_labels(reviewed: Reviewed) -> Mapping[int, str]:
    """The label of each topic, by its number."""
    session = reviewed.session
    if not reviewed.topics:
        return {}
    # A shift stores the label of the topic that it ended; the current one has none yet.
    ended = [shift.label for shift in stored.read_shifts(session_id=session.session_id)]
    return dict(enumerate([*ended, topics.current_label(session)], 1))


def _divider(message: Message, labels: Mapping[int, str]) -> str | None:
    # The first message opens a topic without a shift.
    opens = message.topic_shift or (message.seq == 1 and message.topic is not None)
    return labels.get(message.topic or 0, "") if opens else None


def _call(call: Mapping[str, Any], *, masked: bool) -> ToolCall:
    function = call.get(str(call.get("type")), call.get("function"))
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments", function.get("input", call if not function else ""))
    return ToolCall(
        id=str(call.get("id", "")),
        name=str(function.get("name", call.get("type", "tool"))),
        arguments=parts(_readable(arguments), masked=masked),
    )


def _opaque_item(message: Message, *, masked: bool) -> OpaqueItem | None:
    item = (message.items or {}).get("opaque")
    if item is None:
        return None
    return OpaqueItem(str(item.get("type")), parts(_readable(item), masked=masked))


def _readable(value: Any) -> str:
    """JSON indented; text that is not JSON unchanged."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        # Arguments come from a model and may be anything.
        except (ValueError, RecursionError):
            return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2)

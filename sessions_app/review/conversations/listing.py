"""The list of conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from sessions_app import clock
from sessions_app.domain.limits import REVIEW_COUNTED
from sessions_app.domain.review import (
    ConversationCursor,
    ConversationFilter,
    ConversationPage,
    Order,
    Reviewed,
)
from sessions_app.domain.sessions import lifecycle
from sessions_app.review import pages, people
from sessions_app.review.conversations import cursors, dates
from sessions_app.review.conversations.actions import choices, choices_for
from sessions_app.review.conversations.filters import ListQuery
from sessions_app.review.permissions import May
from sessions_app.services import review
from sessions_app.services.review import Hit


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in the list.

    `title` and `snippet` are masked. `user_query` lists all conversations of the same user. `seq`
    is the message that a search matched. `acts` are the actions that would change it.
    """

    reviewed: Reviewed
    user: str
    user_query: str
    title: str
    expired: bool
    seq: int | None
    snippet: str
    acts: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list; `query` sorts by it, and is empty where no index serves that order."""

    title: str
    css: str = ""
    query: str = ""
    sorted: str = ""


@pages.page(May.VIEW)
def show(request: HttpRequest) -> HttpResponse:
    """The list of conversations. It shows titles, so it writes to the read log."""
    query, now = ListQuery.parse(request.GET.dict()), clock.now()
    cursor = _cursor(query)
    page, hits = _page(request, query, cursor, now)
    names = people.names(row.session.user_id for row in page.rows)
    return pages.render(
        request,
        "list.html",
        {
            "title": "Conversations",
            "query": query,
            "rows": [_row(row, names, hits, request.user, now) for row in page.rows],
            "columns": _columns(query),
            "filters": query.filters(),
            "dates": dates.drill_down(query, review.activity_bounds()),
            "actions": choices(request.user),
            "page": page,
            "count": _count(page),
            "first_page": query.link() if cursor else "",
            "next_page": _next_page(query, page),
        },
    )


def _page(
    request: HttpRequest, query: ListQuery, cursor: ConversationCursor | None, now: datetime
) -> tuple[ConversationPage, Mapping[str, Hit]]:
    staff = pages.staff_of(request)
    conversations = query.conversations(lifecycle.to_milliseconds(now))
    if query.text and query.in_text:
        return review.conversation_search(
            text=query.text, wanted=conversations, order=query.order, staff=staff, now=now
        )
    conversations = _named(query.text, conversations)
    unlogged = {"cursor", "q", "by"}
    filters = {name: value for name, value in query.parameters.items() if name not in unlogged}
    # Several users match, so no single id says what was searched for: the log keeps the text.
    if conversations.user_ids[1:]:
        filters["text"] = query.text
    page = review.conversation_list(
        wanted=conversations,
        order=query.order,
        cursor=cursor,
        filters=filters,
        staff=staff,
        now=now,
    )
    return page, {}


def _cursor(query: ListQuery) -> ConversationCursor | None:
    text = query.parameters.get("cursor")
    return cursors.decode(text) if text else None


def _named(text: str, conversations: ConversationFilter) -> ConversationFilter:
    """Those of the session or the users that `text` names."""
    if not text:
        return conversations
    if _is_session(text):
        return replace(conversations, session_ids=(text,))
    return replace(conversations, user_ids=(text, *people.ids_like(text)))


def _is_session(text: str) -> bool:
    """Whether `text` is a session's id. Users' ids look the same, so the store is asked."""
    return len(text) == 36 and review.conversation_exists(session_id=text)


def _row(
    reviewed: Reviewed,
    names: Mapping[str, str],
    hits: Mapping[str, Hit],
    staff: Any,
    now: datetime,
) -> Row:
    session = reviewed.session
    hit = hits.get(session.session_id)
    return Row(
        reviewed=reviewed,
        user=names.get(session.user_id, session.user_id),
        user_query="?" + urlencode({"q": session.user_id}),
        title=review.hidden(session.title),
        expired=lifecycle.has_expired(session, now=now),
        seq=hit.seq if hit else None,
        snippet=hit.snippet if hit else "",
        acts=" ".join(button.act for button in choices_for(staff, reviewed)),
    )


def _columns(query: ListQuery) -> Sequence[Column]:
    def sortable(title: str, down: Order, up: Order, css: str) -> Column:
        order = query.order
        other = up if order is down else down
        direction = {down: "descending", up: "ascending"}.get(order, "")
        return Column(title, css, query.link(o=other.value), direction)

    expiry = (
        Column("Expiry", "when")
        if query.parameters.get("expiry") == "never"
        else sortable("Expiry", Order.LATEST_EXPIRY, Order.SOONEST_EXPIRY, "when")
    )
    return [
        Column("Conversation", "name"),
        Column("User"),
        Column("Messages", "number"),
        Column("Tokens", "number"),
        Column("Topics", "number"),
        Column("Status"),
        sortable("Last activity", Order.NEWEST_ACTIVITY, Order.OLDEST_ACTIVITY, "when"),
        expiry,
    ]


def _count(page: ConversationPage) -> str:
    if page.matches > REVIEW_COUNTED:
        return f"{REVIEW_COUNTED:,}+"
    return f"{page.matches:,}"


def _next_page(query: ListQuery, page: ConversationPage) -> str:
    if page.next_cursor is None:
        return ""
    return query.link(cursor=cursors.encode(page.next_cursor))

"""The list of conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from sessions_app.domain import lifecycle
from sessions_app.domain.limits import REVIEW_COUNTED
from sessions_app.domain.review import (
    ConversationCursor,
    ConversationFilter,
    ConversationPage,
    Order,
    Reviewed,
)
from sessions_app.review import pages, people
from sessions_app.review.conversations import cursors as places
from sessions_app.review.conversations import dates
from sessions_app.review.conversations.actions import choices
from sessions_app.review.conversations.filters import Asked
from sessions_app.review.permissions import May
from sessions_app.services import review
from sessions_app.services.review import Hit


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list.

    `title` and `snippet` are masked, `user_query` finds all of the same user, `seq` is the message
    in which a search has found its words.
    """

    reviewed: Reviewed
    user: str
    user_query: str
    title: str
    expired: bool
    seq: int | None
    snippet: str


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the list; `query` sorts by it, where an index serves that."""

    title: str
    css: str = ""
    query: str = ""
    sorted: str = ""


@pages.page(May.VIEW)
def show(request: HttpRequest) -> HttpResponse:
    """Find conversations. Titles are shown, so the look is logged."""
    asked, now = Asked.of(request.GET.dict()), timezone.now()
    place = _place(asked)
    found, hits = _find(request, asked, place, now)
    names = people.names(row.session.user_id for row in found.rows)
    return pages.render(
        request,
        "list.html",
        {
            "title": "Conversations",
            "asked": asked,
            "rows": [_row(row, names, hits, now) for row in found.rows],
            "columns": _columns(asked),
            "filters": asked.filters(),
            "dates": dates.drill_down(asked, review.activity_bounds()),
            "actions": choices(request.user),
            "found": found,
            "count": _count(found),
            "first_page": asked.link() if place else "",
            "next_page": _next(asked, found),
        },
    )


def _find(
    request: HttpRequest, asked: Asked, place: ConversationCursor | None, now: datetime
) -> tuple[ConversationPage, Mapping[str, Hit]]:
    staff = pages.staff_of(request)
    wanted = asked.wanted(lifecycle.to_milliseconds(now))
    if asked.text and asked.in_text:
        return review.conversation_search(
            text=asked.text, wanted=wanted, order=asked.order, staff=staff, now=now
        )
    wanted = _looked_for(asked.text, wanted)
    part = {name: value for name, value in asked.given.items() if name not in {"place", "q", "by"}}
    if wanted.user_ids[1:]:
        part["text"] = asked.text
    found = review.conversation_list(
        wanted=wanted, order=asked.order, cursor=place, filters=part, staff=staff, now=now
    )
    return found, {}


def _place(asked: Asked) -> ConversationCursor | None:
    word = asked.given.get("place")
    return places.decode(word) if word else None


def _looked_for(text: str, wanted: ConversationFilter) -> ConversationFilter:
    if not text:
        return wanted
    if _is_session(text):
        return replace(wanted, session_ids=(text,))
    return replace(wanted, user_ids=(text, *people.ids_like(text)))


def _is_session(text: str) -> bool:
    """Whether it is a session's id; users' ids look the same."""
    return len(text) == 36 and review.conversation_exists(session_id=text)


def _row(
    reviewed: Reviewed, names: Mapping[str, str], hits: Mapping[str, Hit], now: datetime
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
    )


def _columns(asked: Asked) -> Sequence[Column]:
    def by(title: str, down: Order, up: Order, css: str) -> Column:
        order = asked.order
        other = up if order is down else down
        direction = {down: "descending", up: "ascending"}.get(order, "")
        return Column(title, css, asked.link(o=other.value), direction)

    expiry = (
        Column("Expiry", "when")
        if asked.given.get("expiry") == "never"
        else by("Expiry", Order.LATEST_EXPIRY, Order.SOONEST_EXPIRY, "when")
    )
    return [
        Column("Conversation", "name"),
        Column("User"),
        Column("Messages", "number"),
        Column("Tokens", "number"),
        Column("Topics", "number"),
        Column("Status"),
        by("Last activity", Order.NEWEST_ACTIVITY, Order.OLDEST_ACTIVITY, "when"),
        expiry,
    ]


def _count(found: ConversationPage) -> str:
    if found.matches > REVIEW_COUNTED:
        return f"{REVIEW_COUNTED:,}+"
    return f"{found.matches:,}"


def _next(asked: Asked, found: ConversationPage) -> str:
    if found.next_cursor is None:
        return ""
    given: dict[str, Any] = {"place": places.encode(found.next_cursor)}
    return asked.link(**given)

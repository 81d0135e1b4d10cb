"""Searches conversations by their words; each hit is logged before it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.limits import REVIEW_BULK
from sessions_app.domain.review import Act, ConversationFilter, ConversationPage, Order, Staff
from sessions_app.domain.search.data import SearchFilter, SearchHit
from sessions_app.repository import review
from sessions_app.services import search
from sessions_app.services.review import masking, read_log
from sessions_app.services.review.read_log import About


@dataclass(frozen=True, slots=True)
class Hit:
    """The match of a search in a conversation: in the message `seq`, or in the title (None).

    The `snippet` is masked, and empty for a conversation that this reader has not opened today.
    """

    seq: int | None
    snippet: str


@tracing.step
def conversation_search(
    *, text: str, wanted: ConversationFilter, order: Order, staff: Staff, now: datetime
) -> tuple[ConversationPage, Mapping[str, Hit]]:
    """The conversations whose messages or titles match, and the match of each by session.

    A hit tells something about a conversation, so each has a line in the read log.
    """
    filters = {"text": text}
    # The words that staff search for are part of the log.
    read_log.log_write(staff=staff, act=Act.SEARCH, now=now, about=[About(part=filters)])
    results = search.search_all(
        text=text,
        limit=REVIEW_BULK,
        wanted=SearchFilter(status=wanted.status),
        staff_id=staff.id,
        now=now,
    )
    best: dict[str, SearchHit] = {}
    for hit in results.hits:
        earlier = best.get(hit.session_id)
        # A message shows more of a conversation than its title.
        if earlier is None or (earlier.seq is None and hit.seq is not None):
            best[hit.session_id] = hit
    # Without hits there is nothing to log or to filter.
    if not best:
        return ConversationPage([], 0, None, None), {}
    page = review.conversations.find_page(
        wanted=replace(wanted, session_ids=tuple(best)), order=order, cursor=None
    )
    shown = [row.session for row in page.rows]
    read_log.log_write(
        staff=staff,
        act=Act.SEARCH_HIT,
        now=now,
        about=[
            About(session.session_id, session.user_id, {"seq": best[session.session_id].seq})
            for session in shown
        ],
    )
    # A snippet shows words, so it needs a reason like opening does.
    opened = read_log.opened_today(
        session_ids=[session.session_id for session in shown], staff=staff, now=now
    )
    return page, {
        session_id: Hit(hit.seq, masking.hidden(hit.snippet) if session_id in opened else "")
        for session_id, hit in best.items()
    }

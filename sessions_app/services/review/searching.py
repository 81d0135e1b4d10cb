"""Finding conversations by what was said in them; what is found is logged before it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sessions_app.domain.limits import REVIEW_BULK
from sessions_app.domain.review import Act, Found, Order, Staff, Wanted
from sessions_app.domain.search.data import SearchFilter, SearchHit
from sessions_app.repository import review
from sessions_app.services import search
from sessions_app.services.review import masking, read_log
from sessions_app.services.review.read_log import About


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a search found its words: in the message `seq`, None in the title.

    The `snippet` is masked, and empty for a conversation that this reader has not opened today.
    """

    seq: int | None
    snippet: str


def conversation_search(
    *, text: str, wanted: Wanted, order: Order, staff: Staff, now: datetime
) -> tuple[Found, Mapping[str, Hit]]:
    """The conversations in whose messages or titles the words stand, and where, by session.

    That something was found in a conversation says something of it, so each hit has its line.
    """
    asked = {"text": text}
    read_log.log_write(staff=staff, act=Act.SEARCH, now=now, about=[About(part=asked)])
    results = search.search_all(
        text=text, limit=REVIEW_BULK, wanted=SearchFilter(status=wanted.status), now=now
    )
    best: dict[str, SearchHit] = {}
    for hit in results.hits:
        there = best.get(hit.session_id)
        if there is None or (there.seq is None and hit.seq is not None):
            best[hit.session_id] = hit
    if not best:
        return Found([], 0, None, None), {}
    found = review.conversations.find_page(
        wanted=replace(wanted, session_ids=tuple(best)), order=order, place=None
    )
    shown = [row.session for row in found.rows]
    read_log.log_write(
        staff=staff,
        act=Act.SEARCH_HIT,
        now=now,
        about=[
            About(one.session_id, one.user_id, {"seq": best[one.session_id].seq}) for one in shown
        ],
    )
    opened = read_log.opened_today(
        session_ids=[one.session_id for one in shown], staff=staff, now=now
    )
    return found, {
        session_id: Hit(hit.seq, masking.hidden(hit.snippet) if session_id in opened else "")
        for session_id, hit in best.items()
    }

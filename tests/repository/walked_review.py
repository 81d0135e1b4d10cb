"""All that the repository does for staff, once each, for the tests of its queries."""

from datetime import timedelta
from itertools import product

import pytest

from sessions_app import encoders
from sessions_app.domain.data import Rating, Status
from sessions_app.domain.review.data import (
    Act,
    ConversationFilter,
    LogFilter,
    Order,
    Reason,
    Span,
    Staff,
    Why,
)
from sessions_app.repository.log import pages
from sessions_app.repository.review import conversations as reviews
from sessions_app.services.review import actions as review_actions
from sessions_app.services.review import conversations as service
from sessions_app.services.review import exports as review_exports
from sessions_app.services.review import read_log as review_log
from sessions_app.services.review import searching as review_search
from sessions_app.services.review import windows as review_windows
from sessions_app.services.review.timeline import timeline
from tests.repository.conftest import OWNER, now

LEA = Staff("lea", "lea")
WHY = Why(Reason.LEGAL, "")


def walk_review(session_id: str) -> None:
    """Find, read, act, and look at the log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "load_encoder", lambda: None)
        # So that portions end, and pages follow pages, among a few hundred sessions.
        patch.setattr(reviews, "REVIEW_LOOKED_THROUGH", 20)
        patch.setattr(reviews, "REVIEW_READ_THROUGH", 20)
        patch.setattr(reviews, "REVIEW_PAGE", 5)
        _walk_list(session_id)
        _walk_conversation(session_id)
    _walk_log(session_id)


def _walk_list(session_id: str) -> None:
    soon = now() + timedelta(days=100)
    for wanted, order in product(
        (
            ConversationFilter(),
            ConversationFilter(
                status=Status.ACTIVE, messages=Span(1, 2), topics=Span(None, 2), legal_hold=False
            ),
            ConversationFilter(flagged=True, tokens=Span(None, 1_000)),
            ConversationFilter(legal_hold=True),
            ConversationFilter(rating=Rating.UP),
            ConversationFilter(rating=Rating.DOWN, active_from=now() - timedelta(days=9)),
            ConversationFilter(expires_before=soon, active_from=now() - timedelta(days=9)),
            ConversationFilter(user_ids=(OWNER, "somebody-1"), flagged=False),
            ConversationFilter(user_ids=(OWNER,), status=Status.ACTIVE),
            ConversationFilter(session_ids=(session_id,)),
            ConversationFilter(never_expires=True),
        ),
        Order,
    ):
        cursor = None
        for _ in range(3):
            found = reviews.find_page(wanted=wanted, order=order, cursor=cursor)
            cursor = found.next_cursor
            if cursor is None:
                break
    service.activity_bounds()


def _walk_conversation(session_id: str) -> None:
    service.conversation_open(session_id=session_id, staff=LEA, why=WHY, now=now())
    service.conversation_unmask(session_id=session_id, staff=LEA, why=WHY, now=now())
    for at, window in ((None, None), (20, None), (None, 500)):
        transcript = service.conversation_read(
            session_id=session_id,
            staff=LEA,
            at=at,
            window_at=window,
            may_unmask=True,
            now=now(),
        )
    labels = service.topic_labels(transcript.reviewed)
    timeline(reviewed=transcript.reviewed, labels=labels)
    session = pages.read_header(session_id=session_id, user_id=OWNER)
    review_windows.window_at(session=session, seq=3)
    service.conversation_turns(session_id=session_id)
    review_search.conversation_search(
        text="hello", wanted=ConversationFilter(), order=Order.NEWEST_ACTIVITY, staff=LEA, now=now()
    )
    for act in (Act.FLAG, Act.FLAG, Act.NOTE, Act.RESOLVE, Act.RESOLVE, Act.HOLD, Act.RELEASE):
        review_actions.act_on(session_ids=[session_id], act=act, text="x", staff=LEA, now=now())
    review_actions.act_on(session_ids=["gone"], act=Act.FLAG, text="x", staff=LEA, now=now())
    exported = review_exports.conversations_export(
        session_ids=[session_id], staff=LEA, why=WHY, form="json", masked=True, now=now()
    )
    assert sum(1 for _ in exported[0].messages) > 100
    review_log.opened_today(session_ids=[session_id], staff=LEA, now=now())


def _walk_log(session_id: str) -> None:
    for sought in (
        LogFilter(),
        LogFilter(session_id=session_id),
        LogFilter(user_id=OWNER, reason="legal"),
        LogFilter(staff_id="lea", since=now() - timedelta(days=1), before=now()),
        LogFilter(act=Act.READ),
    ):
        page = review_log.log_page(sought=sought)
        older = review_log.log_page(sought=sought, older_than=page.lines[-1].id)
        if older.lines:
            review_log.log_page(sought=sought, newer_than=older.lines[0].id)
    assert list(review_log.reads_of_user(OWNER))

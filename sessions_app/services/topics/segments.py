"""A session's topics as they have been judged: of messages, as a list, and the current label."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from sessions_app import tracing
from sessions_app.domain import topics as topic_rules
from sessions_app.domain.data import Session
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import annotations as stored
from sessions_app.repository import log
from sessions_app.services.topics import annotations
from sessions_app.services.topics.annotations import CATCH_UP_SECONDS


@dataclass(frozen=True, slots=True)
class TopicSegment:
    """The consecutive messages of one topic.

    `score` is the probability of the shift that opened it, 0 for the first topic. `divider` is
    whether that is enough for a divider above the topic.
    """

    topic: int
    start_seq: int
    end_seq: int
    message_count: int
    label: str
    score: float
    divider: bool


@dataclass(frozen=True, slots=True)
class TopicList:
    """A session's topics in order, up to the message `judged`.

    `complete` is whether that is the newest one; the others have no topic yet.
    """

    segments: Sequence[TopicSegment]
    judged: int
    complete: bool


@tracing.step
def topic_list(
    *, session_id: str, user_id: str, now: datetime, seconds: float = CATCH_UP_SECONDS
) -> TopicList:
    """A session's topics, after judging for about `seconds`.

    Raises SessionNotFound, SessionExpired.
    """
    lifecycle.require_readable(log.read_header(session_id=session_id, user_id=user_id), now=now)
    caught_up = annotations.catch_up(session_id=session_id, user_id=user_id, seconds=seconds)
    session = caught_up.session
    judged = session.topic.judged if session.topic else 0
    segments = _segments(session, judged) if judged else []
    return TopicList(segments, judged, caught_up.complete)


def _segments(session: Session, judged: int) -> list[TopicSegment]:
    shifts = stored.read_shifts(session_id=session.session_id)
    starts = [1, *(shift.seq for shift in shifts)]
    ends = [*(shift.seq - 1 for shift in shifts), judged]
    labels = [*(shift.label for shift in shifts), current_label(session)]
    # No shift opened the first topic.
    scores = [0.0, *(shift.score for shift in shifts)]
    least = settings.TOPIC_DIVIDER_THRESHOLD
    return [
        TopicSegment(
            topic=number,
            start_seq=start,
            end_seq=end,
            message_count=end - start + 1,
            label=label,
            score=round(score, 4),
            divider=number > 1 and score >= least,
        )
        for number, (start, end, label, score) in enumerate(
            zip(starts, ends, labels, scores, strict=True), 1
        )
    ]


def current_label(session: Session) -> str:
    """The label of the current topic."""
    judged = session.topic.judged if session.topic else 0
    block = stored.read_block(session_id=session.session_id, seq=judged) if judged else None
    state = annotations.state_at(block, judged) if block else None
    return topic_rules.current_label(state) if state else topic_rules.UNTITLED

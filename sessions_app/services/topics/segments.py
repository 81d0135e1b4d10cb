"""A session as a list of topics."""

from dataclasses import dataclass
from datetime import datetime

from sessions_app.domain import lifecycle
from sessions_app.repository import annotations as stored
from sessions_app.repository import log
from sessions_app.services.topics import annotations
from sessions_app.services.topics.annotations import CATCH_UP_SECONDS


@dataclass(frozen=True, slots=True)
class TopicSegment:
    """The consecutive messages of one topic; `score` is how sure its opening shift was, 0 to 1."""

    topic: int
    start_seq: int
    end_seq: int
    message_count: int
    label: str
    score: float


def topic_list(*, session_id: str, user_id: str, now: datetime) -> list[TopicSegment]:
    """A session's topics in order. Raises SessionNotFound, SessionExpired."""
    lifecycle.require_readable(log.read_header(session_id=session_id, user_id=user_id), now=now)
    session = annotations.catch_up(
        session_id=session_id, user_id=user_id, seconds=CATCH_UP_SECONDS
    ).session
    judged = session.topic.judged if session.topic else 0
    if not judged:
        return []
    shifts = stored.read_shifts(session_id=session_id)
    starts = [1, *(shift.seq for shift in shifts)]
    ends = [*(shift.seq - 1 for shift in shifts), judged]
    labels = [*(shift.label for shift in shifts), annotations.current_label(session)]
    scores = [0.0, *(shift.score for shift in shifts)]
    return [
        TopicSegment(number, start, end, end - start + 1, label, round(score, 4))
        for number, (start, end, label, score) in enumerate(
            zip(starts, ends, labels, scores, strict=True), 1
        )
    ]

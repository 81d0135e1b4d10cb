"""The topics of a session, as they have been judged."""

from collections.abc import Sequence

from sessions_app.domain.data import Message, Session
from sessions_app.repository import annotations


def with_topics(session: Session, messages: Sequence[Message]) -> list[Message]:
    """The messages with the topics that have been judged; the others stay without."""
    standing = session.topic
    if standing is None or not messages:
        return list(messages)
    if standing.reaches(messages[0].seq):
        known: dict[int, int | None] = {m.seq: standing.topic_at(m.seq) for m in messages}
        openings = {first for first, _ in standing.recent}
    else:
        known, openings = _stored_topics(session, messages)
    return [
        message._replace(
            topic=known.get(message.seq),
            topic_shift=message.seq in openings and (known.get(message.seq) or 0) > 1,
        )
        for message in messages
    ]


def _stored_topics(
    session: Session, messages: Sequence[Message]
) -> tuple[dict[int, int | None], set[int]]:
    known: dict[int, int | None] = {}
    openings: set[int] = set()
    for block in annotations.read_blocks(
        session_id=session.session_id, ranges=[(messages[0].seq, messages[-1].seq)]
    ):
        known |= {
            seq: topic
            for seq, topic in enumerate(block.topics, block.first_seq)
            if session.topic and seq <= session.topic.judged
        }
        openings |= {shift.seq for shift in block.shifts}
    return known, openings

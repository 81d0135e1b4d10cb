"""How far a session's topics have been judged, and which topic each message has."""

from collections.abc import Sequence

from sessions_app.documents import MessageAnnotations, Session
from sessions_app.domain.annotations import block_start
from sessions_app.domain.data import Message, TopicStanding
from sessions_app.domain.data import Session as SessionHeader
from sessions_app.repository import failures
from sessions_app.repository.annotations.blocks import read_blocks

# What nothing has been judged of, but for what the user has undone.
_UNJUDGED = {
    "set__topic__judged": 0,
    "set__topic__current": 0,
    "set__topic__start_seq": 0,
    "set__topic__recent": [],
}


def with_topics(
    session: SessionHeader, messages: Sequence[Message], *, least: float = 0.0
) -> list[Message]:
    """The messages with the topics that have been judged; the others stay without.

    Only a shift that is at least this probable is marked on its message.
    """
    standing = session.topic
    if standing is None or not messages:
        return list(messages)
    if standing.reaches(messages[0].seq):
        known: dict[int, int | None] = {m.seq: standing.topic_at(m.seq) for m in messages}
        openings = {first: probability for first, _, probability in standing.recent}
    else:
        known, openings = _stored_topics(session, messages)
    return [
        _with_topic(
            message,
            topic := known.get(message.seq),
            openings.get(message.seq, -1.0) >= least and (topic or 0) > 1,
        )
        for message in messages
    ]


# The fields `topic` and `topic_shift`, which stand beside each other.
_TOPIC = Message._fields.index("topic")


def _with_topic(message: Message, topic: int | None, shift: bool) -> Message:
    """As `_replace` does it, in a third of the time: a page has hundreds of messages."""
    return Message._make((*message[:_TOPIC], topic, shift, *message[_TOPIC + 2 :]))


def _stored_topics(
    session: SessionHeader, messages: Sequence[Message]
) -> tuple[dict[int, int | None], dict[int, float]]:
    known: dict[int, int | None] = {}
    openings: dict[int, float] = {}
    for block in read_blocks(
        session_id=session.session_id, ranges=[(messages[0].seq, messages[-1].seq)]
    ):
        known |= {
            seq: topic
            for seq, topic in enumerate(block.topics, block.first_seq)
            if session.topic and seq <= session.topic.judged
        }
        openings |= {shift.seq: shift.score for shift in block.shifts}
    return known, openings


@failures.translated
def advance(
    *,
    session_id: str,
    user_id: str,
    judged: int,
    standing: TopicStanding,
) -> bool:
    """Replace the standing that had judged up to `judged`; False when it is no longer that.

    The session's version stays: what a client sees of topics follows from its messages.
    """
    # None before the first judgement: `topic` is not there until then.
    unchanged = Session.objects(
        pk=session_id, user_id=user_id, topic__judged__in=[judged] if judged else [0, None]
    )
    advanced = unchanged.update_one(
        set__topic__judged=standing.judged,
        set__topic__current=standing.current,
        set__topic__start_seq=standing.start_seq,
        set__topic__recent=[
            [first, topic, round(probability * 1000)]
            for first, topic, probability in standing.recent
        ],
    )
    return bool(advanced)


@failures.translated
def forget_message(*, session_id: str, user_id: str, seq: int) -> None:
    """Remove what was derived from an erased message; topics are judged anew without it.

    The judge is set back first, so that a stop in between leaves it to do its work again, and
    once more last, for one that was at work meanwhile.
    """
    judge_again(session_id=session_id, user_id=user_id)
    MessageAnnotations.objects.starting_at(session_id, block_start(seq)).delete()
    # Labels, and what the judge remembers of the latest words, may hold the erased ones.
    blocks = MessageAnnotations.objects.of_session(session_id)
    blocks.update(set__shifts=[], set__state=b"")
    judge_again(session_id=session_id, user_id=user_id)


@failures.translated
def judge_again(*, session_id: str, user_id: str) -> None:
    """Let a session's topics be judged from its first message on, with the vectors there are.

    That a shift's reset was undone is the user's doing, and stays.
    """
    judged = Session.objects(pk=session_id, user_id=user_id, topic__exists=True)
    judged.update_one(**_UNJUDGED)

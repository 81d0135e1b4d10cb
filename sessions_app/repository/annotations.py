"""Derived data: blocks of annotations, and how far a session's topics have been judged."""

from collections.abc import Sequence

from pymongo.errors import DuplicateKeyError

from sessions_app.documents import MessageAnnotations, Session
from sessions_app.domain.annotations import Block, Shift, block_start
from sessions_app.domain.data import Message, TopicStanding
from sessions_app.domain.data import Session as SessionHeader
from sessions_app.domain.identifiers import bucket_id
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored


@failures.translated
def read_blocks(*, session_id: str, ranges: Sequence[tuple[int, int]]) -> list[Block]:
    """The blocks with annotations of the messages of each range (both ends included), in order."""
    places = [
        {
            "_id": {
                "$gte": bucket_id(session_id, block_start(max(first, 1))),
                "$lte": bucket_id(session_id, last),
            }
        }
        for first, last in ranges
    ]
    if not places:
        return []
    found = MessageAnnotations._get_collection().find(
        {"session_id": session_id, "$or": places}, {"state": 0}
    )
    return [_block(stored) for stored in found.sort("_id", 1)]


@failures.translated
def read_sketches(*, session_id: str, before: int, limit: int) -> list[Block]:
    """The sketches of the newest `limit` full blocks that end before the message `before`.

    Only what choosing among them takes: no vectors, no topics.
    """
    found = MessageAnnotations._get_collection().find(
        {
            "_id": {
                "$gte": f"{session_id}/",
                "$lt": bucket_id(session_id, block_start(before)),
            },
            "session_id": session_id,
        },
        {"session_id": 1, "first_seq": 1, "count": 1, "sketch_terms": 1, "sketch_centroids": 1},
    )
    newest = [_block(stored) for stored in found.sort("_id", -1).limit(limit)]
    return [block for block in reversed(newest) if block.count == ANNOTATION_BLOCK]


@failures.translated
def read_shifts(*, session_id: str) -> list[Shift]:
    """Every shift of a session, in order."""
    found = MessageAnnotations._get_collection().find(log.every_bucket(session_id), {"shifts": 1})
    return [_shift(shift) for stored in found.sort("_id", 1) for shift in stored.get("shifts", ())]


def with_topics(session: SessionHeader, messages: Sequence[Message]) -> list[Message]:
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
    session: SessionHeader, messages: Sequence[Message]
) -> tuple[dict[int, int | None], set[int]]:
    known: dict[int, int | None] = {}
    openings: set[int] = set()
    for block in read_blocks(
        session_id=session.session_id, ranges=[(messages[0].seq, messages[-1].seq)]
    ):
        known |= {
            seq: topic
            for seq, topic in enumerate(block.topics, block.first_seq)
            if session.topic and seq <= session.topic.judged
        }
        openings |= {shift.seq for shift in block.shifts}
    return known, openings


@failures.translated
def write_block(block: Block, *, replacing: int | None) -> bool:
    """Store a block in place of one that held `replacing` messages (None: there was none).

    False when another worker has written it meanwhile.
    """
    collection = MessageAnnotations._get_collection()
    stored = _stored(block)
    if replacing is None:
        try:
            collection.insert_one(stored)
        except DuplicateKeyError:
            return False
        return True
    place = {"_id": stored["_id"], "session_id": block.session_id, "count": replacing}
    return bool(collection.replace_one(place, stored).matched_count)


@failures.translated
def read_block(*, session_id: str, seq: int) -> Block | None:
    """The block that the message `seq` belongs to, with the judge's state; None without one."""
    stored = MessageAnnotations._get_collection().find_one(
        {"_id": bucket_id(session_id, block_start(seq)), "session_id": session_id}
    )
    return None if stored is None else _block(stored)


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
    changed = Session._get_collection().update_one(
        {
            "_id": session_id,
            "user_id": user_id,
            "topic.judged": judged if judged else {"$in": [0, None]},
        },
        {
            "$set": {
                "topic.judged": standing.judged,
                "topic.current": standing.current,
                "topic.start_seq": standing.start_seq,
                "topic.recent": [list(beginning) for beginning in standing.recent],
            },
        },
    )
    return bool(changed.matched_count)


@failures.translated
def forget_message(*, session_id: str, user_id: str, seq: int) -> None:
    """Remove what was derived from an erased message; topics are judged anew without it.

    The judge is set back first, so that a stop in between leaves it to do its work again, and
    once more last, for one that was at work meanwhile.
    """
    judge_again(session_id=session_id, user_id=user_id)
    MessageAnnotations._get_collection().delete_one(
        {"_id": bucket_id(session_id, block_start(seq)), "session_id": session_id}
    )
    MessageAnnotations._get_collection().update_many(
        # Labels, and what the judge remembers of the latest words, may hold the erased ones.
        log.every_bucket(session_id),
        {"$set": {"shifts": [], "state": b""}},
    )
    judge_again(session_id=session_id, user_id=user_id)


@failures.translated
def forget_session(*, session_id: str) -> None:
    """Remove all annotations of a session; they are made again if it is still there."""
    MessageAnnotations._get_collection().delete_many(log.every_bucket(session_id))


@failures.translated
def judge_again(*, session_id: str, user_id: str) -> None:
    """Let a session's topics be judged from its first message on, with the vectors there are.

    That a shift's reset was undone is the user's doing, and stays.
    """
    Session._get_collection().update_one(
        {"_id": session_id, "user_id": user_id, "topic": {"$exists": True}},
        {
            "$set": {
                "topic.judged": 0,
                "topic.current": 0,
                "topic.start_seq": 0,
                "topic.recent": [],
            },
        },
    )


def _stored(block: Block) -> Stored:
    return {
        "_id": bucket_id(block.session_id, block.first_seq),
        "session_id": block.session_id,
        "first_seq": block.first_seq,
        "count": block.count,
        "encoder": block.encoder,
        "vectors": block.vectors,
        "topics": list(block.topics),
        "shifts": [
            {"seq": shift.seq, "score": shift.score, "label": shift.label} for shift in block.shifts
        ],
        "sketch_terms": block.terms,
        "sketch_centroids": block.centroids,
        "state": block.state,
    }


def _block(stored: Stored) -> Block:
    return Block(
        session_id=stored["session_id"],
        first_seq=stored["first_seq"],
        count=stored["count"],
        encoder=stored.get("encoder", ""),
        vectors=stored.get("vectors", b""),
        topics=stored.get("topics", ()),
        shifts=_shifts(stored.get("shifts", ())),
        terms=stored.get("sketch_terms", b""),
        centroids=stored.get("sketch_centroids", b""),
        state=stored.get("state", b""),
    )


def _shifts(stored: Sequence[Stored]) -> list[Shift]:
    return [_shift(shift) for shift in stored]


def _shift(stored: Stored) -> Shift:
    return Shift(stored["seq"], stored["score"], stored["label"])

"""Reading whole sessions for an export, a bounded piece at a time.

Every piece is a query of its own, so that a reader who takes hours keeps no cursor open. All are
read as dictionaries, which records are made of.
"""

from collections.abc import Iterator, Sequence

from sessions_app.documents import MessageBucket, Session, Turn, checking
from sessions_app.domain.records.writing import Record
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.repository import failures
from sessions_app.repository.log import Stored
from sessions_app.repository.records.codec import message_record, session_record, turn_record

_IDS = 2_000
_OF_A_USER = "user_status_activity"
# A tail may have 2 MB and a bucket 1 MB; most have a few kilobytes.
_SESSIONS = 20
_BUCKETS = 16
_TURNS = 500


@failures.translated
def session_ids(*, user_id: str | None, after: str, limit: int = _IDS) -> list[str]:
    """The next ids in order, everybody's or a user's, from an index alone; empty at the end."""
    sessions = Session.objects.walk(after=after).only("pk").limit(limit)
    if user_id is not None:
        # Without the hint the planner may walk `_id` past everybody else's sessions.
        sessions = sessions.owned_by(user_id).hint(_OF_A_USER)
    return [stored["_id"] for stored in sessions.as_pymongo()]


def session_records(ids: Sequence[str], *, user_id: str | None) -> Iterator[Record]:
    """Each session with its messages, as they are when they are read; those gone are left out."""
    for stored_session in stored_sessions(ids, user_id=user_id):
        problem = problem_of(stored_session)
        if problem:
            # Said rather than left out: the person has a right to know of it.
            yield {"type": "damaged_session", "session_id": stored_session["_id"]}
        else:
            yield from records_of(stored_session)


def problem_of(stored_session: Stored) -> str:
    """Why a session cannot be exported, "" when it can; reads its buckets once more."""
    problem = checking.readable(Session).first_problem(stored_session)
    if problem:
        return problem
    after = f"{stored_session['_id']}/"
    while buckets := _some_buckets(stored_session["_id"], after, stored_session["tail_start"]):
        problems = map(checking.readable(MessageBucket).first_problem, buckets)
        if problem := next(filter(None, problems), ""):
            return problem
        after = buckets[-1]["_id"]
    return ""


def records_of(stored_session: Stored) -> Iterator[Record]:
    """A session whose document has been read, and all its messages."""
    yield session_record(stored_session)
    yield from message_records(stored_session)


def stored_sessions(ids: Sequence[str], *, user_id: str | None) -> Iterator[Stored]:
    """The documents of those sessions that are there, in the order of their ids."""
    for start in range(0, len(ids), _SESSIONS):
        yield from _some_sessions(ids[start : start + _SESSIONS], user_id)


def message_records(stored_session: Stored) -> Iterator[Record]:
    """All messages of a session whose document has been read, oldest first."""
    session_id, tail_start = stored_session["_id"], stored_session["tail_start"]
    after = f"{session_id}/"
    while buckets := _some_buckets(session_id, after, tail_start):
        for bucket in buckets:
            for seq, stored in enumerate(bucket["messages"], bucket["first_seq"]):
                # What a bucket holds from there on is a spill in progress.
                if seq < tail_start:
                    yield message_record(session_id, stored, seq)
        after = buckets[-1]["_id"]
    for seq, stored in enumerate(stored_session["messages"], tail_start):
        yield message_record(session_id, stored, seq)


def turn_records(ids: Sequence[str]) -> Iterator[Record]:
    """The model calls of these sessions, in the order of the sessions and then of time."""
    for start in range(0, len(ids), _SESSIONS):
        chosen = ids[start : start + _SESSIONS]
        after = ""
        while turns := _some_turns(chosen, after):
            yield from map(turn_record, turns)
            after = turns[-1]["_id"]


@failures.translated
def _some_turns(session_ids: Sequence[str], after: str) -> list[Stored]:
    # A turn's id begins with its session's; those before `after` have been read.
    ranges = [
        {"_id": {"$gt": max(after, f"{session_id}/"), "$lt": f"{session_id}0"}}
        for session_id in session_ids
        if after < f"{session_id}0"
    ]
    if not ranges:
        return []
    turns = Turn.objects(session_id__in=list(session_ids), __raw__={"$or": ranges})
    return list(turns.order_by("pk").limit(_TURNS).as_pymongo())


@failures.translated
def _some_sessions(ids: Sequence[str], user_id: str | None) -> list[Stored]:
    sessions = Session.objects(pk__in=list(ids))
    if user_id is not None:
        sessions = sessions.owned_by(user_id)
    return list(sessions.order_by("pk").as_pymongo())


@failures.translated
def _some_buckets(session_id: str, after: str, tail_start: int) -> list[Stored]:
    if tail_start == 1:
        return []
    buckets = MessageBucket.objects(
        pk__gt=after, pk__lt=bucket_id(session_id, tail_start), session_id=session_id
    )
    return list(buckets.order_by("pk").limit(_BUCKETS).as_pymongo())

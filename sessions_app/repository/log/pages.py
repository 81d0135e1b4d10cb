"""Reading a session: its header and any run of its messages, from the tail and the buckets.

The session is always read before its buckets. A bucket is written before the tail is cut, so what
lies before the `tail_start` that was read is in the buckets by then; what a bucket holds from
there on is a spill in progress and is ignored. No message is seen twice, none is missed.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain import data
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.limits import BUCKET_MAX_MESSAGES, OPENING_MAX_MESSAGES
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.repository import failures
from sessions_app.repository.log import codec
from sessions_app.repository.log.codec import Stored


@failures.translated
def read_header(*, session_id: str, user_id: str) -> data.Session:
    """The session without its messages; raises SessionNotFound."""
    return codec.decode_session(_read_plain(session_id, user_id, {"messages": 0}, {}))


@failures.translated
def read_any_header(session_id: str) -> data.Session:
    """The session without its messages, whoever owns it, for staff; raises SessionNotFound."""
    stored_session = Session.objects(pk=session_id).headers().first()
    if stored_session is None:
        raise SessionNotFound
    return codec.decode_session(with_liveness([stored_session])[0])


@failures.translated
def with_liveness(stored_sessions: Iterable[Stored]) -> list[Stored]:
    """Sessions that a queryset has read, with whether the leases of their turns are good.

    MongoDB's clock says so, in a computed field that a queryset cannot project. Few sessions of a
    page are in a turn, and mostly none, which takes no second query.
    """
    sessions = list(stored_sessions)
    in_turn = [stored["_id"] for stored in sessions if stored.get("turn")]
    if not in_turn:
        return sessions
    marks = collection(Session).find(
        {"_id": {"$in": in_turn}}, {"turn_is_live": codec.HEADER["turn_is_live"]}
    )
    live = {stored["_id"]: stored["turn_is_live"] for stored in marks}
    return [stored | {"turn_is_live": live.get(stored["_id"], False)} for stored in sessions]


@failures.translated
def read_newest(
    *, session_id: str, user_id: str, limit: int
) -> tuple[data.Session, list[data.Message]]:
    """The session and its newest `limit` messages, oldest first."""
    stored_session = _read_plain(
        session_id,
        user_id,
        {"messages": {"$slice": -limit}},
        {"messages": {"$slice": ["$messages", -limit]}},
    )
    session = codec.decode_session(stored_session)
    in_tail = [message for _, message in codec.run_of(stored_session, "tail_start")]
    first_in_tail = stored_session["message_count"] - len(in_tail) + 1
    # The tail is read first: what lies before its `tail_start` is in buckets by then.
    missing = min(limit - len(in_tail), stored_session["tail_start"] - 1)
    older = _from_buckets(
        stored_session, stored_session["tail_start"] - missing, stored_session["tail_start"] - 1
    )
    return session, older + codec.decode_messages(in_tail, first_in_tail)


@failures.translated
def read_tail(*, session_id: str, user_id: str) -> tuple[data.Session, list[data.Message]]:
    """The session and the messages of its tail, oldest first: one read, whatever its length.

    Those are all of a short session. Of a long one they are the newest, mostly 64 to 128.
    """
    stored_session = _whole_tail(session_id, user_id)
    return codec.decode_session(stored_session), [
        codec.decode_message(stored, seq)
        for seq, stored in codec.run_of(stored_session, "tail_start")
    ]


@failures.translated
def read_range(
    *, session_id: str, user_id: str, first: int, last: int
) -> tuple[data.Session, list[data.Message]]:
    """The session and its messages from `first` to `last`, both included, as far as they exist."""
    first = max(first, 1)
    offset = {"$max": [0, {"$subtract": [first, "$tail_start"]}]}
    # Only what the range needs of the tail; a slice's length may not be 0.
    length = {"$subtract": [last + 1, {"$max": [first, "$tail_start"]}]}
    stored_session = read_stored(
        session_id,
        user_id,
        {"messages": {"$slice": ["$messages", offset, {"$max": [1, length]}]}},
    )
    session = codec.decode_session(stored_session)
    tail_first = max(first, stored_session["tail_start"])
    in_tail = [message for _, message in codec.run_of(stored_session, "tail_start")]
    newest = codec.decode_messages(in_tail[: max(0, last - tail_first + 1)], tail_first)
    older = _from_buckets(stored_session, first, min(last, stored_session["tail_start"] - 1))
    return session, older + newest


@failures.translated
def read_runs(session: data.Session, runs: Sequence[tuple[int, int]]) -> list[data.Message]:
    """The messages of several runs (first and last seq), oldest first, all before the tail.

    `session` must have been read before; the caller's right to its messages was checked then.
    """
    # `$or` refuses an empty list.
    if not runs:
        return []
    ranges = [buckets_of_range(session.session_id, first, last) for first, last in runs]
    seqs = {seq for first, last in runs for seq in range(first, last + 1)}
    messages: list[data.Message] = []
    for bucket in (
        collection(MessageBucket)
        .find({"session_id": session.session_id, "$or": [{"_id": ids["_id"]} for ids in ranges]})
        .sort("_id", 1)
    ):
        for seq, stored in codec.run_of(bucket, "first_seq"):
            # A bucket may already hold messages of the tail, while a spill is in progress.
            if seq in seqs and seq < session.tail_start:
                messages.append(codec.decode_message(stored, seq))
    return messages


@failures.translated
def read_opening(session: data.Session) -> list[data.Message]:
    """The system messages that a session begins with.

    Whether there are any never changes, so a session that has none is read only once.
    """
    # Windows are planned often, and most sessions have no prompt: no query for those.
    if session.session_id in _without_prompt:
        return []
    if session.tail_start > OPENING_MAX_MESSAGES:
        bucket = collection(MessageBucket).find_one(
            {"_id": bucket_id(session.session_id, 1), "session_id": session.session_id},
            {"messages": {"$slice": OPENING_MAX_MESSAGES}},
        )
        run = codec.run_of(bucket, "first_seq") if bucket else ()
        first = [codec.decode_message(stored, seq) for seq, stored in run]
    else:
        _, first = read_range(
            session_id=session.session_id,
            user_id=session.user_id,
            first=1,
            last=OPENING_MAX_MESSAGES,
        )
    opening = list(takewhile(lambda message: message.role is data.Role.SYSTEM, first))
    if first and not opening:
        # Cleared rather than trimmed: learning a session again costs one read.
        if len(_without_prompt) >= _REMEMBERED:
            _without_prompt.clear()
        _without_prompt.add(session.session_id)
    return opening


_without_prompt: set[str] = set()
_REMEMBERED = 50_000


def read_all(*, session_id: str, user_id: str) -> tuple[data.Session, Iterator[data.Message]]:
    """The session and all its messages as they are now, read bucket by bucket."""
    stored_session = _whole_tail(session_id, user_id)
    return codec.decode_session(stored_session), _stream(stored_session)


@failures.translated
def _whole_tail(session_id: str, user_id: str) -> Stored:
    return _read_plain(session_id, user_id, {}, {"messages": 1})


def _stream(stored_session: Stored) -> Iterator[data.Message]:
    for stored, seq in walk_stored_messages(stored_session):
        yield codec.decode_message(stored, seq)


def walk_stored_messages(
    stored_session: Stored, *, transaction: Any = None
) -> Iterator[tuple[Stored, int]]:
    """Each stored message with its `seq`, oldest first. `stored_session` has its whole tail."""
    tail_start = stored_session["tail_start"]
    if tail_start > 1:
        buckets = collection(MessageBucket).find(
            buckets_of_range(stored_session["_id"], 1, tail_start - 1), session=transaction
        )
        # Small batches: 50 buckets of large messages are megabytes, and an export streams them.
        for bucket in buckets.sort("_id", 1).batch_size(50):
            for seq, stored in codec.run_of(bucket, "first_seq"):
                if seq < tail_start:
                    yield stored, seq
    for seq, stored in codec.run_of(stored_session, "tail_start"):
        yield stored, seq


def _read_plain(session_id: str, user_id: str, shown: Stored, computed: Stored) -> Stored:
    """As `read_stored` with the projection `computed`, mostly by `shown`, which computes nothing.

    A projection that computes costs MongoDB a fifth of the reading of a session. What has to be
    computed is whether a turn's lease is good, and few sessions are in a turn.
    """
    stored_session: Stored | None = collection(Session).find_one(
        {"_id": session_id, "user_id": user_id}, {"summary": 0, **shown}
    )
    if stored_session is None:
        raise SessionNotFound
    if stored_session.get("turn"):
        # All of it again, so that header and messages are of one moment.
        return read_stored(session_id, user_id, computed)
    return stored_session


def read_stored(session_id: str, user_id: str, extra: Stored) -> Stored:
    """The stored session without its messages, and what the projection `extra` adds to that."""
    # By the driver: every window and turn begins here, and `extra` may compute a slice.
    stored_session: Stored | None = collection(Session).find_one(
        {"_id": session_id, "user_id": user_id}, {**codec.HEADER, **extra}
    )
    if stored_session is None:
        raise SessionNotFound
    return stored_session


def _from_buckets(stored_session: Stored, first: int, last: int) -> list[data.Message]:
    """The messages `first..last`, all of them before the tail."""
    if first > last:
        return []
    messages: list[data.Message] = []
    for bucket in (
        collection(MessageBucket)
        .find(buckets_of_range(stored_session["_id"], first, last))
        .sort("_id", 1)
    ):
        for seq, stored in codec.run_of(bucket, "first_seq"):
            if first <= seq <= last:
                messages.append(codec.decode_message(stored, seq))
    return messages


def every_bucket(session_id: str) -> Stored:
    """Every bucket of a session, whatever its `tail_start`."""
    return {
        "_id": {"$gte": f"{session_id}/", "$lt": f"{session_id}0"},  # "0" follows "/" in ASCII
        "session_id": session_id,
    }


def buckets_of_range(session_id: str, first: int, last: int) -> Stored:
    """The buckets that can hold a message of `first..last`.

    A bucket holds at most BUCKET_MAX_MESSAGES, so the bucket with `first` in it begins at
    most that far before. `session_id` is the shard key: with it the query goes to one shard.
    """
    return {
        "_id": {
            "$gte": bucket_id(session_id, max(1, first - BUCKET_MAX_MESSAGES + 1)),
            "$lte": bucket_id(session_id, last),
        },
        "session_id": session_id,
    }

"""Remembers which idempotency keys a session's buckets hold, so that most appends need no query.

What is remembered reaches up to some `seq`. An append is guarded by the `tail_start` it was decided
on: when what is remembered reaches that far, no bucket can hold a key that is not in it. A long
session is learnt in steps, one with each append; until then, appends query the buckets.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sessions_app.documents import MessageBucket, collection
from sessions_app.repository.log import codec, pages

_STEP = 8_192  # messages read at most by one append
_MOST_KEYS = 500_000  # in all; a key takes about 70 bytes
_MOST_SESSIONS = 2_000


@dataclass(slots=True)
class _SpilledKeys:
    """The hashes of all keys before the message `reach`. It only ever grows."""

    reach: int = 1
    hashes: set[int] = field(default_factory=set)


_sessions: OrderedDict[str, _SpilledKeys] = OrderedDict()
_lock = threading.Lock()


def may_hold(session_id: str, keys: Sequence[str], tail_start: int) -> bool:
    """Whether a bucket before `tail_start` may hold one of `keys`; False is certain."""
    with _lock:
        known = _sessions.setdefault(session_id, _SpilledKeys())
        _sessions.move_to_end(session_id)
    if known.reach < tail_start:
        _learn(session_id, known, tail_start)
    return known.reach < tail_start or any(hash(key) in known.hashes for key in keys)


def _learn(session_id: str, known: _SpilledKeys, tail_start: int) -> None:
    """Read the next step of the spilled messages; nothing is learnt where some are missing."""
    first, last = known.reach, min(known.reach + _STEP, tail_start) - 1
    hashes: set[int] = set()
    seen = 0
    for bucket in collection(MessageBucket).find(
        pages.buckets_of_range(session_id, first, last), {"first_seq": 1, "messages.client_id": 1}
    ):
        for seq, message in codec.run_of(bucket, "first_seq"):
            if first <= seq <= last:
                seen += 1
                if "client_id" in message:
                    hashes.add(hash(message["client_id"]))
    if seen != last - first + 1:
        return
    with _lock:
        # The keys first: whoever sees the new reach must find them.
        known.hashes |= hashes
        known.reach = max(known.reach, last + 1)
        _forget_oldest()


def _forget_oldest() -> None:
    """Keep within bounds; a forgotten session is learnt again when it is written to."""
    count = sum(len(known.hashes) for known in _sessions.values())
    while len(_sessions) > 1 and (count > _MOST_KEYS or len(_sessions) > _MOST_SESSIONS):
        count -= len(_sessions.popitem(last=False)[1].hashes)


def forget() -> None:
    """Know nothing, as a new process does."""
    with _lock:
        _sessions.clear()

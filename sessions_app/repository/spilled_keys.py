"""Which idempotency keys a session's buckets hold, remembered, so that most appends need not ask.

What is remembered holds for one `tail_start`. An append is guarded by the `tail_start` it was
decided on, so if a spill has put more keys into the buckets meanwhile, it does not match.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from sessions_app.documents import MessageBucket
from sessions_app.repository import pages

# Longer sessions are asked about each time: their first look would have to read too much.
_LONGEST = 4_096
_SESSIONS = 2_000


class _Remembered(NamedTuple):
    tail_start: int
    hashes: frozenset[int]


_known: OrderedDict[str, _Remembered] = OrderedDict()
_lock = threading.Lock()


def may_hold(session_id: str, keys: Sequence[str], tail_start: int) -> bool:
    """Whether a bucket before `tail_start` may hold one of `keys`; False is certain."""
    if tail_start - 1 > _LONGEST:
        return True
    known = _known.get(session_id)
    if known is None or known.tail_start != tail_start:
        known = _learn(session_id, known, tail_start)
    return known is None or any(hash(key) in known.hashes for key in keys)


def _learn(session_id: str, known: _Remembered | None, tail_start: int) -> _Remembered | None:
    """Read what has been spilled since; None when it is not all there to be read."""
    if known is None or known.tail_start > tail_start:
        known = _Remembered(1, frozenset())
    hashes, read = set(known.hashes), 0
    for bucket in MessageBucket._get_collection().find(
        pages.bucket_range(session_id, known.tail_start, tail_start - 1),
        {"first_seq": 1, "messages.client_id": 1},
    ):
        for seq, message in enumerate(bucket["messages"], bucket["first_seq"]):
            read += known.tail_start <= seq < tail_start
            if "client_id" in message:
                hashes.add(hash(message["client_id"]))
    if read != tail_start - known.tail_start:
        return None
    learnt = _Remembered(tail_start, frozenset(hashes))
    with _lock:
        _known[session_id] = learnt
        _known.move_to_end(session_id)
        if len(_known) > _SESSIONS:
            _known.popitem(last=False)
    return learnt


def forget() -> None:
    """Know nothing, as a new process does."""
    with _lock:
        _known.clear()

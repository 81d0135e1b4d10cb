"""Deferred work: asked for, claimed by one process at a time, done.

`due_at` is a lease, too: claiming a piece moves it on, so a piece whose process is gone is due
again by itself, for any other. It goes by MongoDB's clock. What was asked for and gets lost in a
fail-over is done when a request needs it or by the jobs, so none of this waits for a majority.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from sessions_app.documents import DeferredWork, collection, versions
from sessions_app.documents.base import Stored
from sessions_app.domain.deferred import DeferredPiece, Kind
from sessions_app.repository import failures

LEASE_SECONDS = 60
_CLOCKS_APART = timedelta(seconds=1)


@failures.translated
def ask(*, session_id: str, user_id: str, kind: Kind, wait_seconds: int) -> None:
    """Have a piece of work done, not before `wait_seconds` from its first asking; once."""
    try:
        _pieces().update_one(
            _id(session_id, kind),
            [
                {
                    "$set": {
                        "user_id": {"$literal": user_id},
                        "kind": kind.value,
                        "due_at": {"$ifNull": ["$due_at", _in(wait_seconds)]},
                        "revision": {"$add": [{"$ifNull": ["$revision", 0]}, 1]},
                        **versions.STAMP,
                    }
                }
            ],
            upsert=True,
        )
    except DuplicateKeyError:
        # Another process has asked for it at the same moment, which is as good.
        return


@failures.translated
def due(kinds: Collection[Kind], *, now: datetime, limit: int) -> Sequence[tuple[str, Kind]]:
    """Pieces that may be claimed, the longest due first of each kind."""
    due = {
        "kind": {"$in": [kind.value for kind in kinds]},
        # Clocks differ a little; whether a piece is due, claiming it says.
        "due_at": {"$lte": now + _CLOCKS_APART},
    }
    stored = _pieces().find(due, {"session_id": 1, "kind": 1}).sort({"kind": 1, "due_at": 1})
    return [(piece["session_id"], Kind(piece["kind"])) for piece in stored.limit(limit)]


@failures.translated
def claim(session_id: str, kind: Kind, *, claimant: str) -> DeferredPiece | None:
    """Take a piece that is due; None where another process was first, or has done it."""
    before: Stored | None = _pieces().find_one_and_update(
        {**_id(session_id, kind), "$expr": {"$lte": ["$due_at", "$$NOW"]}},
        [
            {
                "$set": {
                    "due_at": _in(LEASE_SECONDS),
                    "claimant": {"$literal": claimant},
                    "attempts": {"$add": [{"$ifNull": ["$attempts", 0]}, 1]},
                }
            }
        ],
        return_document=ReturnDocument.BEFORE,
    )
    if before is None:
        return None
    return DeferredPiece(
        session_id=session_id,
        user_id=before["user_id"],
        kind=kind,
        claimant=claimant,
        revision=before["revision"],
        attempts=before.get("attempts", 0) + 1,
        taken_over="claimant" in before,
    )


@failures.translated
def renew(piece: DeferredPiece) -> bool:
    """Keep a piece; False where another process has taken it over."""
    changed = _pieces().update_one(_own(piece), [{"$set": {"due_at": _in(LEASE_SECONDS)}}])
    return bool(changed.matched_count)


@failures.translated
def finish(piece: DeferredPiece) -> bool:
    """It is done; False where the process that took it over has the last word.

    Where it has been asked for again meanwhile, it is due at once.
    """
    if _pieces().delete_one({**_own(piece), "revision": piece.revision}).deleted_count:
        return True
    return give_back(piece, wait_seconds=0)


@failures.translated
def give_back(piece: DeferredPiece, *, wait_seconds: int) -> bool:
    """Let any process go on with it after so long; False where another has it already."""
    changed = _pieces().update_one(
        _own(piece),
        [{"$set": {"due_at": _in(wait_seconds), "claimant": "$$REMOVE"}}],
    )
    return bool(changed.matched_count)


@failures.translated
def drop(piece: DeferredPiece) -> None:
    """Give a piece up for good."""
    _pieces().delete_one(_own(piece))


@failures.translated
def count() -> int:
    """About how many pieces wait or are in progress."""
    return int(_pieces().estimated_document_count())


def _id(session_id: str, kind: Kind) -> Stored:
    # With the shard key, so that each of these goes to one shard.
    return {"_id": f"{session_id}/{kind.value}", "session_id": session_id}


def _own(piece: DeferredPiece) -> Stored:
    return {**_id(piece.session_id, piece.kind), "claimant": piece.claimant}


def _in(seconds: int) -> Stored:
    return {"$add": ["$$NOW", seconds * 1_000]}


def _pieces() -> Any:
    # What a majority has not got yet is read, too, or a piece would be seen a moment too late.
    return collection(DeferredWork).with_options(
        write_concern=WriteConcern(w=1, j=False), read_concern=ReadConcern("local")
    )

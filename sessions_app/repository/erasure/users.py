"""Erasing everything of one user, in steps that a run after a crash takes up, and its receipt.

The receipt is written first: whoever creates a session afterwards finds it there and takes the
session back, and a session that was created before is found by the steps.

A step names its sessions in the receipt, removes them, then what belongs to them, then the names.
No transaction: one whose process is killed keeps its documents from everybody for a minute.
"""

from collections.abc import Mapping
from datetime import datetime

from sessions_app.documents import ErasedUser, Session, ThrottleWindow
from sessions_app.domain.data import Receipt
from sessions_app.domain.errors import LegalHold
from sessions_app.repository import belongings, failures
from sessions_app.repository.log import Stored

_STEP_SESSIONS = 200
_STEP_MESSAGES = 20_000


@failures.translated
def begin(*, user_id: str, receipt_id: str, now: datetime) -> None:
    """Keep the user from creating sessions; raises LegalHold, and erases nothing, if one is held.

    The step at which an earlier run was cut off is brought to its end either way.
    """
    _finish_step(user_id, receipt_id)
    held = Session._get_collection().find_one({"user_id": user_id, "legal_hold": True}, {"_id": 1})
    if held is not None:
        raise LegalHold
    ErasedUser._get_collection().update_one(
        {"_id": receipt_id}, {"$setOnInsert": {"erased_at": now}}, upsert=True
    )


@failures.translated
def erase_sessions(*, user_id: str, receipt_id: str) -> int:
    """Remove some of the user's sessions with all that belongs to them; 0 when none are left.

    Raises LegalHold when one has been placed meanwhile, after removing the others of this step.
    """
    chosen = _next_sessions(user_id)
    if not chosen:
        return 0
    # When another run is at a step, that one is finished first; its sessions count as ours.
    ErasedUser._get_collection().update_one(
        {"_id": receipt_id, "pending": {"$exists": False}}, {"$set": {"pending": chosen}}
    )
    return _finish_step(user_id, receipt_id)


@failures.translated
def _next_sessions(user_id: str) -> list[Stored]:
    """The sessions of the next step, and how many messages each has."""
    found = (
        Session._get_collection()
        .find({"user_id": user_id}, {"message_count": 1})
        .limit(_STEP_SESSIONS)
    )
    chosen: list[Stored] = []
    total = 0
    for stored in found:
        total += stored["message_count"]
        if chosen and total > _STEP_MESSAGES:
            break
        chosen.append({"session_id": stored["_id"], "messages": stored["message_count"]})
    return chosen


def _finish_step(user_id: str, receipt_id: str) -> int:
    """Do, or do again, what the receipt says is being done; how many sessions it was."""
    receipt = ErasedUser._get_collection().find_one({"_id": receipt_id})
    if receipt is None or "pending" not in receipt:
        return 0
    pending: list[Stored] = receipt["pending"]
    chosen = {"_id": {"$in": [each["session_id"] for each in pending]}, "user_id": user_id}
    stored = Session._get_collection()
    stored.delete_many(chosen | {"legal_hold": {"$ne": True}})
    held = {left["_id"] for left in stored.find(chosen, {"_id": 1})}
    erased = [each for each in pending if each["session_id"] not in held]
    if erased:
        belongings.delete_all_of([each["session_id"] for each in erased])
    # Guarded, so that of two runs at the same step one counts it.
    ErasedUser._get_collection().update_one(
        {"_id": receipt_id, "pending": pending},
        {
            "$unset": {"pending": 1},
            "$inc": {
                "counts.sessions": len(erased),
                "counts.messages": sum(each["messages"] for each in erased),
            },
        },
    )
    if held:
        raise LegalHold
    return len(erased)


@failures.translated
def erase_throttle_windows(callers: list[str]) -> int:
    """Remove the counters of these callers' requests, of all periods; how many there were."""
    windows = ThrottleWindow._get_collection()
    return sum(
        windows.delete_many({"_id": {"$gte": f"{caller}/", "$lt": f"{caller}0"}}).deleted_count
        for caller in callers
    )


@failures.translated
def complete(*, receipt_id: str, counts: Mapping[str, int], now: datetime) -> None:
    """Say in the receipt that the erasure has come to its end, the last time that it did."""
    more = {f"counts.{name}": count for name, count in counts.items()}
    ErasedUser._get_collection().update_one(
        {"_id": receipt_id},
        {"$set": {"completed_at": now}, **({"$inc": more} if more else {})},
    )


@failures.translated
def receipt(receipt_id: str) -> Receipt | None:
    """What is known of an erasure; None when there was none."""
    stored = ErasedUser._get_collection().find_one({"_id": receipt_id})
    if stored is None:
        return None
    return Receipt(stored["erased_at"], stored.get("completed_at"), dict(stored.get("counts", {})))

"""Erasing everything of one user, in steps that a run after a crash takes up, and its receipt.

The receipt is written first: whoever creates a session afterwards finds it there and takes the
session back, and a session that was created before is found by the steps.

A step names its sessions in the receipt, removes them, then what belongs to them, then the names.
No transaction: one whose process is killed keeps its documents from everybody for a minute.
"""

from collections.abc import Mapping
from datetime import datetime

from sessions_app.documents import ErasedUser, Session, ThrottleWindow, checking
from sessions_app.domain.errors import LegalHold
from sessions_app.repository import belongings, failures
from sessions_app.repository.log import Stored

# What a receipt holds, and what is removed between two writes of it, stays bounded.
_STEP_SESSIONS = 200
_STEP_MESSAGES = 20_000


@failures.translated
def begin(*, user_id: str, receipt_id: str, now: datetime) -> None:
    """Keep the user from creating sessions; raises LegalHold, and erases nothing, if one is held.

    The step at which an earlier run was cut off is brought to its end either way.
    """
    _finish_step(user_id, receipt_id)
    if Session.objects.owned_by(user_id).held().exists():
        raise LegalHold
    ErasedUser.objects(pk=receipt_id).update_one(upsert=True, set_on_insert__erased_at=now)


@failures.translated
def erase_sessions(*, user_id: str, receipt_id: str) -> int:
    """Remove some of the user's sessions with all that belongs to them; 0 when none are left.

    Raises LegalHold when one has been placed meanwhile, after removing the others of this step.
    """
    chosen = _next_sessions(user_id)
    if not chosen:
        return 0
    # When another run is at a step, that one is finished first; its sessions count as ours.
    ErasedUser.objects(pk=receipt_id, pending__exists=False).update_one(set__pending=chosen)
    return _finish_step(user_id, receipt_id)


@failures.translated
def _next_sessions(user_id: str) -> list[Stored]:
    """The sessions of the next step, and how many messages each has."""
    sessions = Session.objects.owned_by(user_id).only("message_count").limit(_STEP_SESSIONS)
    chosen: list[Stored] = []
    total = 0
    for stored_session in sessions.as_pymongo():
        # A person's erasure does not stop at a session whose count cannot be read.
        sound = checking.readable(Session).sound_part(stored_session)
        messages = sound.get("message_count", 0)
        total += messages
        # At least one, however long it is.
        if chosen and total > _STEP_MESSAGES:
            break
        chosen.append({"session_id": stored_session["_id"], "messages": messages})
    return chosen


def _finish_step(user_id: str, receipt_id: str) -> int:
    """Do, or do again, what the receipt says is being done; how many sessions it was."""
    erased_user = ErasedUser.objects(pk=receipt_id).first()
    if erased_user is None or not erased_user.pending:
        return 0
    pending: list[Stored] = [dict(each) for each in erased_user.pending]
    # The sessions first: what belongs to one that is still there could be written anew.
    chosen = Session.objects(pk__in=[each["session_id"] for each in pending]).owned_by(user_id)
    chosen.not_held().delete()
    left = set(chosen.scalar("pk"))
    erased = [each for each in pending if each["session_id"] not in left]
    if erased:
        belongings.delete_all_of([each["session_id"] for each in erased])
    # Guarded, so that of two runs at the same step one counts it.
    ErasedUser.objects(pk=receipt_id, pending=pending).update_one(
        unset__pending=1,
        inc__counts__sessions=len(erased),
        inc__counts__messages=sum(each["messages"] for each in erased),
    )
    if left:
        # Placed under hold since `begin` looked.
        raise LegalHold
    return len(erased)


@failures.translated
def erase_throttle_windows(callers: list[str]) -> int:
    """Remove the counters of these callers' requests, of all periods; how many there were."""
    return sum(
        # "0" follows "/" in ASCII.
        ThrottleWindow.objects(pk__gte=f"{caller}/", pk__lt=f"{caller}0").delete()
        for caller in callers
    )


@failures.translated
def complete(*, receipt_id: str, counts: Mapping[str, int], now: datetime) -> None:
    """Say in the receipt that the erasure has come to its end, the last time that it did."""
    more = {f"inc__counts__{name}": count for name, count in counts.items()}
    ErasedUser.objects(pk=receipt_id).update_one(set__completed_at=now, **more)

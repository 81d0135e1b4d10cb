"""A person's data: erasing it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings

from sessions_app.domain import lifecycle
from sessions_app.repository import erasure, review, search
from sessions_app.services.receipts import receipt_id
from sessions_app.services.search import progress_key
from sessions_app.services.throttling import caller_key

# Called with how many sessions have been erased since the last call.
Progress = Callable[[int], None]


def erase_user(
    *, user_id: str, now: datetime, progress: Progress = lambda _: None
) -> Mapping[str, int]:
    """Destroy every session of a user and keep them from making new ones; what this run removed.

    Safe to stop anywhere and run again. Raises LegalHold, with nothing erased, when one of the
    sessions is held. `erasure_complete` follows when the rest of what is theirs has gone, too.
    """
    now = lifecycle.to_milliseconds(now)
    receipt = receipt_id(user_id)
    erasure.users.begin(user_id=user_id, receipt_id=receipt, now=now)
    removed = 0
    while step := erasure.users.erase_sessions(user_id=user_id, receipt_id=receipt):
        removed += step
        progress(step)
    search.index.forget_progress(progress_key(user_id))
    review.read_log.forget_user(user_id)
    review.read_log.forget_staff(staff_id=user_id, pseudonym=receipt)
    # Login attempts are counted per account and address, and forgotten after two periods.
    callers = [caller_key(scope=scope, caller=user_id) for scope in settings.THROTTLE_RATES]
    windows = erasure.users.erase_throttle_windows(callers)
    return {"sessions": removed, "throttle_windows": windows}


def erasure_complete(*, user_id: str, counts: Mapping[str, int], now: datetime) -> None:
    """Note in the receipt that nothing is left; `counts` adds what was removed elsewhere."""
    erasure.users.complete(
        receipt_id=receipt_id(user_id), counts=counts, now=lifecycle.to_milliseconds(now)
    )

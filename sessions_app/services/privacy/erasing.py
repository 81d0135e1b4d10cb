"""Erases a user's data."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from sessions_app import tracing
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import erasure, imports, review, search
from sessions_app.services import attachments, quotas, revocations
from sessions_app.services.progress import Progress
from sessions_app.services.receipts import receipt_id
from sessions_app.services.search import progress_key
from sessions_app.services.throttling import caller_key


@tracing.step
def erase_user(
    *,
    user_id: str,
    now: datetime,
    has_account: bool = False,
    progress: Progress = lambda _: None,
) -> Mapping[str, int]:
    """Destroy every session of a user, and keep them from creating new ones.

    Returns the counts of this run. Safe to stop anywhere and to run again. Raises LegalHold, with
    nothing erased, where one of the sessions is on hold. The caller erases the account, then calls
    `erasure_complete`.
    """
    now = lifecycle.to_milliseconds(now)
    receipt = receipt_id(user_id)
    # First: from here on nobody can create a session for this user.
    erasure.users.begin(user_id=user_id, receipt_id=receipt, now=now)
    if has_account:
        # An identity provider's users have no account; they are told that they were erased.
        revocations.bar(user_id, now=now)
    removed = 0
    # In steps, each of which may be the last one before a crash.
    while step := erasure.users.erase_sessions(user_id=user_id, receipt_id=receipt):
        removed += step
        progress(step)
    # After the sessions, of which none refers to them any more.
    attached = attachments.remove_all_of(user_id=user_id)
    imports.remove_all_of(user_id)
    search.index.forget_progress(progress_key(user_id))
    quotas.erased(user_id)
    review.read_log.forget_user(user_id)
    # Lines that this user wrote as staff stay in the log, under a pseudonym.
    review.read_log.forget_staff(staff_id=user_id, pseudonym=receipt)
    # The counts of login attempts, per account and address, expire by themselves after two periods.
    scopes = (*settings.THROTTLE_RATES, *quotas.SCOPES)
    callers = [caller_key(scope=scope, caller=user_id) for scope in scopes]
    windows = erasure.users.erase_throttle_windows(callers)
    return {"sessions": removed, "attachments": attached, "throttle_windows": windows}


def erasure_complete(*, user_id: str, counts: Mapping[str, int], now: datetime) -> None:
    """Complete the receipt; `counts` adds what was removed elsewhere."""
    erasure.users.complete(
        receipt_id=receipt_id(user_id), counts=counts, now=lifecycle.to_milliseconds(now)
    )

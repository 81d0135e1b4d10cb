"""What is erased, and what nothing refers to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sessions_app.domain.limits import UPLOAD_SECONDS
from sessions_app.repository import attachments as store
from sessions_app.services.attachments.known import known


@dataclass(frozen=True, slots=True)
class SweptAttachments:
    """What a sweep has removed, and whether it got through all that was due."""

    attachments: int
    unfinished: int
    complete: bool = True


def forget_message(*, session_id: str, user_id: str, ids: Iterable[str], now: datetime) -> None:
    """A message that referred to these is erased: they go with the last one that did."""
    known.forget()
    for attachment_id in ids:
        if not store.references.is_referred_to(session_id, attachment_id):
            store.references.unlink(session_id, attachment_id)
    remove_unused(user_id=user_id, now=now)


def remove_unused(*, user_id: str | None, now: datetime) -> int:
    """Remove those of a user's attachments that are due and that nothing refers to."""
    known.forget()
    return _removed(now, user_id, lambda: True)[0]


def _removed(now: datetime, user_id: str | None, goes_on: Callable[[], bool]) -> tuple[int, bool]:
    removed, after = 0, ""
    # What was due a moment ago by another worker's clock is due.
    while page := store.removing.due(now + timedelta(seconds=5), after=after, user_id=user_id):
        for stored in page:
            if not goes_on():
                return removed, False
            removed += store.removing.remove_unless_referred(
                stored["_id"], check_at=stored["check_at"]
            )
        after = page[-1]["_id"]
    return removed, True


def remove_all_of(*, user_id: str) -> int:
    """Remove whatever a user has sent; how many attachments it were."""
    known.forget()
    return store.removing.remove_all_of(user_id)


def attachments_sweep(
    *, now: datetime, goes_on: Callable[[], bool] = lambda: True
) -> SweptAttachments:
    """Remove what uploads have left that never ended, and what nothing refers to any more."""
    unfinished = store.removing.remove_unfinished(now - timedelta(seconds=UPLOAD_SECONDS))
    old = now - timedelta(hours=settings.ATTACHMENT_UNUSED_HOURS)
    while links := store.references.unconfirmed(old):
        for session_id, attachment_id in links:
            if not goes_on():
                return SweptAttachments(0, unfinished, complete=False)
            if store.references.is_referred_to(session_id, attachment_id):
                store.references.confirm(session_id, attachment_id)
            else:
                store.references.unlink(session_id, attachment_id, before=old)
    removed, complete = _removed(now, None, goes_on)
    return SweptAttachments(removed, unfinished, complete)

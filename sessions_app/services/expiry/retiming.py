"""Applies a changed default timeout to the sessions that have been idle since the change."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import expiry
from sessions_app.repository.expiry.retiming import Idle, Retimed
from sessions_app.services.progress import Progress
from sessions_app.services.sessions import timeout_at


def sessions_retime(*, now: datetime, dry_run: bool, progress: Progress) -> Mapping[str, int]:
    """Let every session without its own timeout expire by the default of the settings.

    Counts `looked_at`, `retimed` (those that would be, on a `dry_run`), and of these `expired`:
    sessions whose new timeout has already passed. Safe to stop anywhere, and beside a live service.
    """
    now = lifecycle.to_milliseconds(now)
    counts: Counter[str] = Counter(looked_at=0, retimed=0, expired=0)
    after = ""
    while page := expiry.retiming.following_default(after=after, now=now):
        # Retimed only where the document is still as it was read; an activity in between wins.
        changes = [change for change in map(_change, page) if change is not None]
        done = len(changes) if dry_run else expiry.retiming.retime(changes, now=now)
        ended = sum(each.expires_at is not None and each.expires_at <= now for each in changes)
        counts.update(looked_at=len(page), retimed=done, expired=ended)
        progress(len(page))
        after = page[-1].session_id
    return dict(counts)


def _change(idle: Idle) -> Retimed | None:
    """The change of a session's timeout; None where it is right."""
    expires_at = timeout_at(idle.updated_at, None)
    if expires_at is None or idle.expires_at is None:
        return None if expires_at == idle.expires_at else Retimed(idle, expires_at)
    # `updated_at` and `expires_at` may come from the clocks of two workers.
    close = abs((expires_at - idle.expires_at).total_seconds()) < 1
    return None if close else Retimed(idle, expires_at)

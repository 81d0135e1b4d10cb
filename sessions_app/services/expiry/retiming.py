"""Applying another default timeout to the sessions that have been idle since it changed."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings

from sessions_app.domain import lifecycle
from sessions_app.repository import expiry
from sessions_app.repository.expiry.retiming import Idle, Retimed

# Called with how many sessions have been looked at since the last call.
Progress = Callable[[int], None]


def sessions_retime(*, now: datetime, dry_run: bool, progress: Progress) -> Mapping[str, int]:
    """Let each session that follows the default expire as the default of the settings says.

    Counts `looked_at`, `retimed` (to be, on a `dry_run`), and of these `expired`: those whose new
    timeout has passed already. Safe to stop anywhere, and beside a live service.
    """
    now = lifecycle.to_milliseconds(now)
    counts: Counter[str] = Counter(looked_at=0, retimed=0, expired=0)
    after = ""
    while page := expiry.retiming.following_default(after=after, now=now):
        changes = [change for change in map(_change, page) if change is not None]
        done = len(changes) if dry_run else expiry.retiming.retime(changes, now=now)
        ended = sum(each.expires_at is not None and each.expires_at <= now for each in changes)
        counts.update(looked_at=len(page), retimed=done, expired=ended)
        progress(len(page))
        after = page[-1].session_id
    return dict(counts)


def _change(idle: Idle) -> Retimed | None:
    """What is to become of a session's timeout; None when it is right."""
    expires_at = lifecycle.expiry(
        now=idle.updated_at,
        ttl_seconds=None,
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
    )
    if expires_at is None or idle.expires_at is None:
        return None if expires_at == idle.expires_at else Retimed(idle, expires_at)
    # The clocks of two workers may have set the two moments that it rests on.
    close = abs((expires_at - idle.expires_at).total_seconds()) < 1
    return None if close else Retimed(idle, expires_at)

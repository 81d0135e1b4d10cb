"""Totals over all sessions, the same from every worker."""

import time
from datetime import datetime, timedelta

from django.conf import settings

from sessions_app.domain.figures.totals import Counted, shelf_life
from sessions_app.domain.sessions import expiry
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.repository import figures

# After this, another worker takes over from one that died while counting.
_CLAIM = timedelta(seconds=60)


def figures_get(*, now: datetime) -> Counted | None:
    """The last totals, counted again when they are too old.

    None while another worker counts for the first time. Raises StorageUnavailable.
    """
    now = to_milliseconds(now)
    counted, due_at = figures.totals.kept()
    if due_at is not None and due_at > now:
        return counted
    # Claimed by one guarded update: of many workers, one counts.
    if not figures.totals.claim(due_at=due_at, until=now + _CLAIM):
        return counted
    started = time.monotonic()
    cutoff = expiry.retention_cutoff(cutoff=now, retention_days=settings.ARCHIVE_RETENTION_DAYS)
    counted = Counted(now, figures.totals.count(now=now, retention_cutoff=cutoff))
    took = timedelta(seconds=time.monotonic() - started)
    figures.totals.keep(counted, due_at=now + shelf_life(took))
    return counted

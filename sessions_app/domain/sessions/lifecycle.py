"""When a session times out, and what is allowed before and after."""

from datetime import UTC, datetime, timedelta

from sessions_app.domain.data import Session, Status
from sessions_app.domain.errors import SessionArchived, SessionExpired


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` in UTC at the millisecond precision that MongoDB keeps."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def expiry(*, now: datetime, ttl_seconds: int | None, default_ttl_seconds: int) -> datetime | None:
    """When a session that is active at `now` times out; None when it never does.

    `ttl_seconds` is the session's own timeout, None for the default; 0 means never in both.
    """
    ttl = default_ttl_seconds if ttl_seconds is None else ttl_seconds
    return now + timedelta(seconds=ttl) if ttl else None


def has_expired(session: Session, *, now: datetime) -> bool:
    """Whether the timeout has passed. True at once, whether or not a sweep has run since."""
    return (
        session.status is Status.ACTIVE
        and session.expires_at is not None
        and session.expires_at <= now
    )


def require_readable(session: Session, *, now: datetime) -> None:
    """Raise SessionExpired for a session past its timeout."""
    if has_expired(session, now=now):
        raise SessionExpired


def require_writable(session: Session, *, now: datetime) -> None:
    """Raise SessionExpired or SessionArchived for a session that takes no changes."""
    require_readable(session, now=now)
    if session.status is Status.ARCHIVED:
        raise SessionArchived

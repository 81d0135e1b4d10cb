"""The read log: a line is stored before anything is shown, and a reason is needed once a day."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from sessions_app.domain.errors import InvalidInput, SessionError
from sessions_app.domain.limits import REASON_MAX_CHARS, REVIEW_PAGE
from sessions_app.domain.review import (
    SHOWS_CONTENT,
    Act,
    LogFilter,
    LogLine,
    LogPage,
    Reason,
    Staff,
    Why,
)
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.texts.text import is_text
from sessions_app.repository import review
from sessions_app.services import identity


class ReasonNeeded(SessionError):
    """This reader has not stated a reason today."""

    code = "reason_needed"
    default_detail = "Say why you have to read this conversation."


@dataclass(frozen=True, slots=True)
class About:
    """The conversation that a line is about, and the part of it."""

    session_id: str = ""
    user_id: str = ""
    part: Mapping[str, Any] | None = None


def why(*, reason: str, detail: str) -> Why:
    """Validate a stated reason; raises InvalidInput naming `reason` or `detail`."""
    detail = detail.strip()
    if reason not in set(Reason):
        raise InvalidInput("Choose a reason.", attr="reason")
    if len(detail) > REASON_MAX_CHARS or not is_text(detail):
        raise InvalidInput(f"At most {REASON_MAX_CHARS} characters of text.", attr="detail")
    # "Something else" alone would tell an auditor nothing.
    if reason == Reason.OTHER and not detail:
        raise InvalidInput("Say which reason.", attr="detail")
    return Why(reason, detail)


# Frozen, so it may serve as a default.
_NO_REASON = Why()


def chain_key() -> bytes:
    """The key of the log's hash chain: who can write to MongoDB alone cannot tie lines anew."""
    # The salt separates this key from Django's other uses of SECRET_KEY.
    return salted_hmac("sessions_app.review_log", "", algorithm="sha256").digest()


def log_write(
    *, staff: Staff, act: Act, now: datetime, about: Sequence[About], why: Why = _NO_REASON
) -> None:
    """Write one line for each of `about`; they are stored when this returns."""
    # As MongoDB stores it, so that a line reads back equal.
    at = lifecycle.to_milliseconds(now)
    lines = [
        LogLine(
            id=identity.new_line_id(),
            at=at,
            staff=staff,
            act=act,
            session_id=each.session_id,
            user_id=each.user_id,
            why=why,
            about=each.part or {},
        )
        for each in about
    ]
    review.read_log.insert(lines, key=chain_key())


def reason_given(*, session_id: str, staff: Staff, now: datetime, act: Act = Act.OPEN) -> Why:
    """This reader's reason for opening (or unmasking) the conversation today.

    A day begins at midnight UTC. Raises ReasonNeeded.
    """
    line = review.read_log.newest_grant(
        session_id=session_id, staff_id=staff.id, act=act, since=_midnight(now)
    )
    if line is None:
        raise ReasonNeeded
    return line.why


def masked_for(*, session_id: str, staff: Staff, may_unmask: bool, now: datetime) -> bool:
    """Whether masked text is hidden from this reader today.

    A reader without the permission stays masked, whatever reason they stated.
    """
    if not settings.REVIEW_MASK or not may_unmask:
        return bool(settings.REVIEW_MASK)
    try:
        reason_given(session_id=session_id, staff=staff, now=now, act=Act.UNMASK)
    except ReasonNeeded:
        return True
    return False


def opened_today(
    *, session_ids: Collection[str], staff: Staff, now: datetime, act: Act = Act.OPEN
) -> frozenset[str]:
    """The conversations among `session_ids` that this reader opened (or unmasked) today."""
    return review.read_log.granted(
        session_ids=list(session_ids), staff_id=staff.id, act=act, since=_midnight(now)
    )


def log_page(*, sought: LogFilter, older_than: str = "", newer_than: str = "") -> LogPage:
    """A page of the log, newest first."""
    return review.read_log.page(
        sought=sought, older_than=older_than, newer_than=newer_than, limit=REVIEW_PAGE
    )


def log_of_session(*, session_id: str, limit: int) -> Sequence[LogLine]:
    """The newest lines about one conversation, newest first."""
    sought = LogFilter(session_id=session_id)
    return review.read_log.page(sought=sought, older_than="", newer_than="", limit=limit).lines


def log_stream(sought: LogFilter) -> Iterator[LogLine]:
    """All lines of the log that `sought` lets through, newest first."""
    return review.read_log.stream(sought)


def reads_of_user(user_id: str) -> Iterator[LogLine]:
    """The lines about staff reading a user's words, newest first."""
    return (
        line
        for line in review.read_log.stream(LogFilter(user_id=user_id))
        if line.act in SHOWS_CONTENT
    )


def _midnight(now: datetime) -> datetime:
    return lifecycle.to_milliseconds(now).replace(hour=0, minute=0, second=0, microsecond=0)

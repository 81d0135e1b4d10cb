"""Summaries: read, written against races and erasures, dropped with what they may quote."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

from sessions_app.documents import Session
from sessions_app.domain import data
from sessions_app.domain.window import Summary
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored

_BATCH = 200


class StoredSummary(NamedTuple):
    """A session's summary, and how many of its messages had been erased when it was read."""

    summary: Summary | None
    erasures: int | None


@failures.translated
def read(*, session_id: str, user_id: str) -> StoredSummary:
    """The summary of a session; none, too, of a session that is not there."""
    session = Session.objects(pk=session_id).owned_by(user_id).only("summary", "erasure_count")
    stored_session = session.as_pymongo().first()
    if stored_session is None:
        return StoredSummary(None, None)
    summary = stored_session.get("summary")
    return StoredSummary(
        Summary(**summary) if summary else None, stored_session.get("erasure_count")
    )


@failures.translated
def write(*, session_id: str, user_id: str, summary: Summary, replacing: StoredSummary) -> bool:
    """Store `summary` in place of what was read before its messages were.

    False when another worker has extended it meanwhile, or a message has been erased, which the
    text may quote. The session's version stays: nothing that it stands for has changed.
    """
    before = replacing.summary
    # By its range, not its text: two workers that extend the same summary word it differently.
    unchanged = Session.objects(
        pk=session_id,
        user_id=user_id,
        summary__first_seq=before.first_seq if before else None,
        summary__last_seq=before.last_seq if before else None,
        erasure_count=replacing.erasures,
    )
    return bool(unchanged.update_one(set__summary=asdict(summary)))


def erasure_cases(seq: int) -> Iterator[tuple[Stored, Stored]]:
    """For erasing `seq`: a summary that covers it goes in the same write, any other stays.

    Each case is what to add to the update's filter and what to unset; exactly one matches.
    """
    covered = {"summary.first_seq": {"$lte": seq}, "summary.last_seq": {"$gte": seq}}
    yield covered, {"summary": 1}
    yield {"$nor": [covered]}, {}


def carried(source: Stored, up_to_seq: int) -> Stored:
    """What a fork up to `up_to_seq` takes along: a summary of nothing but what it has."""
    summary = source.get("summary")
    return {"summary": summary} if summary and summary["last_seq"] <= up_to_seq else {}


@failures.translated
def owner(session_id: str) -> str | None:
    """The `user_id` of a session; None when there is no such session."""
    stored_session = Session.objects(pk=session_id).only("user_id").as_pymongo().first()
    return stored_session["user_id"] if stored_session else None


@failures.translated
def active_sessions(*, after: str, now: datetime) -> list[data.Session]:
    """The next sessions that take messages, in order of their ids; empty at the end."""
    sessions = Session.objects.active().unexpired(now).walk(after=after).headers()
    page = log.with_liveness(sessions.limit(_BATCH))
    return [log.decode_listed(stored_session) for stored_session in page]

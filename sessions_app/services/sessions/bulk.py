"""Deletes and archives many sessions of a user by one request, each as it is done alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sessions_app import tracing
from sessions_app.domain.data import SessionFilter, Status
from sessions_app.domain.errors import (
    InvalidInput,
    LegalHold,
    SessionExpired,
    SessionNotFound,
    SessionTemporary,
)
from sessions_app.domain.limits import SESSIONS_COUNTED
from sessions_app.repository.sessions import filtered
from sessions_app.services.sessions import session_archive, session_delete

DELETED, ARCHIVED, HELD, NOT_FOUND, TEMPORARY = (
    "deleted",
    "archived",
    "held",
    "not_found",
    "temporary",
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sessions that are meant: these, or the newest `limit` of those that `wanted` says."""

    limit: int
    wanted: SessionFilter = field(default_factory=SessionFilter)
    session_ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of each session, and of all: `matched` were meant before, `held` of them stay.

    `has_more` says that the same request finds others.
    """

    matched: int
    held: int
    results: Sequence[tuple[str, str]]
    has_more: bool


@tracing.step
def sessions_delete(*, user_id: str, chosen: Chosen, dry_run: bool, now: datetime) -> BulkResult:
    """Destroy sessions with their messages; a legal hold is respected, and said.

    Sent again it goes on with what is left. With `dry_run`, it only counts.
    """

    def delete(session_id: str) -> str:
        session_delete(session_id=session_id, user_id=user_id)
        return DELETED

    return _carried_out(user_id, chosen, delete, dry_run, now)


@tracing.step
def sessions_archive(*, user_id: str, chosen: Chosen, dry_run: bool, now: datetime) -> BulkResult:
    """Make sessions read-only; as `sessions_delete`, but a legal hold does not stand in its way.

    Raises InvalidInput for a filter of temporary sessions or of archived ones.
    """
    if chosen.session_ids is None:
        if chosen.wanted.temporary:
            raise InvalidInput("A temporary session is not archived.", attr="temporary")
        if chosen.wanted.status is Status.ARCHIVED:
            raise InvalidInput("These are archived already.", attr="status")

    def archive(session_id: str) -> str:
        session_archive(session_id=session_id, user_id=user_id, now=now)
        return ARCHIVED

    return _carried_out(user_id, chosen, archive, dry_run, now, respects_holds=False)


def _carried_out(
    user_id: str,
    chosen: Chosen,
    act: Callable[[str], str],
    dry_run: bool,
    now: datetime,
    respects_holds: bool = True,
) -> BulkResult:
    if chosen.session_ids is not None:
        ids = list(dict.fromkeys(chosen.session_ids))
        results = [] if dry_run else [(each, _outcome(act, each)) for each in ids]
        held = sum(outcome == HELD for _, outcome in results)
        return BulkResult(len(ids), held, results, has_more=False)
    counted: dict[str, Any] = {"user_id": user_id, "wanted": chosen.wanted, "now": now}
    matched = filtered.count(**counted)
    held = filtered.count(**counted, held=True) if respects_holds else 0
    results = []
    if not dry_run:
        ids = filtered.next_ids(**counted, limit=chosen.limit, with_held=not respects_holds)
        results = [(each, _outcome(act, each)) for each in ids]
    left = matched - held - len(results)
    return BulkResult(min(matched, SESSIONS_COUNTED), held, results, has_more=left > 0)


def _outcome(act: Callable[[str], str], session_id: str) -> str:
    try:
        return act(session_id)
    except LegalHold:
        return HELD
    except SessionTemporary:
        return TEMPORARY
    except (SessionNotFound, SessionExpired):
        return NOT_FOUND

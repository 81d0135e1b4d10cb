"""Ending sessions that are due, in batches, each session exactly once.

A batch is one transaction (by the driver: MongoEngine's querysets take none). The sessions of it
that are still due change or go together with all that belongs to them, and the sweep's receipt
counts them in the same step. Whatever stops a sweep, a batch has happened and is counted, or
neither. A batch that another writer has a hand in is left for later (`Contended`): any number of
sweepers take turns without waiting for each other.

Most batches wait for neither the journal nor a majority (`durable`): what a crash or a fail-over
takes back is due again, and off the receipt. Closing the receipt waits for all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from sessions_app.documents import Session, Sweep, checking, collection
from sessions_app.documents.querysets import SessionQuerySet
from sessions_app.domain.data import Status
from sessions_app.domain.sessions.expiry import Due, Exemption, ExpiryMode, Fate
from sessions_app.repository import belongings, failures
from sessions_app.repository.log import Stored
from sessions_app.repository.transactions import in_transaction

_PAGE = 1_000
# https://www.mongodb.com/docs/manual/reference/error-codes/
_WRITE_CONFLICT = 112


class Contended(Exception):
    """Another writer is at one of the batch's sessions; nothing of the batch has been done."""


@failures.translated
def count_expired(cutoff: datetime) -> int:
    """How many sessions are past their timeout, from the index alone."""
    return int(Session.objects(expires_at__lte=cutoff).hint("expiry").count())


@failures.translated
def count_archived(until: datetime) -> int:
    """How many sessions were archived up to then, from the index alone."""
    return int(Session.objects(archived_at__lte=until).hint("retention").count())


def expired(cutoff: datetime, mode: ExpiryMode, fate: Fate) -> Iterator[Due]:
    """The sessions that have expired to this fate, the longest first, with those that are exempt.

    A temporary session is deleted whatever the mode.
    """
    sessions = Session.objects(expires_at__lte=cutoff).active().hint("expiry")
    if mode is ExpiryMode.ARCHIVE:
        temporary = fate is Fate.DELETED
        sessions = sessions.filter(temporary=True) if temporary else sessions.listed()
    for stored_session in _pages(sessions, "expires_at"):
        # Archiving destroys nothing, so a hold does not stand in its way.
        on_hold = fate is Fate.DELETED and stored_session.get("legal_hold", False)
        since = stored_session["expires_at"]
        yield _due(stored_session, since, timedelta(0), on_hold=on_hold, now=cutoff)


def past_retention(until: datetime, retention: timedelta) -> Iterator[Due]:
    """The archives from up to then, the oldest first, with those that are exempt."""
    sessions = Session.objects(archived_at__lte=until).archived().hint("retention")
    for stored_session in _pages(sessions, "archived_at"):
        on_hold = stored_session.get("legal_hold", False)
        since = stored_session["archived_at"]
        yield _due(stored_session, since, retention, on_hold=on_hold, now=until + retention)


def _due(
    stored_session: Stored, since: datetime, after: timedelta, *, on_hold: bool, now: datetime
) -> Due:
    # A lease that has run out is nobody's: its worker is gone.
    turn = stored_session.get("turn")
    deadline = turn.get("deadline") if isinstance(turn, dict) else None
    in_turn = isinstance(deadline, datetime) and deadline > now
    # A damaged session ends as others do; what cannot be read of it is not counted.
    sound = checking.readable(Session).sound_part(stored_session)
    exemption = Exemption.HELD if on_hold else Exemption.IN_TURN if in_turn else None
    return Due(
        session_id=stored_session["_id"],
        user_id=sound.get("user_id", ""),
        since=since + after,
        message_count=sound.get("message_count", 0),
        exemption=exemption,
    )


def _pages(sessions: SessionQuerySet, field: str) -> Iterator[Stored]:
    """Short queries rather than one cursor, whose time limit holds for all it ever returns."""
    last: Stored | None = None
    while page := _page(sessions, field, last):
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1]


@failures.translated
def _page(sessions: SessionQuerySet, field: str, last: Stored | None) -> list[Stored]:
    after = (last[field], last["_id"]) if last else None
    due = sessions.walk_by(field, after=after).only(
        "user_id", "expires_at", "archived_at", "message_count", "legal_hold", "turn.deadline"
    )
    return list(due.limit(_PAGE).as_pymongo())


def _still_expired(cutoff: datetime, mode: ExpiryMode) -> Stored:
    """What makes an expired session due; a session that woke up, or is in a turn, has it not."""
    guard: Stored = {
        "status": Status.ACTIVE.value,
        "expires_at": {"$lte": cutoff},
        "turn.deadline": {"$not": {"$gt": cutoff}},
    }
    if mode is ExpiryMode.ARCHIVE:
        return guard | {"temporary": {"$ne": True}}
    return guard | {"legal_hold": {"$ne": True}}


@failures.translated
def archive(sweep_id: str, session_ids: Sequence[str], *, cutoff: datetime, durable: bool) -> int:
    """Archive those of the sessions that are still expired; how many. Raises Contended."""

    def change(transaction: ClientSession) -> int:
        guard = {"_id": {"$in": list(session_ids)}, **_still_expired(cutoff, ExpiryMode.ARCHIVE)}
        due = _read(guard, "expires_at", transaction)
        if due:
            # By id alone: the transaction fails if one of them has changed since it was read.
            collection(Session).update_many(
                {"_id": {"$in": list(due)}},
                {
                    "$set": {"status": Status.ARCHIVED.value, "archived_at": cutoff},
                    "$unset": {"expires_at": 1},
                    "$inc": {"version": 1},
                },
                session=transaction,
            )
            _count(sweep_id, Fate.ARCHIVED, due, transaction)
        return len(due)

    return _once(change, durable=durable)


@failures.translated
def delete(sweep_id: str, session_ids: Sequence[str], *, cutoff: datetime, durable: bool) -> int:
    """Delete those of the sessions that are still expired, whole; how many. Raises Contended."""
    guard = _still_expired(cutoff, ExpiryMode.DELETE)
    return _remove(sweep_id, Fate.DELETED, session_ids, guard, durable=durable)


@failures.translated
def purge(sweep_id: str, session_ids: Sequence[str], *, until: datetime, durable: bool) -> int:
    """Delete those of the archives that are still past `until`, whole. Raises Contended."""
    guard = {
        "status": Status.ARCHIVED.value,
        "archived_at": {"$lte": until},
        "legal_hold": {"$ne": True},
    }
    return _remove(sweep_id, Fate.PURGED, session_ids, guard, durable=durable)


def _remove(
    sweep_id: str, fate: Fate, session_ids: Sequence[str], guard: Stored, *, durable: bool
) -> int:
    # The receipt keeps the latest of these, by which an audit knows that none went too early.
    name = "archived_at" if fate is Fate.PURGED else "expires_at"

    def remove(transaction: ClientSession) -> int:
        due = _read({"_id": {"$in": list(session_ids)}, **guard}, name, transaction)
        if due:
            collection(Session).delete_many({"_id": {"$in": list(due)}}, session=transaction)
            belongings.delete_all_of(list(due), transaction)
            _count(sweep_id, fate, due, transaction)
        return len(due)

    return _once(remove, durable=durable)


def _read(guard: Stored, name: str, transaction: ClientSession) -> dict[str, datetime]:
    """The sessions that `guard` holds for, as the transaction sees them; when each came due.

    Writing to one that another has changed since ends the transaction, so what is written
    afterwards needs no more than the id.
    """
    due = collection(Session).find(guard, {name: 1}, session=transaction)
    return {stored_session["_id"]: stored_session[name] for stored_session in due}


def _count(
    sweep_id: str, fate: Fate, due: Mapping[str, datetime], transaction: ClientSession
) -> None:
    latest = "latest_archival" if fate is Fate.PURGED else "latest_expiry"
    collection(Sweep).update_one(
        {"_id": sweep_id},
        {"$inc": {fate.value: len(due)}, "$max": {latest: max(due.values())}},
        session=transaction,
    )


def _once(work: Any, *, durable: bool) -> int:
    """`work` in a transaction that is not repeated when it meets another writer."""

    def attempt(transaction: ClientSession) -> int:
        try:
            done: int = work(transaction)
        except OperationFailure as error:
            if error.code == _WRITE_CONFLICT:
                raise Contended from error
            raise
        return done

    quick = None if durable else WriteConcern(w=1, j=False)
    result: int = in_transaction(attempt, quick)
    return result


@failures.translated
def begin(
    *,
    sweep_id: str,
    mode: ExpiryMode,
    started_at: datetime,
    cutoff: datetime,
    retention_cutoff: datetime | None,
) -> None:
    """Open a sweep's receipt."""
    Sweep(
        sweep_id=sweep_id,
        mode=mode.value,
        started_at=started_at,
        cutoff=cutoff,
        retention_cutoff=retention_cutoff,
        **dict.fromkeys((fate.value for fate in Fate), 0),
    ).save(force_insert=True)


@failures.translated
def settle(sweep_id: str) -> None:
    """Wait until a majority has every batch so far, so that what is read next shows them."""
    # Any write will do that is acknowledged by a majority: it comes after the batches in the log.
    Sweep.objects(pk=sweep_id).update_one(inc__passes=1)


@failures.translated
def finish(
    sweep_id: str, *, now: datetime, complete: bool, exempt: Mapping[str, int]
) -> Mapping[str, int]:
    """Close a sweep's receipt; what it counts by fate, all of it acknowledged by a majority."""
    passed_over = {f"set__{name}": count for name, count in exempt.items()}
    sweep = Sweep.objects(pk=sweep_id).modify(
        new=True, set__finished_at=now, set__complete=complete, **passed_over
    )
    counts = {fate.value: sweep[fate.value] for fate in Fate}
    return {name: count for name, count in counts.items() if count}

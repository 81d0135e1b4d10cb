"""Ending sessions that are due, in batches, each session exactly once.

A batch is one transaction: the sessions of it that are still due change or go together with all
that belongs to them, and the sweep's receipt counts them in the same step. Whatever stops a
sweep, a batch has happened and is counted, or neither. A batch that another writer has a hand in
is left for later (`Contended`): any number of sweepers take turns without waiting for each other.

Most batches wait for neither the journal nor a majority (`durable`): what a crash or a fail-over
takes back is due again, and off the receipt. Closing the receipt waits for all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from sessions_app.documents import Session
from sessions_app.documents.operations import Sweep
from sessions_app.domain.data import Status
from sessions_app.domain.expiry import Due, Exemption, ExpiryMode, Fate
from sessions_app.repository import belongings, failures
from sessions_app.repository.log import Stored
from sessions_app.repository.sessions import in_transaction

_PAGE = 1_000
_WRITE_CONFLICT = 112
_FIELDS = dict.fromkeys(
    ("user_id", "expires_at", "archived_at", "message_count", "legal_hold", "turn.deadline"), 1
)


class Contended(Exception):
    """Another writer is at one of the batch's sessions; nothing of the batch has been done."""


@failures.translated
def count_expired(cutoff: datetime) -> int:
    """How many sessions are past their timeout, from the index alone."""
    return int(
        Session._get_collection().count_documents({"expires_at": {"$lte": cutoff}}, hint="expiry")
    )


@failures.translated
def count_archived(until: datetime) -> int:
    """How many sessions were archived up to then, from the index alone."""
    return int(
        Session._get_collection().count_documents(
            {"archived_at": {"$lte": until}}, hint="retention"
        )
    )


def expired(cutoff: datetime, mode: ExpiryMode) -> Iterator[Due]:
    """The sessions that have expired, the longest first, with those that are exempt."""
    for stored in _pages({"status": Status.ACTIVE.value}, "expires_at", "expiry", cutoff):
        # Archiving destroys nothing, so a hold does not stand in its way.
        held = mode is ExpiryMode.DELETE and stored.get("legal_hold", False)
        yield _due(stored, stored["expires_at"], timedelta(0), held=held, now=cutoff)


def past_retention(until: datetime, retention: timedelta) -> Iterator[Due]:
    """The archives from up to then, the oldest first, with those that are exempt."""
    for stored in _pages({"status": Status.ARCHIVED.value}, "archived_at", "retention", until):
        held = stored.get("legal_hold", False)
        yield _due(stored, stored["archived_at"], retention, held=held, now=until + retention)


def _due(stored: Stored, moment: datetime, after: timedelta, *, held: bool, now: datetime) -> Due:
    deadline = (stored.get("turn") or {}).get("deadline")
    in_turn = deadline is not None and deadline > now
    exemption = Exemption.HELD if held else Exemption.IN_TURN if in_turn else None
    return Due(
        session_id=stored["_id"],
        user_id=stored["user_id"],
        since=moment + after,
        message_count=stored.get("message_count", 0),
        exemption=exemption,
    )


def _pages(wanted: Stored, name: str, index: str, until: datetime) -> Iterator[Stored]:
    """Short queries rather than one cursor, whose time limit holds for all it ever returns."""
    last: Stored | None = None
    while found := _page(wanted, name, index, until, last):
        yield from found
        if len(found) < _PAGE:
            return
        last = found[-1]


@failures.translated
def _page(
    wanted: Stored, name: str, index: str, until: datetime, last: Stored | None
) -> list[Stored]:
    place: Stored = {name: {"$lte": until}}
    if last is not None:
        place = {
            name: {"$gte": last[name], "$lte": until},
            "$or": [
                {name: {"$gt": last[name]}},
                {name: last[name], "_id": {"$gt": last["_id"]}},
            ],
        }
    found = Session._get_collection().find(place | wanted, _FIELDS).hint(index)
    return list(found.sort([(name, 1), ("_id", 1)]).limit(_PAGE))


def _still_expired(cutoff: datetime, mode: ExpiryMode) -> Stored:
    """What makes an expired session due; a session that woke up, or is in a turn, has it not."""
    guard: Stored = {
        "status": Status.ACTIVE.value,
        "expires_at": {"$lte": cutoff},
        "turn.deadline": {"$not": {"$gt": cutoff}},
    }
    return guard if mode is ExpiryMode.ARCHIVE else guard | {"legal_hold": {"$ne": True}}


@failures.translated
def archive(sweep_id: str, session_ids: Sequence[str], *, cutoff: datetime, durable: bool) -> int:
    """Archive those of the sessions that are still expired; how many. Raises Contended."""

    def change(transaction: ClientSession) -> int:
        guard = {"_id": {"$in": list(session_ids)}, **_still_expired(cutoff, ExpiryMode.ARCHIVE)}
        found = _read(guard, "expires_at", transaction)
        if found:
            Session._get_collection().update_many(
                {"_id": {"$in": list(found)}},
                {
                    "$set": {"status": Status.ARCHIVED.value, "archived_at": cutoff},
                    "$unset": {"expires_at": 1},
                    "$inc": {"version": 1},
                },
                session=transaction,
            )
            _count(sweep_id, Fate.ARCHIVED, found, transaction)
        return len(found)

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
    name = "archived_at" if fate is Fate.PURGED else "expires_at"

    def remove(transaction: ClientSession) -> int:
        found = _read({"_id": {"$in": list(session_ids)}, **guard}, name, transaction)
        if found:
            Session._get_collection().delete_many(
                {"_id": {"$in": list(found)}}, session=transaction
            )
            belongings.delete_all_of(list(found), transaction)
            _count(sweep_id, fate, found, transaction)
        return len(found)

    return _once(remove, durable=durable)


def _read(guard: Stored, name: str, transaction: ClientSession) -> dict[str, datetime]:
    """The sessions that `guard` holds for, as the transaction sees them; when each came due.

    Writing to one that another has changed since ends the transaction, so what is written
    afterwards needs no more than the id.
    """
    found = Session._get_collection().find(guard, {name: 1}, session=transaction)
    return {stored["_id"]: stored[name] for stored in found}


def _count(
    sweep_id: str, fate: Fate, found: Mapping[str, datetime], transaction: ClientSession
) -> None:
    latest = "latest_archival" if fate is Fate.PURGED else "latest_expiry"
    Sweep._get_collection().update_one(
        {"_id": sweep_id},
        {"$inc": {fate.value: len(found)}, "$max": {latest: max(found.values())}},
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
    receipt: Stored = {
        "_id": sweep_id,
        "mode": mode.value,
        "started_at": started_at,
        "cutoff": cutoff,
        **dict.fromkeys((fate.value for fate in Fate), 0),
    }
    if retention_cutoff is not None:
        receipt["retention_cutoff"] = retention_cutoff
    Sweep._from_son(receipt).validate()
    Sweep._get_collection().insert_one(receipt)


@failures.translated
def settle(sweep_id: str) -> None:
    """Wait until a majority has every batch so far, so that what is read next shows them."""
    Sweep._get_collection().update_one({"_id": sweep_id}, {"$inc": {"passes": 1}})


@failures.translated
def finish(
    sweep_id: str, *, now: datetime, complete: bool, exempt: Mapping[str, int]
) -> Mapping[str, int]:
    """Close a sweep's receipt; what it counts by fate, all of it acknowledged by a majority."""
    receipt = Sweep._get_collection().find_one_and_update(
        {"_id": sweep_id},
        {"$set": {"finished_at": now, "complete": complete, **exempt}},
        return_document=ReturnDocument.AFTER,
    )
    return {fate.value: receipt[fate.value] for fate in Fate if receipt[fate.value]}

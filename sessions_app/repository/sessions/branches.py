"""Marks on superseded messages: written and removed, in the tail and in buckets, all or none."""

from collections.abc import Mapping
from datetime import datetime

from pymongo.client_session import ClientSession

from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain import data
from sessions_app.domain.data import Status
from sessions_app.domain.sessions.branches import Mark
from sessions_app.repository import failures, log, transactions
from sessions_app.repository.log import Stored


@failures.translated
def write(
    *, session: data.Session, marks: Mapping[int, Mark | None], now: datetime | None = None
) -> bool:
    """Mark messages by seq, or remove their marks (None); False when the session has changed.

    With `now`, it counts as activity of the owner.
    """

    def change(transaction: ClientSession) -> bool:
        return _write(session, marks, now, transaction)

    return bool(transactions.in_transaction(change))


def _write(
    session: data.Session,
    marks: Mapping[int, Mark | None],
    now: datetime | None,
    transaction: ClientSession,
) -> bool:
    guard = {
        "_id": session.session_id,
        "user_id": session.user_id,
        "status": Status.ACTIVE.value,
        "version": session.version,
    }
    # By the driver: MongoEngine's querysets take no transaction.
    stored = collection(Session).find_one(
        guard, {"messages": 1, "tail_start": 1, "summary.last_seq": 1}, session=transaction
    )
    if stored is None:
        return False
    in_tail = {seq: mark for seq, mark in marks.items() if seq >= stored["tail_start"]}
    changes = _changes(stored["messages"], stored["tail_start"], in_tail)
    # A summary that has heard of them would go on telling it, or would miss them.
    if stored.get("summary", {}).get("last_seq", 0) >= min(marks):
        changes.setdefault("$unset", {})["summary"] = ""
    # A spill that has copied these with their old marks will not be able to cut.
    changes["$inc"] = {**changes.get("$inc", {}), "version": 1, "tail_revision": 1}
    if now is not None:
        changes["$max"] = {"updated_at": now}
    collection(Session).update_one(guard, changes, session=transaction)
    _write_in_buckets(session.session_id, marks, stored["tail_start"], transaction)
    return True


def _write_in_buckets(
    session_id: str,
    marks: Mapping[int, Mark | None],
    tail_start: int,
    transaction: ClientSession,
) -> None:
    older = {seq: mark for seq, mark in marks.items() if seq < tail_start}
    if not older:
        return
    buckets = collection(MessageBucket)
    between = log.buckets_of_range(session_id, min(older), max(older))
    # As a list: it is changed while it is read.
    for bucket in list(buckets.find(between, session=transaction)):
        first, last = bucket["first_seq"], bucket["last_seq"]
        inside = {seq: mark for seq, mark in older.items() if first <= seq <= last}
        if not inside:
            continue
        changes = _changes(bucket["messages"], first, inside)
        changes.pop("$inc", None)
        buckets.update_one(
            {"_id": bucket["_id"], "session_id": session_id}, changes, session=transaction
        )


def _changes(
    messages: list[Stored], first_seq: int, marks: Mapping[int, Mark | None]
) -> dict[str, Stored]:
    """The update that marks these messages of a tail or a bucket, and by how much it grows."""
    written: Stored = {}
    removed: Stored = {}
    grown = 0
    for seq, mark in marks.items():
        position = seq - first_seq
        before = messages[position]
        names = {"superseded_by", "superseded_with"}
        after = {name: value for name, value in before.items() if name not in names}
        if mark is not None:
            after["superseded_by"] = mark.by
            if mark.head is not None:
                after["superseded_with"] = mark.head
        for name in sorted(names):
            path = f"messages.{position}.{name}"
            if name in after:
                written[path] = after[name]
            elif name in before:
                removed[path] = ""
        grown += log.stored_size(after) - log.stored_size(before)
    changes: dict[str, Stored] = {"$inc": {"tail_bytes": grown}} if marks else {}
    if written:
        changes["$set"] = written
    if removed:
        changes["$unset"] = removed
    return changes

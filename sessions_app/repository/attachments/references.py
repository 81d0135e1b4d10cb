"""Which sessions have an attachment, and whether any message of a session refers to it.

A link is there before the message: with the upload, or before the append. One whose message never
came is taken back by a sweep, once it is old; whoever appends so late confirms it first, so that
of the two one wins.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo.client_session import ClientSession

from sessions_app.clock import now
from sessions_app.documents import (
    Attachment,
    MessageBucket,
    Session,
    SessionAttachment,
    collection,
)
from sessions_app.repository import failures, log


def _key(session_id: str, attachment_id: str) -> str:
    return f"{session_id}/{attachment_id}"


@failures.translated
def add(session_id: str, attachment_ids: Iterable[str], *, since: datetime) -> None:
    """Link attachments to a session; a link that is there becomes as new."""
    for attachment_id in attachment_ids:
        link = SessionAttachment.objects(pk=_key(session_id, attachment_id), session_id=session_id)
        link.update_one(
            upsert=True,
            set_on_insert__attachment_id=attachment_id,
            set_on_insert__confirmed=False,
            max__since=since,
        )


@failures.translated
def age_of(session_id: str, attachment_id: str) -> datetime | None:
    """Since when a session has an attachment; None where it has not."""
    link = SessionAttachment.objects(pk=_key(session_id, attachment_id), session_id=session_id)
    stored = link.only("since").as_pymongo().first()
    return stored["since"] if stored else None


@failures.translated
def attachments_of(session_ids: Sequence[str]) -> list[str]:
    """The attachments that any of these sessions has."""
    return _linked(session_ids, None)


def _linked(session_ids: Sequence[str], transaction: ClientSession | None) -> list[str]:
    links = collection(SessionAttachment).find(
        {
            "session_id": {"$in": list(session_ids)},
            # The shard key takes it to the right shards, the ranges walk `_id` there.
            "$or": [{"_id": log.every_bucket(session_id)["_id"]} for session_id in session_ids],
        },
        {"attachment_id": 1},
        session=transaction,
    )
    return sorted({link["attachment_id"] for link in links})


def release(session_ids: Sequence[str], transaction: ClientSession | None = None) -> None:
    """These sessions are going, and their links with them: look what else refers to each.

    Before the links are gone, so that a crash between the two forgets nothing.
    """
    linked = _linked(session_ids, transaction) if session_ids else []
    if linked:
        # By the driver: MongoEngine's querysets take no transaction.
        collection(Attachment).update_many(
            {"_id": {"$in": linked}}, {"$set": {"check_at": now()}}, session=transaction
        )


@failures.translated
def carry(source_id: str, fork_id: str, *, since: datetime) -> None:
    """Give a fork the links of its source; a sweep takes back those that it does not need."""
    add(fork_id, attachments_of([source_id]), since=since)


@failures.translated
def is_referred_to(session_id: str, attachment_id: str) -> bool:
    """Whether a message of this session refers to the attachment.

    A walk through the session's messages: parts are JSON text, in which an id stands as it is.
    """
    quoting = _quoting(attachment_id)
    tail = Session.objects(pk=session_id, __raw__=quoting)
    buckets = MessageBucket.objects(__raw__=quoting | log.every_bucket(session_id))
    return any(each.only("pk").as_pymongo().first() is not None for each in (tail, buckets))


def _quoting(attachment_id: str) -> dict[str, Any]:
    """The filter for documents with a message that refers to the attachment."""
    return {"messages.parts": {"$regex": f'"{attachment_id}"'}}


@failures.translated
def seqs_of(session_id: str, attachment_id: str) -> list[int]:
    """The messages of this session that refer to the attachment."""
    quoting = _quoting(attachment_id)
    tail = Session.objects(pk=session_id, __raw__=quoting)
    buckets = MessageBucket.objects(__raw__=quoting | log.every_bucket(session_id))
    runs = [
        *((each["tail_start"], each) for each in tail.only("tail_start", "messages").as_pymongo()),
        *((each["first_seq"], each) for each in buckets.only("first_seq", "messages").as_pymongo()),
    ]
    return sorted(
        seq
        for first, stored in runs
        for seq, message in enumerate(stored["messages"], first)
        if f'"{attachment_id}"' in message.get("parts", "")
    )


@failures.translated
def unlink(session_id: str, attachment_id: str, *, before: datetime | None = None) -> bool:
    """Take a link away, and have the attachment looked at; with `before`, only an old one.

    An old one that has been confirmed meanwhile stays.
    """
    age = {} if before is None else {"since__lt": before, "confirmed": False}
    Attachment.objects(pk=attachment_id).update_one(set__check_at=now())
    link = SessionAttachment.objects(
        pk=_key(session_id, attachment_id), session_id=session_id, **age
    )
    return bool(link.delete())


@failures.translated
def unconfirmed(before: datetime, limit: int = 200) -> list[tuple[str, str]]:
    """Links from before then of which nobody knows whether a message needs them."""
    links = SessionAttachment.objects(confirmed=False, since__lt=before).order_by("since")
    page = links.only("session_id", "attachment_id").limit(limit).as_pymongo()
    return [(link["session_id"], link["attachment_id"]) for link in page]


@failures.translated
def confirm(session_id: str, attachment_id: str) -> bool:
    """A message refers to it: the link stays as long as the session; False where it is gone."""
    link = SessionAttachment.objects(pk=_key(session_id, attachment_id), session_id=session_id)
    return bool(link.update_one(set__confirmed=True))


@failures.translated
def sessions_of(attachment_id: str) -> list[str]:
    """The sessions that have an attachment."""
    links = SessionAttachment.objects(attachment_id=attachment_id).only("session_id")
    return [link["session_id"] for link in links.as_pymongo()]


@failures.translated
def is_linked(attachment_id: str) -> bool:
    """Whether any session has it."""
    return SessionAttachment.objects.exists(attachment_id=attachment_id)

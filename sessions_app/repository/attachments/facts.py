"""What is known of attachments: one document for each user and content."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from mongoengine import NotUniqueError

from sessions_app.documents import Attachment as AttachmentDocument
from sessions_app.documents import collection
from sessions_app.domain.attachments import Attachment
from sessions_app.domain.errors import AttachmentNotFound
from sessions_app.repository import failures

Stored = dict[str, Any]

# What a message's part is made of; a file's text may be long.
_WITHOUT_TEXT = ("text",)


def _decoded(stored: Mapping[str, Any]) -> Attachment:
    return Attachment(
        attachment_id=stored["_id"],
        user_id=stored["user_id"],
        sha256=stored["sha256"],
        content_sha256=stored["content_sha256"],
        media_type=stored["media_type"],
        size=stored["size"],
        name=stored.get("name", ""),
        created_at=stored["created_at"],
        width=stored.get("width", 0),
        height=stored.get("height", 0),
        text=stored.get("text", ""),
        text_tokens=stored.get("text_tokens", 0),
        note=stored.get("note", ""),
        thumbnail="thumbnail" in stored,
        purpose=stored.get("purpose"),
    )


@failures.translated
def insert(
    attachment: Attachment, *, blob: str, check_at: datetime, to_prepare: bool = False
) -> bool:
    """Store what is known of bytes that are there; False where another upload was first."""
    document = AttachmentDocument(
        attachment_id=attachment.attachment_id,
        user_id=attachment.user_id,
        sha256=attachment.sha256,
        content_sha256=attachment.content_sha256,
        media_type=attachment.media_type,
        size=attachment.size,
        name=attachment.name or None,
        created_at=attachment.created_at,
        blob=blob,
        width=attachment.width or None,
        height=attachment.height or None,
        text=attachment.text or None,
        text_tokens=attachment.text_tokens or None,
        note=attachment.note or None,
        purpose=attachment.purpose,
        check_at=check_at,
        to_prepare=to_prepare or None,
    )
    try:
        document.save(force_insert=True)
    except NotUniqueError:
        return False
    return True


@failures.translated
def renew(attachment_id: str, *, check_at: datetime, purpose: str | None = None) -> bool:
    """Keep an attachment that is sent again; False where there is none, or it is being removed."""
    unremoved = AttachmentDocument.objects(pk=attachment_id, removing__ne=True)
    more = {"set__purpose": purpose} if purpose else {}
    return bool(unremoved.update_one(max__check_at=check_at, **more))


@failures.translated
def read(attachment_id: str, *, user_id: str) -> Attachment:
    """An attachment of this user; raises AttachmentNotFound."""
    owned = AttachmentDocument.objects(pk=attachment_id, user_id=user_id, removing__ne=True)
    stored = owned.as_pymongo().first()
    if stored is None:
        raise AttachmentNotFound
    return _decoded(stored)


@failures.translated
def read_many(attachment_ids: Iterable[str], *, user_id: str) -> dict[str, Attachment]:
    """Those of the attachments that are this user's, without their texts."""
    owned = AttachmentDocument.objects(
        pk__in=list(attachment_ids), user_id=user_id, removing__ne=True
    )
    return {
        stored["_id"]: _decoded(stored) for stored in owned.exclude(*_WITHOUT_TEXT).as_pymongo()
    }


@failures.translated
def texts(attachment_ids: Iterable[str]) -> dict[str, str]:
    """The texts of those of the attachments that have any; whose they are, the caller knows."""
    ids = list(attachment_ids)
    if not ids:
        return {}
    stored = AttachmentDocument.objects(pk__in=ids, removing__ne=True).only("text").as_pymongo()
    return {each["_id"]: each["text"] for each in stored if each.get("text")}


@failures.translated
def blob_of(attachment_id: str, *, user_id: str, thumbnail: bool = False) -> str:
    """Where the bytes are; raises AttachmentNotFound."""
    name = "thumbnail" if thumbnail else "blob"
    owned = AttachmentDocument.objects(pk=attachment_id, user_id=user_id, removing__ne=True)
    stored = owned.only(name).as_pymongo().first()
    if stored is None or name not in stored:
        raise AttachmentNotFound
    return str(stored[name])


@failures.translated
def usage(user_id: str) -> tuple[int, int]:
    """How many attachments a user has, and their bytes, from the index alone."""
    # By the driver: what MongoEngine makes of `sum` is an aggregation without a hint.
    groups = collection(AttachmentDocument).aggregate(
        [
            {"$match": {"user_id": user_id}},
            {"$group": {"_id": None, "count": {"$sum": 1}, "size": {"$sum": "$size"}}},
        ],
        hint="user",
    )
    found = next(iter(groups), None)
    return (found["count"], found["size"]) if found else (0, 0)


@failures.translated
def forget_purpose(attachment_id: str, *, user_id: str, check_at: datetime) -> bool:
    """A file of the OpenAI wire is deleted there; whether it was one."""
    listed = AttachmentDocument.objects(pk=attachment_id, user_id=user_id, purpose__exists=True)
    return bool(listed.update_one(unset__purpose=1, set__check_at=check_at))


@failures.translated
def list_files(
    *, user_id: str, after: str = "", limit: int, purpose: str | None = None
) -> Sequence[Attachment]:
    """A user's files of the OpenAI wire in order of their ids."""
    conditions = {"purpose": purpose} if purpose else {"purpose__exists": True}
    owned = AttachmentDocument.objects(user_id=user_id, pk__gt=after, **conditions)
    page = owned.exclude(*_WITHOUT_TEXT).order_by("pk").limit(limit).as_pymongo()
    return [_decoded(stored) for stored in page]


@failures.translated
def ids_of(user_id: str, *, after: str = "", limit: int = 500) -> list[str]:
    """A user's attachments in order of their ids."""
    owned = AttachmentDocument.objects(user_id=user_id, pk__gt=after).only("pk")
    return [stored["_id"] for stored in owned.order_by("pk").limit(limit).as_pymongo()]


@failures.translated
def next_to_prepare(limit: int = 20) -> list[Attachment]:
    """Some that have no small picture or no text yet."""
    waiting = AttachmentDocument.objects(to_prepare=True).exclude(*_WITHOUT_TEXT).limit(limit)
    return [_decoded(stored) for stored in waiting.as_pymongo()]


@failures.translated
def count_attempt(attachment_id: str, *, most: int) -> bool:
    """Count an attempt to prepare it; False where it has been tried too often, or is prepared."""
    waiting = AttachmentDocument.objects(pk=attachment_id, to_prepare=True)
    stored = waiting.modify(new=True, inc__attempts=1)
    if stored is None:
        return False
    if stored.attempts > most:
        waiting.update_one(unset__to_prepare=1, set__note="It could not be read.")
        return False
    return True


@failures.translated
def note_text(attachment_id: str, *, text: str, text_tokens: int) -> None:
    """Store the text of a file, which is `prepared` only when it can be found by it."""
    waiting = AttachmentDocument.objects(pk=attachment_id, to_prepare=True, removing__ne=True)
    waiting.update_one(set__text=text, set__text_tokens=text_tokens)


@failures.translated
def prepared(
    attachment_id: str,
    *,
    thumbnail: str | None = None,
    note: str = "",
) -> bool:
    """Store what has been made of an attachment; False where it is gone or another was first."""
    changes: Stored = {"unset__to_prepare": 1, "unset__attempts": 1}
    for name, value in (("thumbnail", thumbnail), ("note", note)):
        if value:
            changes[f"set__{name}"] = value
    waiting = AttachmentDocument.objects(pk=attachment_id, to_prepare=True, removing__ne=True)
    return bool(waiting.update_one(**changes))

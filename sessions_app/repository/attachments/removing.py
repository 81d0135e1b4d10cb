"""Removing attachments in steps, each of which may be done again.

An attachment is marked first, which nobody who sends the same content again takes for one that is
there; then it is looked whether a session has got it meanwhile; then its bytes go, and last what is
known of it, which names them.
"""

from datetime import datetime
from typing import Any

from sessions_app.documents import Attachment, Blob, UploadInProgress
from sessions_app.repository import failures
from sessions_app.repository.attachments import blobs, references

_PAGE = 200


@failures.translated
def due(now: datetime, *, after: str = "", user_id: str | None = None) -> list[dict[str, Any]]:
    """Attachments that may not be referred to any more: id, and when that was to be looked at."""
    waiting = Attachment.objects(check_at__lte=now, pk__gt=after)
    if user_id is not None:
        waiting = waiting.filter(user_id=user_id)
    return list(waiting.only("check_at").order_by("pk").limit(_PAGE).as_pymongo())


@failures.translated
def remove_unless_referred(attachment_id: str, *, check_at: datetime) -> bool:
    """Remove an attachment that nothing refers to; whether it is gone."""
    unchanged = Attachment.objects(pk=attachment_id, check_at=check_at)
    if unchanged.filter(purpose__exists=True).update_one(unset__check_at=1):
        return False
    if references.is_linked(attachment_id):
        unchanged.update_one(unset__check_at=1)
        return False
    # Whoever has sent it again since has set another time.
    if not unchanged.update_one(set__removing=True):
        return False
    if references.is_linked(attachment_id):
        unchanged.update_one(unset__removing=1, unset__check_at=1)
        return False
    _remove(attachment_id)
    return True


def _remove(attachment_id: str) -> None:
    stored = Attachment.objects(pk=attachment_id).only("blob", "thumbnail").as_pymongo().first()
    if stored is None:
        return
    for name in ("thumbnail", "blob"):
        if name in stored:
            blobs.delete(stored[name])
    Attachment.objects(pk=attachment_id).delete()


@failures.translated
def remove_all_of(user_id: str) -> int:
    """Remove whatever a user has sent, finished or not; how many attachments it were."""
    removed = 0
    while page := list(Attachment.objects(user_id=user_id).scalar("pk").limit(_PAGE)):
        for attachment_id in page:
            Attachment.objects(pk=attachment_id).update_one(set__removing=True)
            _remove(attachment_id)
        removed += len(page)
    for blob in list(UploadInProgress.objects(user_id=user_id).scalar("pk")):
        blobs.delete(blob)
        blobs.end(blob)
    return removed


@failures.translated
def remove_unfinished(before: datetime) -> int:
    """Remove what uploads have left that began before then and never ended; how many it were."""
    removed = 0
    for blob in list(UploadInProgress.objects(started_at__lt=before).scalar("pk").limit(_PAGE)):
        owner = Attachment.objects(__raw__={"$or": [{"blob": blob}, {"thumbnail": blob}]})
        stored = Blob.objects(pk=blob).only("metadata").as_pymongo().first()
        attachment_id = ((stored or {}).get("metadata") or {}).get("attachment_id")
        # The process may have died between its last two steps.
        if attachment_id is None or owner.filter(pk=attachment_id).first() is None:
            blobs.delete(blob)
            removed += 1
        blobs.end(blob)
    return removed

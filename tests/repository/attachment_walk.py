"""Every query about attachments, for the walk through all queries."""

import io
from datetime import timedelta
from typing import Any

from sessions_app.domain.attachments import Upload
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.repository.attachments import removing
from sessions_app.services import attachments, file_texts, messages, search
from sessions_app.services.attachments.known import known
from sessions_app.services.audits.attachments import check_attachments
from tests import files
from tests.repository.conftest import OWNER, now


def _upload(session_id: str, content: bytes) -> Any:
    return attachments.attachment_upload(
        session_id=session_id, user_id=OWNER, upload=Upload(io.BytesIO(content), "a"), now=now()
    )


def walk_attachments(database: Any, session_id: str) -> None:
    """Upload, refer, prepare, read, list, audit, sweep and remove."""
    picture = _upload(session_id, files.picture())
    _upload(session_id, files.PDF)
    _refer(session_id, picture.attachment_id)
    report = _upload(session_id, files.docx("The quarterly budget"))
    _refer(session_id, report.attachment_id, "file")
    attachments.attachments_prepare(text_read=file_texts.derive_again)
    search.session_index(session_id=session_id, seconds=60)
    for thumbnail in (False, True):
        content = attachments.attachment_content(
            attachment_id=picture.attachment_id, user_id=OWNER, thumbnail=thumbnail
        )
        assert b"".join(content.pieces())
    file = attachments.attachment_store(
        user_id=OWNER, upload=Upload(io.BytesIO(b"a file"), "a"), purpose="user_data", now=now()
    )
    attachments.files_list(user_id=OWNER, after=None, limit=10, purpose=None)
    attachments.attachment_usage(user_id=OWNER)
    attachments.file_delete(file_id=file.file_id, user_id=OWNER, now=now())
    list(attachments.carrying.records_of_user(OWNER))
    list(check_attachments(repair=False))
    _late(database, session_id, picture.attachment_id)
    attachments.forget_message(
        session_id=session_id, user_id=OWNER, ids=[picture.attachment_id], now=now()
    )
    attachments.attachments_sweep(now=now() + timedelta(hours=48))
    removing.remove_all_of(OWNER)


def _refer(session_id: str, attachment_id: str, kind: str = "image") -> None:
    part = {"type": kind, "attachment_id": attachment_id}
    draft = MessageDraft(Role.USER, "Look", parts=[part])
    messages.message_append(session_id=session_id, user_id=OWNER, draft=draft, now=now())


def _late(database: Any, session_id: str, attachment_id: str) -> None:
    """A message that comes so late that its link is confirmed first, and a killed upload."""
    known.forget()
    old = now() - timedelta(hours=30)
    database.session_attachments.update_many({}, {"$set": {"since": old, "confirmed": False}})
    _refer(session_id, attachment_id)
    attachments.attachments_sweep(now=now())
    database.attachment_uploads.insert_one({"_id": "x", "user_id": OWNER, "started_at": old})

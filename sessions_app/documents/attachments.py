"""Attachments: what is known of each, where its bytes are, and which sessions have it."""

from typing import Any, ClassVar

from mongoengine import BinaryField, BooleanField, DateTimeField, DictField, LongField, StringField

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.domain import limits
from sessions_app.domain.attachments import Kind

BUCKET = "attachments"


class Attachment(StoredDocument):
    """Bytes of one user, once for all messages; `_id` is made of the user and the bytes' digest."""

    attachment_id = IdentifierField(primary_key=True, max_length=40)
    user_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    # Of what was sent, and of what is kept.
    sha256 = StringField(required=True, max_length=64)
    content_sha256 = StringField(required=True, max_length=64)
    media_type = StringField(required=True, choices=[kind.value for kind in Kind])
    size = LongField(required=True, min_value=1)
    name = StringField(max_length=limits.PART_NAME_MAX_CHARS)
    created_at = DateTimeField(required=True)
    # The file of GridFS that has the bytes, and that of a small picture.
    blob = IdentifierField(required=True, max_length=36)
    thumbnail = IdentifierField(max_length=36)
    width = LongField(min_value=1)
    height = LongField(min_value=1)
    text = StringField(max_length=limits.ATTACHMENT_TEXT_MAX_CHARS)
    text_tokens = LongField(min_value=0)
    note = StringField(max_length=limits.ATTACHMENT_NOTE_MAX_CHARS)
    # A file of the OpenAI wire: it stays until it is deleted there.
    purpose = StringField(max_length=limits.FILE_PURPOSE_MAX_CHARS)
    # When it is looked whether anything refers to it; unset while something is known to.
    check_at = DateTimeField()
    # It is being removed, and must not be referred to.
    removing = BooleanField()
    # What is still to be read or drawn, and how often that was tried.
    to_prepare = BooleanField()
    attempts = LongField(min_value=0)

    COLLECTION: ClassVar[str] = "attachment_facts"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            # a user's files, and how many bytes they have
            {"name": "user", "fields": ["user_id", "size"]},
            {
                # what may not be referred to any more
                "name": "check",
                "fields": ["check_at"],
                "partialFilterExpression": {"check_at": {"$exists": True}},
            },
            {
                # what has no small picture or no text yet
                "name": "to_prepare",
                "fields": ["to_prepare"],
                "partialFilterExpression": {"to_prepare": {"$exists": True}},
            },
        ],
    }


class SessionAttachment(StoredDocument):
    """That a session has an attachment. `_id` is "<session_id>/<attachment_id>".

    Written with the upload, or before the first message that refers to it, so that an append writes
    no more than it does without. `confirmed` once a message is known to refer to it.
    """

    link_id = IdentifierField(primary_key=True, max_length=36 + 1 + 40)
    session_id = IdentifierField(required=True, max_length=36)
    attachment_id = IdentifierField(required=True, max_length=40)
    since = DateTimeField(required=True)
    confirmed = BooleanField()

    COLLECTION: ClassVar[str] = "session_attachments"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            {"name": "attachment", "fields": ["attachment_id"]},
            {
                # those that no message may ever have come to refer to
                "name": "unconfirmed",
                "fields": ["since"],
                "partialFilterExpression": {"confirmed": False},
            },
        ],
    }


class UploadInProgress(StoredDocument):
    """Bytes that are being written: what a process that was killed has left behind, once old."""

    blob = IdentifierField(primary_key=True, max_length=36)
    user_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    started_at = DateTimeField(required=True)

    COLLECTION: ClassVar[str] = "attachment_uploads"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            {"name": "started_at", "fields": ["started_at"]},
            # what an erasure removes
            {"name": "user", "fields": ["user_id"]},
        ],
    }


class Blob(StoredDocument):
    """GridFS' own document of a file; declared for its indexes, its shard key and the audits."""

    blob = IdentifierField(primary_key=True, max_length=36)
    filename = StringField()
    length = LongField()
    chunk_size = LongField(db_field="chunkSize")
    uploaded_at = DateTimeField(db_field="uploadDate")
    metadata = DictField()

    COLLECTION: ClassVar[str] = f"{BUCKET}.files"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        # GridFS makes the same one where it is missing.
        "indexes": [{"name": "filename_1_uploadDate_1", "fields": ["filename", "uploaded_at"]}],
    }


class BlobChunk(StoredDocument):
    """GridFS' own document of a piece of a file."""

    files_id = IdentifierField(required=True, max_length=36)
    n = LongField(required=True)
    data = BinaryField()

    COLLECTION: ClassVar[str] = f"{BUCKET}.chunks"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [{"name": "files_id_1_n_1", "fields": ["files_id", "n"], "unique": True}],
    }


# Their form is GridFS's, and says no version of ours.
OF_GRIDFS = (Blob, BlobChunk)
ALL = (Attachment, SessionAttachment, UploadInProgress, Blob, BlobChunk)

"""What is stored: MongoEngine documents with their fields, bounds and indexes.

The repository alone reads and writes them. A `seq` is not stored but counted: it is the position of
a message in its list plus `tail_start` (or `first_seq` in a bucket), so it cannot have a gap.

- `base`: what all documents share, and `collection`, the one way past them to the driver
- `versions`: in which form a document is stored
- `checking`: whether what is stored is what is declared, without making documents of it
- `querysets`: named conditions and orders: `Session.objects.owned_by(user_id).newest_first()`
- `sessions`, `messages`, `turns`: conversations; `session_names`: the clients' own names of them;
  `review_indexes`: those of staff's list
- `attachments`: pictures, files and sounds, by GridFS
- `annotations`, `search`: derived from messages, may be deleted and made again
- `review`: staff's notes and the log of what they read
- `figures`, `operations`: figures over all sessions, receipts, rate limits
- `jobs`: upkeep by schedule; `deferred`: work behind turns; `imports`: what users move here
"""

from sessions_app.documents import attachments, checking, review, versions
from sessions_app.documents.annotations import MessageAnnotations
from sessions_app.documents.attachments import (
    Attachment,
    Blob,
    BlobChunk,
    SessionAttachment,
    UploadInProgress,
)
from sessions_app.documents.base import StoredDocument, collection, fields_of
from sessions_app.documents.deferred import DeferredWork
from sessions_app.documents.figures import DailyFigures, StandingFigures
from sessions_app.documents.imports import ImportRun
from sessions_app.documents.jobs import Job, JobRun
from sessions_app.documents.messages import (
    GenerationRecord,
    Message,
    MessageBucket,
    MetadataEntry,
)
from sessions_app.documents.operations import (
    AuditProgress,
    Creation,
    ErasedUser,
    Figures,
    Revocation,
    ServerDialect,
    Sweep,
    ThrottleWindow,
    UsageCounter,
)
from sessions_app.documents.search import SearchDocument, SearchProgress
from sessions_app.documents.session_names import SessionName
from sessions_app.documents.sessions import (
    ContextPolicy,
    Session,
    SummaryRecord,
    TopicRecord,
    TurnLeaseRecord,
)
from sessions_app.documents.turns import Turn

__all__ = [
    "ALL",
    "OF_GRIDFS",
    "Attachment",
    "AuditProgress",
    "Blob",
    "BlobChunk",
    "ContextPolicy",
    "Creation",
    "DailyFigures",
    "DeferredWork",
    "ErasedUser",
    "Figures",
    "GenerationRecord",
    "ImportRun",
    "Job",
    "JobRun",
    "Message",
    "MessageAnnotations",
    "MessageBucket",
    "MetadataEntry",
    "Revocation",
    "SearchDocument",
    "SearchProgress",
    "ServerDialect",
    "Session",
    "SessionAttachment",
    "SessionName",
    "StandingFigures",
    "StoredDocument",
    "SummaryRecord",
    "Sweep",
    "ThrottleWindow",
    "TopicRecord",
    "Turn",
    "TurnLeaseRecord",
    "UploadInProgress",
    "UsageCounter",
    "checking",
    "collection",
    "fields_of",
    "versions",
]

# What GridFS writes, in a form of its own.
OF_GRIDFS = attachments.OF_GRIDFS

ALL: tuple[type[StoredDocument], ...] = (
    Session,
    SessionName,
    MessageBucket,
    MessageAnnotations,
    Turn,
    SearchDocument,
    SearchProgress,
    DeferredWork,
    DailyFigures,
    StandingFigures,
    ErasedUser,
    ThrottleWindow,
    UsageCounter,
    Revocation,
    Creation,
    ImportRun,
    Sweep,
    Figures,
    AuditProgress,
    ServerDialect,
    Job,
    JobRun,
    *attachments.ALL,
    *review.ALL,
)

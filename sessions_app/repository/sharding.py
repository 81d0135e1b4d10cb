"""Which collection is spread over the shards of a cluster, by which key.

A session and all that belongs to it are found by the session's id, so that is what they are spread
by. It is hashed: a UUIDv7 grows with time, and with ranges all new sessions would be written to
one shard. (docs/scaling.md has the alternatives.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mongoengine import get_db
from pymongo.errors import OperationFailure

from sessions_app import documents
from sessions_app.documents import review
from sessions_app.repository import belongings, failures

Command = dict[str, Any]

# Found by their whole `_id` only.
BY_ID = (
    documents.Session,
    documents.SessionName,
    documents.SearchProgress,
    documents.ErasedUser,
    documents.ThrottleWindow,
    documents.UsageCounter,
    documents.Creation,
    documents.Attachment,
    documents.UploadInProgress,
    documents.Blob,
)
# By whole files: their unique index begins with it, and a unique index cannot be hashed. The ids of
# files are random, so that ranges of them are as even.
BY_FILE = documents.BlobChunk
# Small, or read in order by several filters: these stay together, on the database's primary shard.
TOGETHER: Sequence[Any] = (
    review.ReviewLog,
    review.ReviewLogHead,
    documents.Sweep,
    documents.Figures,
    documents.AuditProgress,
    documents.ServerDialect,
    documents.Revocation,
    documents.DailyFigures,
    documents.StandingFigures,
    documents.Job,
    documents.JobRun,
    documents.ImportRun,
)


def keys() -> Mapping[str, Mapping[str, str | int]]:
    """Collection → its shard key; without those that stay together."""
    by_id: dict[str, Mapping[str, str | int]] = {
        _name(document): {"_id": "hashed"} for document in BY_ID
    }
    return (
        by_id
        | {_name(BY_FILE): {"files_id": 1}}
        | {
            _name(document): {"session_id": "hashed"}
            for document in belongings.OF_SESSIONS.values()
        }
    )


def commands() -> list[Command]:
    """What a `mongos` is sent, in order; each may be sent again.

    The index comes first, because a collection that has documents is only sharded by an index.
    """
    database = get_db().name
    made: list[Command] = [{"enableSharding": database}]
    for name, key in keys().items():
        ((field, kind),) = key.items()
        index = {"key": dict(key), "name": f"{field}_{kind}"}
        # A declared index serves where it begins with the key.
        if kind == "hashed":
            made.append({"createIndexes": name, "indexes": [index]})
        made.append({"shardCollection": f"{database}.{name}", "key": dict(key)})
    return made


@failures.translated
def behind_a_router() -> bool:
    """Whether the connection leads to a `mongos`."""
    return bool(get_db().client.admin.command("hello").get("msg") == "isdbgrid")


@failures.translated
def run(command: Command) -> str | None:
    """Send one of `commands`; why the cluster will not have it, or None when it is done."""
    database = get_db()
    target = database if "createIndexes" in command else database.client.admin
    try:
        target.command(command)
    except OperationFailure as error:
        # What will pass is for the operator to try again, not to read as a refusal.
        if failures.is_unavailability(error):
            raise
        return str(error).partition(", full error")[0]
    return None


def _name(document: Any) -> str:
    return str(document.COLLECTION)

"""Looking through everything that is stored for one person: every collection, every document.

Also collections that no document of this project declares: what was forgotten when an erasure
was written is found here.
"""

from collections import Counter
from collections.abc import Callable
from typing import cast

import bson
from mongoengine import get_db

from sessions_app.domain.traces import Trace, recogniser, trace
from sessions_app.repository import failures

# What clients and models write, in whatever collection it lies.
WORDS = frozenset(
    {"messages", "title", "metadata", "summary", "topic", "shifts", "text", "content", "tokens"}
)
Progress = Callable[[int], None]


@failures.translated
def collection_sizes() -> dict[str, int]:
    """The collections of the database, and about how many documents each has."""
    database = get_db()
    names = sorted(database.list_collection_names(filter={"type": "collection"}))
    return {
        name: database[name].estimated_document_count()
        for name in names
        if not name.startswith("system.")
    }


@failures.translated
def count_traces(*, collection: str, user_id: str, progress: Progress) -> Counter[Trace]:
    """How many documents of a collection name the user, and how."""
    names = recogniser(user_id)
    needle = user_id.encode()
    # By the driver: some collections have no document here, and raw batches no queryset.
    stored = get_db()[collection]
    traces: Counter[Trace] = Counter()
    for data in stored.find_raw_batches({}).hint([("_id", 1)]):
        batch = cast(bytes, data)
        # Most batches do not name the user, and searching bytes is far quicker than decoding.
        if needle in batch:
            documents = bson.decode_all(batch, stored.codec_options)
            traces.update(filter(None, (trace(each, names, WORDS) for each in documents)))
        progress(_count(batch))
    return traces


def _count(batch: bytes) -> int:
    """How many documents stand one after another in `batch`."""
    # A document in BSON begins with its length (https://bsonspec.org/spec.html).
    count = at = 0
    while at < len(batch):
        at += int.from_bytes(batch[at : at + 4], "little")
        count += 1
    return count

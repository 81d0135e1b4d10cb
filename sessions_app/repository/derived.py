"""Derived data that cannot be read: removed, as it is made again when it is missing."""

import logging
from collections.abc import Collection, Iterable, Iterator

from sessions_app.documents import StoredDocument, checking
from sessions_app.repository.log import Stored

logger = logging.getLogger(__name__)


def readable(
    document: type[StoredDocument],
    cursor: Iterable[Stored],
    *,
    only: Collection[str] | None = None,
) -> Iterator[Stored]:
    """Those documents of derived data that can be read; the others are removed.

    `only` are the fields that were read of each, where that is not all that is required.
    """
    for stored in cursor:
        problem = checking.readable(document).first_problem(stored, only=only)
        if not problem:
            yield stored
            continue
        logger.warning("damaged: %s %s: %s", document.COLLECTION, stored.get("_id"), problem)
        # By its shard key, which its own `session_id` may no longer be.
        session_id = str(stored["_id"]).partition("/")[0]
        document.objects(pk=stored["_id"], session_id=session_id).delete()

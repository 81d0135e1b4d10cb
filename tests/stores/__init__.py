"""Stores that earlier releases have written, kept as they were: every release reads them.

One directory for each release, one file for each collection, one document a line in MongoDB's
canonical Extended JSON. `v0_1/first_commit` was written by the first code of 0.1, and
`v0_1/last_commit` by the last. Dates on which something ends were moved: what was to last, ends in
2999.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bson import json_util

STORES = Path(__file__).parent
V0_1 = ("v0_1/first_commit", "v0_1/last_commit")

Documents = Mapping[str, list[dict[str, Any]]]


def documents_of(store: str) -> Documents:
    """Collection → its documents."""
    options = json_util.JSONOptions(tz_aware=True, json_mode=json_util.JSONMode.CANONICAL)
    return {
        path.stem: [
            json_util.loads(line, json_options=options)
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        for path in sorted((STORES / store).glob("*.jsonl"))
    }


def load(database: Any, store: str) -> Documents:
    """Put a store into an empty database, as it is."""
    documents = documents_of(store)
    for name, stored in documents.items():
        database[name].insert_many([dict(document) for document in stored])
    return documents

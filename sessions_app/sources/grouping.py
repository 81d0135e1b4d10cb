"""Groups values by key, in a temporary file rather than in memory."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from typing import Any


def grouped(keyed: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Iterator[Any]]]:
    """Yield each key with its values in their order; keys in the order of their first values.

    A group's values must be read before the next group.
    """
    # "" opens a database that SQLite keeps in a temporary file and removes when it is closed.
    with closing(sqlite3.connect("")) as database:
        database.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, key TEXT, value TEXT)")
        database.executemany(
            "INSERT INTO entries (key, value) VALUES (?, ?)",
            ((key, json.dumps(value)) for key, value in keyed),
        )
        database.execute("CREATE INDEX by_key ON entries (key, number)")
        rows = database.execute(
            "SELECT entries.key, entries.value FROM entries JOIN"
            " (SELECT key, min(number) AS first FROM entries GROUP BY key) AS starts USING (key)"
            " ORDER BY starts.first, entries.number"
        )
        for key, group in groupby(rows, key=lambda row: row[0]):
            yield key, (json.loads(value) for _, value in group)

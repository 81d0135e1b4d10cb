"""Putting together what belongs together, however much it is: on disk, in a nameless file."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from typing import Any


def grouped(keyed: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Iterator[Any]]]:
    """Each key with its values in the order in which they came; keys in order of their first.

    A group's values are to be read before the next group is asked for.
    """
    # "" is a database that SQLite keeps in a temporary file and removes by itself.
    with closing(sqlite3.connect("")) as held:
        held.execute("CREATE TABLE kept (place INTEGER PRIMARY KEY, key TEXT, value TEXT)")
        held.executemany(
            "INSERT INTO kept (key, value) VALUES (?, ?)",
            ((key, json.dumps(value)) for key, value in keyed),
        )
        held.execute("CREATE INDEX by_key ON kept (key, place)")
        rows = held.execute(
            "SELECT kept.key, kept.value FROM kept JOIN"
            " (SELECT key, min(place) AS first FROM kept GROUP BY key) AS starts USING (key)"
            " ORDER BY starts.first, kept.place"
        )
        for key, group in groupby(rows, key=lambda row: row[0]):
            yield key, (json.loads(value) for _, value in group)

"""The SQLite file of the OpenAI Agents SDK (openai-agents 0.24, `memory/sqlite_session.py`)."""

import json
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from sessions_app.domain.errors import InvalidInput

MAGIC = b"SQLite format 3\0"
# Tables alone: a view may be without end.
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE %'"
# Of one value; a column may be computed, and as large as it likes.
_VALUE_MAX_BYTES = 64 * 1024 * 1024
_ITEMS = "SELECT message_data, created_at FROM agent_messages WHERE session_id = ? ORDER BY id"
# `AdvancedSQLiteSession` stores branches beside the messages, but not which was shown last: the
# main one is imported.
_MAIN_BRANCH = (
    "SELECT m.message_data, m.created_at FROM message_structure AS s"
    " JOIN agent_messages AS m ON m.id = s.message_id"
    " WHERE s.session_id = ? AND s.branch_id = 'main' ORDER BY s.sequence_number, s.id"
)
_OTHER_BRANCHES = (
    "SELECT count(*) FROM agent_messages AS m WHERE m.session_id = ? AND m.id NOT IN"
    " (SELECT message_id FROM message_structure WHERE session_id = ? AND branch_id = 'main')"
)


class StoredSession(NamedTuple):
    """A session's row, its items with their times, and the number of items of other branches."""

    session_id: str
    created_at: str | None
    updated_at: str | None
    items: Iterator[tuple[Any, str | None]]
    of_other_branches: int


def is_sqlite(path: str) -> bool:
    """Whether a file is a SQLite database."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    # Reported when the file is opened as text.
    except OSError:
        return False


def sessions(path: str) -> Generator[StoredSession, None, None]:
    """Yield each session of the file; raises InvalidInput where it is not such a file."""
    # Read-only: an import must not change the file, nor create one.
    address = f"{Path(path).resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            # A stranger's schema calls no functions but those that can do nothing.
            database.execute("PRAGMA trusted_schema = OFF")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_MAX_BYTES)
            tables = {row[0] for row in database.execute(_TABLES)}
            if not {"agent_sessions", "agent_messages"} <= tables:
                raise InvalidInput(f"{path} has no tables agent_sessions and agent_messages")
            branched = "message_structure" in tables
            rows = database.execute(
                "SELECT session_id, created_at, updated_at FROM agent_sessions ORDER BY rowid"
            )
            for session_id, created_at, updated_at in rows:
                query = _MAIN_BRANCH if branched else _ITEMS
                others = (
                    database.execute(_OTHER_BRANCHES, (session_id, session_id)).fetchone()[0]
                    if branched
                    else 0
                )
                items = _items(database.execute(query, (session_id,)), session_id)
                yield StoredSession(session_id, created_at, updated_at, items, others)
    except sqlite3.Error as error:
        raise InvalidInput(f"{path}: {error}") from error


def _items(rows: sqlite3.Cursor, session_id: str) -> Iterator[tuple[Any, str | None]]:
    for number, (data, created_at) in enumerate(rows, 1):
        try:
            yield json.loads(data), created_at
        except (ValueError, TypeError, RecursionError) as error:
            reason = f"session {session_id}, message {number}: not JSON"
            raise InvalidInput(reason) from error

"""Files that are made to take more than they are: all memory, all time, another place."""

import gzip
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sessions_app.domain.errors import InvalidInput
from sessions_app.sources import agents_sqlite, files
from sessions_app.sources.json_text import Bounds

TABLES = (
    "CREATE TABLE agent_sessions (session_id TEXT, created_at TEXT, updated_at TEXT)",
    "CREATE TABLE agent_messages (id INTEGER, session_id TEXT, message_data TEXT, created_at TEXT)",
)
WITHOUT_END = """CREATE VIEW {} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT i AS id, 'a' AS session_id, '{{}}' AS message_data, '' AS created_at, '' AS updated_at
    FROM n"""


def database(path: Path, *statements: str) -> str:
    with closing(sqlite3.connect(path)) as made, made:
        for statement in statements:
            made.execute(statement)
    return str(path)


@pytest.mark.parametrize("table", ["agent_sessions", "agent_messages"])
def test_a_database_whose_table_is_a_view_without_end_is_refused(tmp_path: Path, table: str):
    real = [each for each in TABLES if table not in each]
    path = database(tmp_path / "in.db", *real, WITHOUT_END.format(table))
    with pytest.raises(InvalidInput, match="has no tables"):
        next(agents_sqlite.sessions(path))


def test_a_value_that_is_computed_larger_than_memory_is_refused(tmp_path: Path):
    huge = TABLES[1].replace("message_data TEXT", "message_data AS (zeroblob(900000000))")
    path = database(
        tmp_path / "in.db", TABLES[0], huge,
        "INSERT INTO agent_sessions VALUES ('a', '', '')",
        "INSERT INTO agent_messages (id, session_id, created_at) VALUES (1, 'a', '')",
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="too big"):
        [list(session.items) for session in agents_sqlite.sessions(path)]


def read(path: Path, **bounds: Any) -> list[Any]:
    with files.opened(str(path), Bounds(**bounds)) as file:
        return [value for _, value in file.values()]


def packed(path: Path, text: bytes) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("conversations.json", text)
    return path


@pytest.mark.parametrize("name", ["in.json.gz", "in.zip"])
def test_a_packed_file_of_nothing_but_blanks_ends_at_the_bound(tmp_path: Path, name: str):
    path = packed(tmp_path / name, b"[" + b" " * 5_000_000)
    with pytest.raises(InvalidInput, match="more than 2,000,000 bytes once it is unpacked"):
        read(path, unpacked_bytes=2_000_000)


def test_a_value_over_the_bound_is_refused_before_it_is_in_memory(tmp_path: Path):
    path = packed(tmp_path / "in.json.gz", b'["' + b"a" * 9_000_000 + b'"]')
    with pytest.raises(InvalidInput):
        read(path, line_bytes=100_000, value_chars=1_000_000)


def test_within_its_bounds_a_packed_file_is_read(tmp_path: Path):
    path = packed(tmp_path / "in.zip", b'[{"a": 1}, {"a": 2}]')
    assert read(path, unpacked_bytes=1_000, value_chars=100) == [{"a": 1}, {"a": 2}]

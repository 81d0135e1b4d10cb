"""Opens the source of an import, recognises its format, and reads it as numbered records."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import LineRefused, numbered_records
from sessions_app.services.transfer import formats, reading
from sessions_app.services.transfer.making import Making
from sessions_app.services.transfer.reading import Conversations
from sessions_app.services.transfer.source import Source, SourceReading
from sessions_app.sources import (
    agents_mongodb,
    agents_sqlite,
    archives,
    files,
    langchain_mongodb,
    langgraph_mongodb,
    mongodb,
)
from sessions_app.sources.archives import Archive
from sessions_app.sources.json_text import Values

# Of so many values at the beginning of a file, one must be of a format that is known.
_LOOKED_AT = 1_000
_IN_MONGODB = {
    "langchain": langchain_mongodb,
    "agents": agents_mongodb,
    "langgraph": langgraph_mongodb,
}


def source_read(
    *, source: Source, user_id: str | None, now: datetime, dry_run: bool = False
) -> SourceReading:
    """Open a source; raises InvalidInput, also while its records are read.

    `user_id` becomes the owner of every session; None keeps the owners that the source names.
    """
    with ExitStack() as opened:
        opening = _Opening(source, user_id, now, dry_run, opened)
        # By name before content: a database cannot be opened as a file.
        if source.name.startswith(mongodb.SCHEMES):
            done = opening.database()
        elif source.name != files.STDIN and agents_sqlite.is_sqlite(source.name):
            done = opening.sqlite()
        else:
            done = opening.file()
        done.opened = opened.pop_all()
        return done
    raise AssertionError


class _Opening:
    """Opens one source."""

    def __init__(
        self,
        source: Source,
        user_id: str | None,
        now: datetime,
        dry_run: bool,
        opened: ExitStack,
    ) -> None:
        self._source, self._opened = source, opened
        self._making = Making(user_id, now, dry_run, source.forks)

    def database(self) -> SourceReading:
        client = self._opened.enter_context(mongodb.connected(self._source.name))
        kind = self._kind_in(client)
        database = mongodb.database_of(client, _IN_MONGODB[kind].DATABASE)
        conversations = reading.of_mongodb(kind, database, self._source.collection)
        return self._reading(kind, _translated(conversations), None)

    def _kind_in(self, client: Any) -> str:
        """The program that has its collection in the database, by its name or its documents."""
        wanted = self._source.format
        if wanted != "auto":
            if wanted not in _IN_MONGODB:
                raise InvalidInput(f"{wanted} is not read from a database")
            return wanted
        if self._source.collection:
            for module in _IN_MONGODB.values():
                database = mongodb.database_of(client, module.DATABASE)
                first = database[self._source.collection].find_one()
                kind = formats.recognised(first) if first else None
                if kind in _IN_MONGODB:
                    return kind
            return "langchain"
        there = [
            kind
            for kind, module in _IN_MONGODB.items()
            if module.COLLECTION
            in mongodb.database_of(client, module.DATABASE).list_collection_names()
        ]
        if len(there) > 1:
            raise InvalidInput(f"the database has {' and '.join(there)}: say which (--format)")
        return there[0] if there else "langchain"

    def sqlite(self) -> SourceReading:
        stored = agents_sqlite.sessions(self._source.name)
        self._opened.callback(stored.close)
        return self._reading("agents", reading.of_sqlite(stored), None)

    def file(self) -> SourceReading:
        name = self._source.name
        file = self._opened.enter_context(files.opened(name, self._source.bounds))
        result = SourceReading("", iter(()), self._opened, fraction=file.fraction)
        values = file.values(result.refuse, lambda value: formats.recognised(value) is not None)
        self._opened.callback(values.close)
        kind, first, read = _recognised(values, self._source.format, result)
        # What has been read to recognise the format comes first.
        rest = chain(read, values)
        archive = file.archive or self._beside()
        result.format = kind
        if kind == "native":
            if result.refused:
                raise InvalidInput(result.refused[0])
            if formats.recognised(first) != kind:
                like = formats.looks_like(first)
                raise LineRefused(1, f"this is not an export of sessions: {like}")
            result.records = numbered_records(_strict(rest, result))
            return result
        stem = Path(name).name.partition(".")[0] or name
        conversations = reading.of_values(kind, rest, stem, result.refuse)
        result.seen = formats.looks_like(first)
        result.records = self._making.records(conversations, result, archive)
        return result

    def _beside(self) -> Archive | None:
        folder = self._source.attachments or f"{self._source.name}.files"
        return archives.of_folder(Path(folder)) if Path(folder).is_dir() else None

    def _reading(
        self, kind: str, conversations: Conversations, archive: Archive | None
    ) -> SourceReading:
        result = SourceReading(kind, iter(()), self._opened)
        result.records = self._making.records(conversations, result, archive)
        return result


def _translated(conversations: Conversations) -> Conversations:
    """The conversations of a database, whose failures are InvalidInput while it is read, too."""
    with mongodb.failures():
        yield from conversations


def _recognised(
    values: Values, wanted: str, result: SourceReading
) -> tuple[str, Any, list[tuple[int, Any]]]:
    """The format of a file, the value that showed it, and all that was read for that."""
    read: list[tuple[int, Any]] = []
    for line, value in values:
        read.append((line, value))
        kind = formats.recognised(value)
        if kind is not None or len(read) == _LOOKED_AT:
            break
    if not read:
        if result.refused:
            raise InvalidInput(result.refused[0])
        raise LineRefused(1, "the file is empty")
    kind = formats.recognised(read[-1][1])
    if wanted == "auto" and kind is None:
        raise InvalidInput("this is in none of the formats that are known here; see --format")
    return (kind or wanted) if wanted == "auto" else wanted, read[-1][1], read


def _strict(values: Iterator[tuple[int, Any]], result: SourceReading) -> Iterator[tuple[int, Any]]:
    """The lines of an export of this service, of which none may be wrong."""
    for line, value in values:
        if result.refused:
            raise InvalidInput(result.refused[0])
        yield line, value
    if result.refused:
        raise InvalidInput(result.refused[0])

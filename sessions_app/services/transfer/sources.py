"""Opens the source of an import, recognises its format, and reads it as numbered records."""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sessions_app.domain import foreign, lifecycle
from sessions_app.domain import records as records_rules
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign.conversations import Conversation
from sessions_app.domain.records.reading import LineRefused, numbered_records
from sessions_app.domain.records.writing import BEGIN, Record
from sessions_app.services.sessions import policy_default, timeout_at
from sessions_app.sources import agents_sqlite, files, grouping, langchain_mongodb

FORMATS = ("auto", "native", "openai", "librechat", "langchain", "agents")

Values = Iterator[tuple[int, Any]]
NumberedConversations = Iterator[tuple[int, Conversation]]


@dataclass(frozen=True, slots=True)
class Source:
    """What to import: a file name, `-` for stdin, or a MongoDB URI with its collection."""

    name: str
    format: str = "auto"
    collection: str | None = None


@dataclass(slots=True)
class SourceReading:
    """An open source: its format, its records, and in `left` what could not be imported."""

    format: str
    records: Iterable[tuple[int, Record]]
    opened: Generator[Any, None, None]
    left: Counter[str] = field(default_factory=Counter)

    def close(self) -> None:
        """Close the source, read to its end or not."""
        self.opened.close()


def source_read(*, source: Source, user_id: str | None, now: datetime) -> SourceReading:
    """Open a source; raises InvalidInput, also while its records are read.

    `user_id` becomes the owner of every session; None keeps the owners that the source names.
    """
    # By name before content: a database cannot be opened as a file.
    if source.name.startswith(langchain_mongodb.SCHEMES):
        grouped = langchain_mongodb.sessions(source.name, source.collection)
        sessions = ((0, foreign.langchain.from_documents(*group)) for group in grouped)
        return _reading("langchain", sessions, grouped, user_id, now)
    if source.name != files.STDIN and agents_sqlite.is_sqlite(source.name):
        stored = agents_sqlite.sessions(source.name)
        return _reading("agents", _agents_file(stored), stored, user_id, now)
    values = files.values(source.name)
    try:
        first = next(values, None)
        if first is None:
            raise LineRefused(1, "the file is empty")
        kind = _recognised(first[1]) if source.format == "auto" else source.format
    # The generator holds an open file, which nobody else would close.
    except InvalidInput:
        values.close()
        raise
    # The first value has been read to recognise the format.
    rest = chain([first], values)
    if kind == "native":
        return SourceReading("native", numbered_records(rest), values)
    conversations = _READERS[kind](rest, Path(source.name).stem)
    return _reading(kind, conversations, values, user_id, now)


def _recognised(value: Any) -> str:
    """The format of a file, by its first value."""
    if isinstance(value, dict) and value.get("type") == BEGIN and "format" in value:
        return "native"
    if foreign.chatgpt.recognises(value):
        return "openai"
    if foreign.librechat.recognises(value) or foreign.librechat.recognises_document(value):
        return "librechat"
    if foreign.langchain.recognises_document(value):
        return "langchain"
    if foreign.openai_agents.recognises(value) or foreign.openai_agents.recognises_item(value):
        return "agents"
    raise InvalidInput("this is in none of the formats that are known here; see --format")


def _reading(
    kind: str,
    conversations: NumberedConversations,
    opened: Generator[Any, None, None],
    user_id: str | None,
    now: datetime,
) -> SourceReading:
    left: Counter[str] = Counter()
    return SourceReading(kind, _as_records(conversations, user_id, now, left), opened, left)


def _as_records(
    conversations: NumberedConversations, user_id: str | None, now: datetime, left: Counter[str]
) -> Iterator[tuple[int, Record]]:
    policy: Mapping[str, Any] = {
        name: getattr(value, "value", value) for name, value in asdict(policy_default()).items()
    }
    expires_at = timeout_at(lifecycle.to_milliseconds(now), None)
    for line, conversation in conversations:
        owner = user_id or conversation.owner
        if owner is None:
            # A guess would give a conversation to the wrong user.
            raise InvalidInput("these conversations name no owner: say whose they become (--user)")
        for record in foreign.conversations.records(
            conversation, user_id=owner, policy=policy, expires_at=expires_at, now=now
        ):
            yield line, records_rules.writing.spelt(record)
        # After its records: making them counts as well.
        left.update(conversation.left)


def _openai(values: Values, _: str) -> NumberedConversations:
    for line, value in values:
        # A file may hold conversations without messages, which have no tree.
        _require(foreign.chatgpt.recognises(value) or isinstance(value, dict), line)
        yield line, foreign.chatgpt.read_conversation(value)


def _librechat(values: Values, _: str) -> NumberedConversations:
    """Exported conversations one after another, or documents of the collections in any order."""
    line, value = next(values)
    if foreign.librechat.recognises(value):
        for at, each in chain([(line, value)], values):
            _require(foreign.librechat.recognises(each), at)
            yield at, foreign.librechat.read_conversation(each)
        return
    keyed = _keyed(
        chain([(line, value)], values), foreign.librechat.recognises_document, "conversationId"
    )
    for conversation_id, documents in grouping.grouped(keyed):
        yield (
            0,
            foreign.librechat.from_documents(
                conversation_id, map(foreign.conversations.plain, documents)
            ),
        )


def _langchain(values: Values, _: str) -> NumberedConversations:
    recognises = foreign.langchain.recognises_document
    keyed = _keyed(values, recognises, foreign.langchain.SESSION_KEY)
    for session_id, documents in grouping.grouped(keyed):
        yield (
            0,
            foreign.langchain.from_documents(
                session_id, map(foreign.conversations.plain, documents)
            ),
        )


def _keyed(
    values: Values, recognises: Callable[[Any], bool], key: str
) -> Iterator[tuple[str, Any]]:
    for line, value in values:
        _require(recognises(value), line)
        yield str(value[key]), value


def _agents(values: Values, stem: str) -> NumberedConversations:
    """Whole sessions, or the items of one session that is named after its file."""
    line, value = next(values)
    rest = chain([(line, value)], values)
    if not foreign.openai_agents.recognises(value):
        yield line, foreign.openai_agents.from_items(stem, ((each, None) for _, each in rest))
        return
    # Sessions one after another; a list of items is a single session.
    for at, each in rest:
        _require(foreign.openai_agents.recognises(each), at)
        items = ((item, None) for item in each["items"])
        yield at, foreign.openai_agents.from_items(str(each["session_id"]), items)


def _agents_file(conversations: Iterable[agents_sqlite.StoredSession]) -> NumberedConversations:
    for stored in conversations:
        conversation = foreign.openai_agents.from_items(
            stored.session_id,
            ((item, foreign.conversations.text_time(at)) for item, at in stored.items),
            created_at=foreign.conversations.text_time(stored.created_at),
            updated_at=foreign.conversations.text_time(stored.updated_at),
        )
        if stored.of_other_branches:
            conversation.left["message of another branch"] += stored.of_other_branches
        yield 0, conversation


def _require(condition: bool, line: int) -> None:
    if not condition:
        raise LineRefused(line, "not what the values before it are")


_READERS: dict[str, Callable[[Values, str], NumberedConversations]] = {
    "openai": _openai,
    "librechat": _librechat,
    "langchain": _langchain,
    "agents": _agents,
}

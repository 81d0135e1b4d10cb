"""Reads the values of a source as conversations, each of which can be refused by itself."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from sessions_app.domain import foreign
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign.conversations import Conversation, plain, text_time
from sessions_app.domain.foreign.shapes import OTHER_BRANCH, as_text, identity
from sessions_app.domain.records.reading import LineRefused
from sessions_app.sources import (
    agents_mongodb,
    agents_sqlite,
    checkpoints,
    grouping,
    langchain_mongodb,
    langgraph_mongodb,
)
from sessions_app.sources.json_text import Refuse

_SHOWN_CHARS = 60
_INNER_GRAPH = "checkpoint of an inner graph"


class StoredConversation(NamedTuple):
    """A conversation before it is read: where it begins, and what it is called in a refusal.

    `read` takes the end of a branch, or None for the current one; it raises InvalidInput.
    """

    line: int
    name: str
    read: Callable[[str | None], Conversation]


Conversations = Iterator[StoredConversation]
NumberedValues = Iterator[tuple[int, Any]]


def of_values(kind: str, values: NumberedValues, stem: str, refuse: Refuse) -> Conversations:
    """The conversations of a file in this format; `stem` names a file that is one session."""
    return _READERS[kind](values, stem, refuse)


def _each(
    recognises: Callable[[Any], bool],
    read: Callable[..., Conversation],
    name_of: Callable[[Any], Any],
) -> Callable[[NumberedValues, str, Refuse], Conversations]:
    """A reader of files in which every value is a conversation."""

    def conversations(values: NumberedValues, _: str, refuse: Refuse) -> Conversations:
        for line, value in values:
            if recognises(value):
                yield StoredConversation(line, _named(name_of(value)), partial(read, value))
            else:
                refuse(_strange(line, value))

    return conversations


def _named(*names: Any) -> str:
    return next((as_text(name)[:_SHOWN_CHARS] for name in names if name), "without a name")


def _strange(line: int, value: Any) -> LineRefused:
    shown = as_text(value)
    shown = f"{shown[:_SHOWN_CHARS]}…" if len(shown) > _SHOWN_CHARS else shown
    return LineRefused(line, f"not what the values before it are: {shown}")


def _librechat(values: NumberedValues, stem: str, refuse: Refuse) -> Conversations:
    """Exported conversations one after another, or documents of the collections in any order."""
    documents: list[tuple[int, Any]] = []
    for line, value in values:
        if foreign.librechat.recognises(value):
            name = _named(value.get("title"), value.get("conversationId"))
            yield StoredConversation(
                line, name, partial(foreign.librechat.read_conversation, value)
            )
        elif foreign.librechat.recognises_document(value):
            documents.append((line, value))
            break
        else:
            refuse(_strange(line, value))
    if documents:
        rest = _chained(documents, values)
        recognises = foreign.librechat.recognises_document
        for key, lines in _grouped(rest, recognises, "conversationId", refuse):
            read = partial(_of_documents, foreign.librechat.from_documents, key, lines)
            yield StoredConversation(lines[0][0], key, read)


def _chained(first: list[tuple[int, Any]], rest: NumberedValues) -> NumberedValues:
    yield from first
    yield from rest


def _langchain(values: NumberedValues, _: str, refuse: Refuse) -> Conversations:
    recognises = foreign.langchain.recognises_document
    for key, lines in _grouped(values, recognises, foreign.langchain.SESSION_KEY, refuse):
        read = partial(_of_documents, _without_end(foreign.langchain.from_documents), key, lines)
        yield StoredConversation(lines[0][0], key, read)


def _langgraph(values: NumberedValues, _: str, refuse: Refuse) -> Conversations:
    recognises = foreign.langgraph.recognises_document
    for key, lines in _grouped(values, recognises, foreign.langgraph.THREAD_KEY, refuse):
        newest, oldest, inner = foreign.langgraph.newest([document for _, document in lines])
        at = next((line for line, document in lines if document is newest), lines[0][0])
        yield StoredConversation(at, key, partial(_thread, key, newest, oldest, inner))


def _thread(
    thread_id: str, newest: Any, oldest: str, inner: int, _: str | None = None
) -> Conversation:
    if newest is None:
        checkpoint: Any = {}
    else:
        document = plain({name: newest.get(name) for name in ("type", "checkpoint")})
        checkpoint = checkpoints.unpacked(document["type"], document["checkpoint"])
    conversation = foreign.langgraph.from_checkpoint(thread_id, checkpoint, oldest=oldest)
    if inner:
        conversation.left[_INNER_GRAPH] += inner
    return conversation


def _without_end(
    read: Callable[[str, Iterable[Any]], Conversation],
) -> Callable[..., Conversation]:
    """A reader of documents that have no branches."""
    return lambda key, documents, _=None: read(key, documents)


def _of_documents(
    read: Callable[..., Conversation], key: str, lines: list[Any], end: str | None = None
) -> Conversation:
    """Read documents; raises LineRefused with the line of the one that is wrong."""
    documents = []
    for line, document in lines:
        try:
            plain_document = plain(document)
            if read is foreign.librechat.from_documents:
                foreign.librechat.check_ids(plain_document)
        except InvalidInput as error:
            raise LineRefused(line, f"conversation {key}: {error.detail}") from error
        documents.append(plain_document)
    return read(key, documents, end)


def _grouped(
    values: NumberedValues, recognises: Callable[[Any], bool], key: str, refuse: Refuse
) -> Iterator[tuple[str, list[Any]]]:
    """The documents of each conversation, with their lines, as they stand in the file."""
    for name, documents in grouping.grouped(_keyed(values, recognises, key, refuse)):
        yield name, list(documents)


def _keyed(
    values: NumberedValues, recognises: Callable[[Any], bool], key: str, refuse: Refuse
) -> Iterator[tuple[str, Any]]:
    for line, value in values:
        if not recognises(value):
            refuse(_strange(line, value))
            continue
        try:
            # As it is stored meanwhile.
            json.dumps(value)
        except RecursionError:
            refuse(LineRefused(line, "nested too deeply"))
        else:
            yield str(value[key]), [line, value]


def _agents(values: NumberedValues, stem: str, refuse: Refuse) -> Conversations:
    """Whole sessions, documents of MongoDB, or the items of one session named after its file."""
    first = next(values, None)
    if first is None:
        return
    rest = _chained([first], values)
    if foreign.openai_agents.recognises_document(first[1]):
        recognises = foreign.openai_agents.recognises_document
        from_documents = _without_end(foreign.openai_agents.from_documents)
        for key, lines in _grouped(rest, recognises, "session_id", refuse):
            read = partial(_of_documents, from_documents, key, lines)
            yield StoredConversation(lines[0][0], key, read)
    elif foreign.openai_agents.recognises(first[1]):
        yield from _each(
            foreign.openai_agents.recognises, _agents_session, lambda v: v.get("session_id")
        )(rest, stem, refuse)
    else:
        items = [value for _, value in rest]
        yield StoredConversation(first[0], stem, lambda _: _agents_items(stem, items))


def _agents_session(value: Any, _: str | None = None) -> Conversation:
    return _agents_items(identity(value["session_id"]), value["items"])


def _agents_items(session_id: str, items: Iterable[Any]) -> Conversation:
    return foreign.openai_agents.from_items(session_id, ((item, None) for item in items))


def of_sqlite(stored_sessions: Iterable[agents_sqlite.StoredSession]) -> Conversations:
    """The sessions of the Agents SDK's SQLite file."""
    for stored in stored_sessions:
        items = list(stored.items)
        yield StoredConversation(0, stored.session_id, partial(_of_sqlite, stored, items))


def _of_sqlite(
    stored: agents_sqlite.StoredSession, items: list[Any], _: str | None
) -> Conversation:
    conversation = foreign.openai_agents.from_items(
        stored.session_id,
        ((item, text_time(at)) for item, at in items),
        created_at=text_time(stored.created_at),
        updated_at=text_time(stored.updated_at),
    )
    if stored.of_other_branches:
        conversation.left[OTHER_BRANCH] += stored.of_other_branches
    return conversation


def of_mongodb(kind: str, database: Any, collection: str | None) -> Conversations:
    """The conversations that a program has in this database."""
    if kind == "langgraph":
        for thread in langgraph_mongodb.threads(database, collection):
            read = partial(_thread, thread.thread_id, thread.newest, thread.oldest, thread.inner)
            yield StoredConversation(0, thread.thread_id, read)
        return
    sessions, from_documents = (
        (agents_mongodb.sessions, foreign.openai_agents.from_documents)
        if kind == "agents"
        else (langchain_mongodb.sessions, foreign.langchain.from_documents)
    )
    for session_id, group in sessions(database, collection):
        documents = list(group)
        read = partial(_without_end(from_documents), session_id, documents)
        yield StoredConversation(0, session_id, read)


_READERS: dict[str, Callable[[NumberedValues, str, Refuse], Conversations]] = {
    "openai": _each(
        # A file may hold conversations without messages, which have no tree.
        lambda value: isinstance(value, dict),
        foreign.chatgpt.read_conversation,
        lambda value: value.get("title") or value.get("conversation_id") or value.get("id"),
    ),
    "claude": _each(
        foreign.claude.recognises,
        foreign.claude.read_conversation,
        lambda value: value.get("name") or value.get("uuid"),
    ),
    "openwebui": _each(
        foreign.open_webui.recognises,
        foreign.open_webui.read_conversation,
        lambda value: value.get("title") or value.get("id"),
    ),
    "session": _each(
        foreign.own_session.recognises,
        foreign.own_session.read_conversation,
        lambda value: value.get("title") or value.get("session_id"),
    ),
    "librechat": _librechat,
    "langchain": _langchain,
    "langgraph": _langgraph,
    "agents": _agents,
}

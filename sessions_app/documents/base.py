"""What all documents share, and the one way past them to the driver."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Protocol, cast

from mongoengine import Document, EmbeddedDocument, LongField, StringField, get_db
from mongoengine.base import BaseField
from pymongo.collection import Collection

from sessions_app.documents import versions
from sessions_app.documents.querysets import StoredQuerySet

Stored = dict[str, Any]


class SchemaVersionField(LongField):
    """The version of a document's stored form; see `versions`. One without it has the first."""


class StoredDocument(Document):
    """A document with a collection of its own."""

    schema_version = SchemaVersionField(default=versions.CURRENT, min_value=versions.FIRST)

    # The collection's name, which `meta` repeats for MongoEngine.
    COLLECTION: ClassVar[str]
    objects: ClassVar[StoredQuerySet]

    meta: ClassVar[dict[str, Any]] = {
        "abstract": True,
        "queryset_class": StoredQuerySet,
        # Indexes are built by `repository.indexes.ensure`, never during a request.
        "auto_create_index": False,
        # While workers are replaced one by one, an old one reads documents that a new one wrote,
        # with fields it does not know. It must not fail on them.
        "strict": False,
    }


class IdentifierField(StringField):
    """A string that is only ever compared as a whole, such as an id.

    MongoEngine validates what is searched for as if it was about to be stored, so a client's id of
    37 characters would raise ValidationError. It has to find nothing, like any unknown id.
    """

    def prepare_query_value(self, op: str | None, value: Any) -> Any:
        """The value as it is; MongoDB compares any two strings."""
        return value


_Declared = type[Document] | type[EmbeddedDocument]


class _Fields(Protocol):
    def __call__(self, declared: _Declared, /) -> Mapping[str, BaseField]: ...


def _fields_of(declared: _Declared) -> Mapping[str, BaseField]:
    """The fields that a class declares, by name, in the order of their declaration."""
    members = inspect.getmembers_static(declared, lambda member: isinstance(member, BaseField))
    # MongoEngine gives a primary key to the class again, as `id`.
    own = {field.name: field for name, field in members if name == field.name}
    return dict(sorted(own.items(), key=lambda each: each[1].creation_counter))


fields_of = cast(_Fields, cache(_fields_of))


class _Collections(Protocol):
    def __call__(self, document: type[StoredDocument], /) -> Collection[Stored]: ...
    def cache_clear(self) -> None: ...


def _collection(document: type[StoredDocument]) -> Collection[Stored]:
    """The driver's collection of `document`, on MongoEngine's default connection.

    For what querysets cannot do, or cannot do fast enough: transactions, bulk writes, array
    arithmetic, write concerns of a `find_one_and_update`, and the append and window paths. Each use
    says why beside it; docs/decisions/0024 has the figures. Remembered, because every append asks
    for it: whoever connects anew calls `collection.cache_clear()`.
    """
    return get_db()[document.COLLECTION]


collection = cast(_Collections, cache(_collection))

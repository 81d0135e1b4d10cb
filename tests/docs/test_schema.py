"""docs/schema.md has every collection, field and index that documents.py declares, and no other.

What fails names the rows that are missing.
"""

from typing import Any

import pytest
from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    LongField,
    ObjectIdField,
    StringField,
)

from sessions_app import documents
from tests.docs import pages

TEXT = pages.read("schema.md")
KINDS = {
    ObjectIdField: "objectid", StringField: "string", LongField: "long", IntField: "int",
    BooleanField: "boolean",
    DateTimeField: "date", BinaryField: "binary", DictField: "object",
}  # fmt: skip


def kind(field: Any) -> str:
    """A field's type in words."""
    match field:
        case EmbeddedDocumentListField():
            return f"list of {field.field.document_type.__name__}"
        case EmbeddedDocumentField():
            return str(field.document_type.__name__)
        case ListField():
            return "list"
    return next(word for of, word in KINDS.items() if isinstance(field, of))


def declared_fields(document: Any) -> set[tuple[str, str]]:
    return {(field.db_field, kind(field)) for field in document._fields.values()}


def described_fields(title: str) -> set[tuple[str, str]]:
    rows = pages.tables(pages.section(TEXT, title)).get("field", [])
    return {(name, row[1]) for row in rows for name in pages.code(row[0])}


def declared_indexes(document: Any) -> set[tuple[str, ...]]:
    # A MongoEngine index names fields as the document does; what is stored may be called otherwise.
    found = set()
    for spec in document._meta["index_specs"]:
        keys = [f"{'-' if order == -1 else ''}{name}" for name, order in spec["fields"]]
        found.add((spec["name"], *keys))
    return found


def described_indexes(title: str) -> set[tuple[str, ...]]:
    rows = pages.tables(pages.section(TEXT, title)).get("index", [])
    return {(*pages.code(row[0]), *pages.code(row[1])) for row in rows}


def missing_rows(rows: set[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(f'`{cell}`' for cell in row)} | … |" for row in sorted(rows))


def embedded(document: Any) -> set[Any]:
    """Every embedded document that one of this kind can hold."""
    found = set()
    for field in document._fields.values():
        inner = field.field if isinstance(field, ListField) else field
        if isinstance(inner, EmbeddedDocumentField):
            found |= {inner.document_type} | embedded(inner.document_type)
    return found


EVERY = "Every document"
SHARED = set(documents.StoredDocument._fields)
TITLES = {
    EVERY: documents.StoredDocument,
    **{f"`{document.COLLECTION}`": document for document in documents.ALL},
    **{document.__name__: document for each in documents.ALL for document in embedded(each)},
}


@pytest.mark.parametrize("title", sorted(TITLES))
def test_every_field_is_described(title: str):
    declared, described = declared_fields(TITLES[title]), described_fields(title)
    if title.startswith("`"):
        declared = {row for row in declared if row[0] not in SHARED}

    assert declared - described == set(), (
        f"docs/schema.md, under the heading {title}, lacks\n{missing_rows(declared - described)}"
    )
    assert described - declared == set(), f"{title} has no such field"


@pytest.mark.parametrize("title", sorted(title for title in TITLES if title.startswith("`")))
def test_every_index_is_described_with_what_it_serves(title: str):
    declared, described = declared_indexes(TITLES[title]), described_indexes(title)

    assert declared - described == set(), (
        f"docs/schema.md, under the heading {title}, lacks\n{missing_rows(declared - described)}"
    )
    assert described - declared == set(), f"{title} has no such index"


def test_every_row_says_something():
    for title, document in TITLES.items():
        found = pages.tables(pages.section(TEXT, title))
        assert all(row[2] for row in found.get("index", [])), title
        unsaid = [row[0] for row in found["field"] if not row[2] and row[1] != "date"]
        assert unsaid == [], title
        assert issubclass(document, EmbeddedDocument) or title[0] == "`" or title == EVERY

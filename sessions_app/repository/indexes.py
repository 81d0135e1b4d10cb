"""The declared indexes, and those that are there."""

from typing import Any, NamedTuple

import pymongo
from mongoengine import get_db
from pymongo import IndexModel
from pymongo.errors import OperationFailure

from sessions_app import documents
from sessions_app.documents import collection
from sessions_app.repository import failures

# A build reads the whole collection: of many millions it takes far longer than any other operation
# may.
_BUILD_SECONDS = 24 * 3600.0


def declared() -> dict[str, list[IndexModel]]:
    """Collection name → its indexes, as the documents declare them."""
    return {
        # MongoEngine's own reading of `meta`, which has the fields as they are stored and no public
        # name: `list_indexes` leaves out their options.
        document.COLLECTION: [_model(dict(spec)) for spec in document._meta.get("index_specs", [])]
        for document in documents.ALL
    }


def _model(spec: dict[str, Any]) -> IndexModel:
    fields = spec.pop("fields")
    spec.pop("cls", None)
    return IndexModel(fields, **spec)


@failures.translated
def ensure() -> dict[str, list[str]]:
    """Create the indexes that are missing; collection name → names of those that are declared.

    MongoDB builds them without blocking reads or writes, and creating one that is there does
    nothing.
    """
    made: dict[str, list[str]] = {}
    for document in documents.ALL:
        name = document.COLLECTION
        _create_collection(name)
        models = declared()[name]
        with pymongo.timeout(_BUILD_SECONDS):
            # By the driver: `Document.ensure_indexes` does not say what it has made.
            made[name] = collection(document).create_indexes(models) if models else []
    return made


def _create_collection(name: str) -> None:
    """Before the first write, so that no transaction has to create it (MongoDB 4.4 can, but
    then locks the whole database)."""
    try:
        get_db().create_collection(name, check_exists=False)
    except OperationFailure as error:
        if error.code != 48:  # NamespaceExists
            raise


class IndexDifference(NamedTuple):
    """An index that is not as declared: `missing`, `different`, or `undeclared`."""

    collection: str
    name: str
    problem: str


@failures.translated
def differences() -> list[IndexDifference]:
    """How the indexes that are there differ from the declared ones."""
    problems: list[IndexDifference] = []
    for document in documents.ALL:
        name = document.COLLECTION
        present = {
            index["name"]: index
            for index in collection(document).list_indexes()
            # Neither MongoDB's own nor a shard key's (sharding.py) is for a document to declare.
            if index["name"] != "_id_" and "hashed" not in index["key"].values()
        }
        wanted = {model.document["name"]: model.document for model in declared()[name]}
        for index in sorted(wanted.keys() | present.keys()):
            problem = _problem(wanted.get(index), present.get(index))
            if problem:
                problems.append(IndexDifference(name, index, problem))
    return problems


def _problem(wanted: Any, present: Any) -> str | None:
    if present is None:
        return "missing"
    if wanted is None:
        return "undeclared"
    options = ("key", "partialFilterExpression", "expireAfterSeconds", "unique")
    same = all(_plain(wanted.get(option)) == _plain(present.get(option)) for option in options)
    return None if same else "different"


def _plain(value: Any) -> Any:
    """An option as comparable data; the order of a key's fields matters."""
    return list(value.items()) if hasattr(value, "items") else value

"""MongoDB as mongomock has it, inside the test's process: what `--quick` runs on.

It finds, changes and counts as MongoDB does, and knows nothing of query plans, commands of a
server, transactions that fail or writers at the same moment. Tests of those are marked `mongod`.
"""

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from types import NoneType, SimpleNamespace
from typing import Any

import mongomock
import mongomock.collection
import mongomock.database
import mongomock.helpers
import mongomock.mongo_client
from pymongo import ReturnDocument

from chatproject.databases import mongo
from sessions_app.repository import indexes


class Bulk(mongomock.collection.BulkOperationBuilder):  # type: ignore[misc]
    """Takes what newer drivers hand over."""

    def add_replace(self, *args: Any, sort: None = None, **more: Any) -> None:
        super().add_replace(*args, **more)

    def add_update(self, *args: Any, sort: None = None, **more: Any) -> None:
        super().add_update(*args, **more)


class ComputedCursor(mongomock.collection.Cursor):  # type: ignore[misc]
    """Whole documents are found, sorted and counted; each is computed when it is its turn."""

    computed: Mapping[str, Any]

    def __next__(self) -> Any:
        return self.collection.computed(super().__next__()["_id"], self.computed)

    next = __next__


class Collection(mongomock.Collection):  # type: ignore[misc]
    """Computes where mongomock only does so in an aggregation: in projections and in updates."""

    def find(
        self, query: Any = None, projection: Any = None, *args: Any, hint: Any = None, **more: Any
    ) -> Any:
        query = _with_values(query)
        if not _computes(projection):
            return super().find(query, projection, *args, **more)
        cursor = super().find(query, None, *args, **more)
        cursor.__class__, cursor.computed = ComputedCursor, _with_values(projection)
        return cursor

    def computed(self, document_id: Any, projection: Mapping[str, Any]) -> Any:
        """A document as an aggregation shows it."""
        match = {"$match": {"_id": document_id}}
        slices = {name: value["$slice"] for name, value in projection.items() if _is_slice(value)}
        bounds = {
            f"{name}_{at}": {"$add": [bound, 0]}
            for name, (_, *numbers) in slices.items()
            for at, bound in enumerate(numbers)
        }
        # mongomock computes everything but where a slice begins and ends.
        [known] = self.aggregate([match, {"$project": bounds}]) if bounds else [{}]
        numeric = {
            name: {"$slice": [array, *(known[f"{name}_{at}"] for at in range(len(numbers)))]}
            for name, (array, *numbers) in slices.items()
        }
        [shown] = self.aggregate([match, {"$project": {**projection, **numeric}}])
        return shown

    def update_one(self, query: Any, update: Any, *args: Any, **more: Any) -> Any:
        if not isinstance(update, list):
            return super().update_one(_with_values(query), update, *args, **more)
        return self.replace_one(query, self._updated(query, update))

    def find_one_and_update(
        self, query: Any, update: Any, *args: Any, projection: Any = None, **more: Any
    ) -> Any:
        query = _with_values(query)
        if not isinstance(update, list):
            return super().find_one_and_update(query, update, *args, projection=projection, **more)
        changed = self._updated(query, update)
        if not changed:
            return None
        query = {"_id": changed["_id"]}
        return self.find_one_and_replace(query, changed, projection=projection, **more)

    def _updated(self, query: Any, update: list[Any]) -> Any:
        stages = [{"$match": query}, {"$limit": 1}, *update]
        for document in self.aggregate(_with_values(stages)):
            return {name: value for name, value in document.items() if value != _REMOVED}
        return {}


_WRITES = (
    "insert_one", "insert_many", "update_one", "update_many", "replace_one", "delete_one",
    "delete_many", "find_one_and_update", "find_one_and_replace", "find_one_and_delete",
    "bulk_write",
)  # fmt: skip
_WRITING = threading.RLock()


def _one_at_a_time(write: Callable[..., Any]) -> Callable[..., Any]:
    """A write that is one step, as in MongoDB, though it reads first what it will replace."""

    @wraps(write)
    def alone(*args: Any, **more: Any) -> Any:
        with _WRITING:
            return write(*args, **more)

    return alone


# A turn writes on the event loop's thread while the test does on its own.
for _name in _WRITES:
    setattr(Collection, _name, _one_at_a_time(getattr(Collection, _name)))


class Database(mongomock.Database):  # type: ignore[misc]
    """Takes the one command that the service sends as such."""

    def command(self, command: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        after = self[command["findAndModify"]].find_one_and_update(
            command["query"],
            command["update"],
            projection=command["fields"],
            return_document=ReturnDocument.AFTER,
        )
        return {"value": after}


_REMOVED = "removed by the update"


def _with_values(value: Any) -> Any:
    """Variables and operators that mongomock does not know, replaced by their values."""
    match value:
        case {"$add": ["$$NOW", milliseconds]}:
            return datetime.now(UTC) + timedelta(milliseconds=milliseconds)
        case {"$mergeObjects": [{"$literal": values}, more]}:
            return {"$literal": {**values, **_with_values(more)}}
        case {**entries}:
            return {name: _with_values(each) for name, each in entries.items()}
        case [*entries]:
            return [_with_values(each) for each in entries]
        case "$$NOW":
            return datetime.now(UTC)
        case "$$REMOVE":
            return _REMOVED
    return value


def _is_slice(value: Any) -> bool:
    """Whether it is `{"$slice": ["$messages", …]}`, which an aggregation alone knows."""
    arguments = value.get("$slice") if isinstance(value, Mapping) else None
    return isinstance(arguments, list) and isinstance(arguments[0], str)


def _computes(projection: Any) -> bool:
    """Whether a projection has expressions, not names of fields only."""
    return isinstance(projection, Mapping) and any(
        isinstance(value, str)
        or _is_slice(value)
        or (isinstance(value, Mapping) and not value.keys() & {"$slice", "$elemMatch"})
        for value in projection.values()
    )


class Transaction:
    """Runs the work as it stands: nobody else writes, so there is nothing to keep apart."""

    def with_transaction(self, work: Callable[["Transaction"], Any], **_: Any) -> Any:
        return work(self)

    def abort_transaction(self) -> None:
        raise NotImplementedError("mongomock takes nothing back; mark the test with `mongod`")


class InMemoryClient(mongomock.MongoClient):  # type: ignore[misc]
    """A client whose sessions exist and whose transactions are plain writes."""

    options = SimpleNamespace(timeout=None)
    secondaries: frozenset[Any] = frozenset()

    @property
    def admin(self) -> Any:
        """What answers `hello`, by which the service reads MongoDB's clock."""
        return SimpleNamespace(command=lambda *_, **__: {"localTime": datetime.now(UTC)})

    @contextmanager
    def start_session(self, *_: Any, **__: Any) -> Iterator[Transaction]:
        yield Transaction()


# What nobody changes, so that no copy needs another.
_KEPT = frozenset({str, int, float, bool, bytes, NoneType, datetime})


def _walker(otherwise: Callable[[Any], Any], kept: frozenset[type]) -> Callable[[Any], Any]:
    """The same as mongomock's own walk through a document, with less to ask of each value."""

    def walk(value: Any) -> Any:
        kind = type(value)
        if kind in kept:
            return value
        if kind is dict:
            return {name: v if type(v) in kept else walk(v) for name, v in value.items()}
        if kind is list:
            return [v if type(v) in kept else walk(v) for v in value]
        return otherwise(value)

    return walk


def _hasten() -> None:
    """Have documents copied in a fraction of the time, which is nearly all that mongomock takes."""
    helpers, collection = mongomock.helpers, mongomock.collection
    for name in (
        "patch_datetime_awareness_in_document",
        "make_datetime_timezone_aware_in_document",
    ):
        walked = getattr(helpers, name)
        setattr(helpers, name, _walker(walked, _KEPT - {datetime}))
    collection.copy = SimpleNamespace(
        copy=lambda value: value if type(value) in _KEPT else copy.copy(value),
        deepcopy=_walker(copy.deepcopy, _KEPT),
    )


def connect() -> InMemoryClient:
    """A client with nothing in it, whose documents come back as the service's own client's do."""
    mongomock.ignore_feature("session")
    _hasten()
    mongomock.collection.BulkOperationBuilder = Bulk
    mongomock.database.Collection = Collection
    mongomock.mongo_client.Database = Database
    options = mongo.client_options(timeout_ms=10_000)
    return InMemoryClient(
        tz_aware=options["tz_aware"], uuidRepresentation=options["uuidRepresentation"]
    )


def create_indexes(client: InMemoryClient, name: str) -> None:
    """Those that the documents declare, for what they forbid: two documents of one key.

    None by which documents expire: mongomock drops them at once, by the machine's clock.
    """
    for collection, models in indexes.declared().items():
        for model in models:
            if "expireAfterSeconds" not in model.document:
                client[name][collection].create_indexes([model])

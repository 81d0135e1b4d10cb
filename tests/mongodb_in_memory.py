"""MongoDB as mongomock has it, inside the test's process: what `--quick` runs on.

It finds, changes and counts as MongoDB does, and knows nothing of query plans, commands of a
server, transactions that fail or writers at the same moment. Tests of those are marked `mongod`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import mongomock
import mongomock.collection
import mongomock.database

from chatproject import mongo
from sessions_app.repository import indexes


class Bulk(mongomock.collection.BulkOperationBuilder):  # type: ignore[misc]
    """Takes what newer drivers hand over."""

    def add_replace(self, *args: Any, sort: None = None, **more: Any) -> None:
        super().add_replace(*args, **more)

    def add_update(self, *args: Any, sort: None = None, **more: Any) -> None:
        super().add_update(*args, **more)


class Collection(mongomock.Collection):  # type: ignore[misc]
    """Computes where mongomock only does so in an aggregation: in projections and in updates."""

    def find(
        self, filter: Any = None, projection: Any = None, *args: Any, hint: Any = None, **more: Any
    ) -> Any:
        if not _computes(projection):
            return super().find(filter, projection, *args, **more)
        return self.aggregate([{"$match": filter or {}}, {"$project": projection}])

    def update_one(self, filter: Any, update: Any, *args: Any, **more: Any) -> Any:
        if not isinstance(update, list):
            return super().update_one(filter, update, *args, **more)
        computed = list(self.aggregate([{"$match": filter}, {"$limit": 1}, *update]))
        return self.replace_one(filter, computed[0] if computed else {})

    def find_one_and_update(
        self, filter: Any, update: Any, *args: Any, projection: Any = None, **more: Any
    ) -> Any:
        if not isinstance(update, list):
            return super().find_one_and_update(filter, update, *args, projection=projection, **more)
        computed = list(self.aggregate([{"$match": filter}, {"$limit": 1}, *update]))
        if not computed:
            return None
        return self.find_one_and_replace(filter, computed[0], projection=projection, **more)


def _computes(projection: Any) -> bool:
    """Whether a projection has expressions, such as `{"$slice": ["$messages", 2]}`."""
    return isinstance(projection, Mapping) and any(
        isinstance(value, str)
        or (isinstance(value, Mapping) and isinstance(next(iter(value.values())), list))
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

    @contextmanager
    def start_session(self, *_: Any, **__: Any) -> Iterator[Transaction]:
        yield Transaction()


def connect() -> InMemoryClient:
    """A client with nothing in it, whose documents come back as the service's own client's do."""
    mongomock.ignore_feature("session")
    mongomock.collection.BulkOperationBuilder = Bulk
    mongomock.database.Collection = Collection
    options = mongo.client_options(timeout_ms=10_000)
    return InMemoryClient(
        tz_aware=options["tz_aware"], uuidRepresentation=options["uuidRepresentation"]
    )


def create_indexes(client: InMemoryClient, name: str) -> None:
    """Those that the documents declare, for what they forbid: two documents of one key."""
    for collection, models in indexes.declared().items():
        if models:
            client[name][collection].create_indexes(models)

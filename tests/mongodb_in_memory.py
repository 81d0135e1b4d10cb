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
        self, query: Any = None, projection: Any = None, *args: Any, hint: Any = None, **more: Any
    ) -> Any:
        if not _computes(projection):
            return super().find(query, projection, *args, **more)
        return self._find_computed(query or {}, projection)

    def _find_computed(self, query: Any, projection: Mapping[str, Any]) -> Iterator[Any]:
        slices = {name: value for name, value in projection.items() if _is_slice(value)}
        bounds = {
            f"{name}_{at}": {"$add": [bound, 0]}
            for name, value in slices.items()
            for at, bound in enumerate(value["$slice"][1:])
        }
        for stored in super().find(query, {"_id": 1}):
            match = {"$match": {"_id": stored["_id"]}}
            # An aggregation of mongomock's computes everything but where a slice begins and ends.
            [numbers] = self.aggregate([match, {"$project": bounds}])
            numeric = {
                name: {
                    "$slice": [value["$slice"][0]]
                    + [numbers[f"{name}_{at}"] for at in range(len(value["$slice"]) - 1)]
                }
                for name, value in slices.items()
            }
            yield from self.aggregate([match, {"$project": {**projection, **numeric}}])

    def update_one(self, query: Any, update: Any, *args: Any, **more: Any) -> Any:
        if not isinstance(update, list):
            return super().update_one(query, update, *args, **more)
        computed = list(self.aggregate([{"$match": query}, {"$limit": 1}, *update]))
        return self.replace_one(query, computed[0] if computed else {})

    def find_one_and_update(
        self, query: Any, update: Any, *args: Any, projection: Any = None, **more: Any
    ) -> Any:
        if not isinstance(update, list):
            return super().find_one_and_update(query, update, *args, projection=projection, **more)
        computed = list(self.aggregate([{"$match": query}, {"$limit": 1}, *update]))
        if not computed:
            return None
        return self.find_one_and_replace(query, computed[0], projection=projection, **more)


def _is_slice(value: Any) -> bool:
    """Whether it is `{"$slice": ["$messages", …]}`, which an aggregation alone knows."""
    arguments = value.get("$slice") if isinstance(value, Mapping) else None
    return isinstance(arguments, list) and isinstance(arguments[0], str)


def _computes(projection: Any) -> bool:
    """Whether a projection has expressions, not names of fields only."""
    return isinstance(projection, Mapping) and any(
        isinstance(value, str) or _is_slice(value) for value in projection.values()
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
    """Those that the documents declare, for what they forbid: two documents of one key.

    None by which documents expire: mongomock drops them at once, by the machine's clock.
    """
    for collection, models in indexes.declared().items():
        for model in models:
            if "expireAfterSeconds" not in model.document:
                client[name][collection].create_indexes([model])

"""A replica set of three behind the service, with a short limit for what it may take."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mongoengine
import pytest
from mongoengine import connection
from pymongo import MongoClient

from chatproject import mongo
from sessions_app.repository import indexes
from tests.chatproject.conftest import serve
from tests.conftest import use_database
from tests.faults.replica_set import ReplicaSet, three

__all__ = ["serve"]

TIMEOUT_MS = 2_000


@contextmanager
def connected(uri: str) -> "Iterator[MongoClient[dict[str, Any]]]":
    """MongoEngine's default connection is another for a while; the tests' own stays open."""
    registries = (connection._connections, connection._connection_settings, connection._dbs)
    before = [dict(registry) for registry in registries]
    for registry in registries:
        registry.clear()
    try:
        yield mongoengine.connect(host=uri, **mongo.client_options(TIMEOUT_MS))
    finally:
        mongoengine.disconnect()
        for registry, held in zip(registries, before, strict=True):
            registry.update(held)


@pytest.fixture
def replica_set(tmp_path: Path) -> Iterator[ReplicaSet]:
    with three(tmp_path) as found, connected(found.uri) as client:
        use_database(client, "faults")
        indexes.ensure()
        yield found

"""A replica set of three behind the service, with a short limit for what it may take."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from chatproject.databases import mongo
from sessions_app.repository import indexes
from tests.chatproject.conftest import serve
from tests.conftest import use_database
from tests.faults.replica_set import ReplicaSet, three

__all__ = ["serve"]

TIMEOUT_MS = 2_000


@contextmanager
def connected(uri: str) -> "Iterator[MongoClient[dict[str, Any]]]":
    """Another client for a while; the tests' own stays open."""
    client: MongoClient[dict[str, Any]] = MongoClient(uri, **mongo.client_options(TIMEOUT_MS))
    with client:
        use_database(client, "faults")
        yield client


@pytest.fixture
def replica_set(tmp_path: Path) -> Iterator[ReplicaSet]:
    with three(tmp_path) as found, connected(found.uri):
        indexes.ensure()
        yield found

"""A replica set of three behind the service, with a short limit for what it may take."""

from collections.abc import Iterator
from pathlib import Path

import mongoengine
import pytest

from chatproject import mongo
from sessions_app.repository import indexes
from tests.conftest import use_database
from tests.faults.replica_set import ReplicaSet, three

TIMEOUT_MS = 2_000


@pytest.fixture
def replica_set(tmp_path: Path) -> Iterator[ReplicaSet]:
    with three(tmp_path) as found:
        mongoengine.disconnect()
        client = mongoengine.connect(host=found.uri, **mongo.client_options(TIMEOUT_MS))
        use_database(client, "faults")
        indexes.ensure()
        yield found
        mongoengine.disconnect()

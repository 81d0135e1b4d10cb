"""A cluster for all tests of shards, and the command that spreads a database over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chatproject.conftest import manage
from tests.sharding import cluster
from tests.sharding.router import Router

DATABASE = "sharded"
SECRET = "a secret of thirty-two characters or more"


@pytest.fixture(scope="package")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    with cluster.running(tmp_path_factory.mktemp("cluster")) as running:
        router = Router(running)
        yield router
        router.close()


def shard_collections(router: Router, data_dir: Path, *options: str) -> Any:
    """Run the command on the cluster."""
    return manage(
        data_dir,
        "shard_collections",
        "--json",
        *options,
        MONGODB_URI=f"mongodb://127.0.0.1:{router.port}",
        MONGODB_DATABASE=DATABASE,
        SECRET_KEY=SECRET,
        JWT_SIGNING_KEY=SECRET,
        # Sharding a collection may take a second, which is no news here.
        SLOW_QUERY_MS="60000",
    )

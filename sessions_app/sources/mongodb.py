"""Opening another MongoDB, to read from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, PyMongoError

from sessions_app.domain.errors import InvalidInput

SCHEMES = ("mongodb://", "mongodb+srv://")
_WAIT_MS = 10_000


@contextmanager
def connected(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client of the server at this address; raises InvalidInput."""
    try:
        # A wrong address must fail in seconds, not after the default of 30. Times with their zone,
        # as everywhere here.
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri, serverSelectionTimeoutMS=_WAIT_MS, tz_aware=True
        )
    except (ConfigurationError, ValueError) as error:
        raise InvalidInput(f"the address is not valid: {error}") from error
    with client, failures():
        yield client


@contextmanager
def failures() -> Iterator[None]:
    """Raises InvalidInput where the database fails that is read from."""
    try:
        yield
    except PyMongoError as error:
        raise InvalidInput(f"the MongoDB to read from failed: {error}") from error


def database_of(client: MongoClient[dict[str, Any]], default: str) -> Database[dict[str, Any]]:
    """The database that the address names, else the program's own."""
    return client.get_default_database(default)

"""Checks the MongoDB of `MONGODB_URI` before the service starts."""

from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from chatproject.service_error import ServiceError

OLDEST_VERSION = (4, 4)
WAIT_SECONDS = 10.0


def check(uri: str) -> None:
    """Check that the MongoDB at `uri` answers and is one that the service can use.

    Raises:
        ServiceError: it does not answer, is too old, or is neither a replica set nor a mongos.
    """
    hosts = _hosts(uri)
    try:
        hello, version = _ask(uri)
    except OperationFailure as error:
        raise ServiceError(
            f"MongoDB at {hosts} refused this user (code {error.code}); "
            "correct the user, password or authSource in MONGODB_URI"
        ) from error
    except PyMongoError as error:
        raise ServiceError(
            f"no primary of MongoDB at {hosts} answered within {WAIT_SECONDS:.0f} seconds; "
            "start it, or correct MONGODB_URI"
        ) from error
    if version < OLDEST_VERSION:
        raise ServiceError(
            f"MongoDB at {hosts} has version {'.'.join(map(str, version))}; 4.4 or newer is needed"
        )
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ServiceError(
            f"MongoDB at {hosts} is neither a replica set nor a mongos; start it with --replSet "
            "and run rs.initiate(), since writes must be acknowledged by a majority"
        )


def _ask(uri: str) -> tuple[dict[str, Any], tuple[int, ...]]:
    timeout_ms = round(WAIT_SECONDS * 1_000)
    client: MongoClient[dict[str, Any]] = MongoClient(uri, serverSelectionTimeoutMS=timeout_ms)
    with client:
        # `hello` by its old name, which every version from 4.4.0 on knows.
        hello = client.admin.command("isMaster")
        return hello, tuple(client.server_info()["versionArray"][:2])


def _hosts(uri: str) -> str:
    """The hosts of `uri`, for messages: without its password."""
    try:
        nodes = parse_uri(uri)["nodelist"]
    except (ConfigurationError, ValueError) as error:
        # Also for InvalidURI, whose text quotes the wrong part of the address only.
        raise ServiceError(
            f"MONGODB_URI is not a valid address ({error}); "
            "it looks like mongodb://user:password@host:27017/?replicaSet=rs0"
        ) from error
    return ",".join(f"{host}:{port}" for host, port in nodes)

"""The check of `MONGODB_URI` before anything is served from it."""

from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from chatproject.service_error import ServiceError

OLDEST = (4, 4)
WAIT_SECONDS = 10.0


def check(uri: str) -> None:
    """Ask the MongoDB at `uri` whether it is one that the service can work with.

    Raises:
        ServiceError: it does not answer, is too old, or is neither a replica set nor a mongos.
    """
    where = _hosts(uri)
    try:
        hello, version = _ask(uri)
    except OperationFailure as error:
        raise ServiceError(
            f"MongoDB at {where} refused this user (code {error.code}); "
            "correct the user, password or authSource in MONGODB_URI"
        ) from error
    except PyMongoError as error:
        raise ServiceError(
            f"no primary of MongoDB at {where} answered within {WAIT_SECONDS:.0f} seconds; "
            "start it, or correct MONGODB_URI"
        ) from error
    if version < OLDEST:
        raise ServiceError(
            f"MongoDB at {where} has version {'.'.join(map(str, version))}; 4.4 or newer is needed"
        )
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise ServiceError(
            f"MongoDB at {where} is neither a replica set nor a mongos; start it with --replSet "
            "and run rs.initiate(), since writes must be acknowledged by a majority"
        )


def _ask(uri: str) -> tuple[dict[str, Any], tuple[int, ...]]:
    wait = round(WAIT_SECONDS * 1_000)
    client: MongoClient[dict[str, Any]] = MongoClient(uri, serverSelectionTimeoutMS=wait)
    with client:
        # By its old name, which every version from 4.4.0 on knows.
        hello = client.admin.command("isMaster")
        return hello, tuple(client.server_info()["versionArray"][:2])


def _hosts(uri: str) -> str:
    """Where `uri` points, without the password in it."""
    try:
        nodes = parse_uri(uri)["nodelist"]
    except (ConfigurationError, ValueError) as error:
        # InvalidURI among them, whose text repeats no more of the address than what is wrong.
        raise ServiceError(
            f"MONGODB_URI is not a valid address ({error}); "
            "it looks like mongodb://user:password@host:27017/?replicaSet=rs0"
        ) from error
    return ",".join(f"{host}:{port}" for host, port in nodes)

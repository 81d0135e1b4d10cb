"""A store of a benchmark's own: a real `mongod` on a disk, and the services in this process."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import mongoengine
from pymongo import MongoClient

from benchmarks.harness import report
from chatproject.databases import mongo
from chatproject.mongod import embedded as mongod
from sessions_app import documents
from sessions_app.repository import indexes, log
from sessions_app.services import throttling

SECRET = "a key for benchmarks only, 32 characters or more"

DATABASE = "benchmark"
# WiredTiger's. Little, so that what is measured is not all in memory; a million sessions want what
# MongoDB takes by itself on a machine of 9 GB.
CACHE_GB, LARGE_CACHE_GB = 0.25, 4.0

Client = MongoClient[dict[str, Any]]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="seconds rather than minutes")
    parser.add_argument("--dir", type=Path, help="an empty directory on a disk for the database")
    parser.add_argument(
        "--skip", nargs="+", default=[], metavar="NAME", help="questions to leave out"
    )
    return parser


@contextmanager
def own_mongod(directory: Path | None, cache_gb: float = CACHE_GB) -> Iterator[tuple[str, Path]]:
    """A `mongod` and its directory, both gone afterwards unless the directory was given.

    The settings are read now, so that nothing of an installation is used.
    """
    place = directory or Path(tempfile.mkdtemp(prefix="benchmark-", dir=_disk()))
    place.mkdir(parents=True, exist_ok=True)
    if report.filesystem(place) == "tmpfs":
        report.progress(f"{place} is in memory: writes will look faster than on a disk (see --dir)")
    for name in ("MONGODB_URI", "DATABASE_URL", "THROTTLE_USER"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "chatproject.settings",
        "DATA_DIR": str(place / "data"),
        "SECRET_KEY": SECRET,
        "JWT_SIGNING_KEY": SECRET,
        "MONGODB_DATABASE": DATABASE,
    }
    # The service refuses a directory that others of the machine may look into.
    (place / "data").mkdir(mode=0o700, exist_ok=True)
    (place / "data" / "static").mkdir(exist_ok=True)
    # As Ctrl-C does, so that everything that was started ends and the data go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with mongod.throwaway(place, cache_gb=cache_gb) as uri:
            os.environ["MONGODB_URI"] = uri
            django.setup()
            yield uri, place
    finally:
        shutil.rmtree(place if directory is None else place / "mongo", ignore_errors=True)


@contextmanager
def own_store(
    directory: Path | None, benchmark: report.Report, *, cache_gb: float = CACHE_GB
) -> Iterator[Client]:
    """The services of this process on a `mongod` of their own, with the indexes."""
    with own_mongod(directory, cache_gb) as (uri, place):
        mongoengine.disconnect()
        client: Client = mongoengine.connect(
            db=DATABASE, host=uri, **mongo.client_options(timeout_ms=60_000)
        )
        indexes.ensure()
        version = client.server_info()["version"]
        benchmark.machine(place, mongodb=version)
        try:
            yield client
        finally:
            mongoengine.disconnect()


# By `id`: what gives MongoEngine a client that is there already.
_GIVING: dict[int, Callable[..., Any]] = {}


def use_database(client: Client, name: str) -> None:
    """Point the documents at a database of `client`; what is remembered of another is forgotten."""
    # MongoEngine closes a client with the last alias that has it; `client` is the caller's.
    options: Any = {
        "mongo_client_class": _GIVING.setdefault(id(client), lambda **_: client),
        "uuidRepresentation": "standard",
    }
    mongoengine.connect(alias=f"kept-{id(client)}", **options)
    mongoengine.get_db()  # documents forget only a database that has been asked for
    mongoengine.disconnect()
    mongoengine.connect(db=name, **options)
    documents.collection.cache_clear()
    log.memory.forget()
    throttling.forget()


def _disk() -> str | None:
    """Temporary files may live in memory, those of /var/tmp outlive a restart (FHS 3.0, 5.15)."""
    return "/var/tmp" if os.access("/var/tmp", os.W_OK) else None

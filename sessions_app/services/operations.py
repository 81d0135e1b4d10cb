"""Checks and creates indexes; spreads the collections over a sharded cluster."""

from collections.abc import Mapping
from typing import Any

from sessions_app.repository import indexes, sharding


def ensure_indexes() -> dict[str, list[str]]:
    """Create the declared collections and indexes that are missing; collection → index names."""
    return indexes.ensure()


def index_differences() -> list[tuple[str, str, str]]:
    """Collection, index and problem (`missing`, `different`, `undeclared`) of each difference."""
    return [(each.collection, each.name, each.problem) for each in indexes.differences()]


def sharding_commands() -> list[dict[str, Any]]:
    """The commands for a `mongos` that spread the collections over its shards, in order."""
    return sharding.commands()


def sharding_possible() -> bool:
    """Whether MongoDB is a sharded cluster behind a `mongos`."""
    return sharding.behind_a_router()


def sharding_run(command: Mapping[str, Any]) -> str | None:
    """Send one of the commands; why the cluster refused it, or None."""
    return sharding.run(dict(command))

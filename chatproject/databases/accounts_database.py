"""How the accounts database is reached: a file, or PostgreSQL by a small pool, within limits.

A server that is frozen, or behind a broken network, says nothing, so the limits are the client's
as well: to connect, to get a connection from the pool, and for each thing that the server is asked.
"""

from pathlib import Path
from typing import Any

import dj_database_url

# More than the threads that ask at a time are of no use.
POOL_MAX = 8
# The pool closes one idle connection after each such time.
IDLE_SECONDS = 3.0
_POSTGRESQL = "django.db.backends.postgresql"


def by_url(url: str, *, threads: int, timeout_ms: int) -> dict[str, Any]:
    """Django's entry for a database by its URL; options in the URL stand."""
    entry: dict[str, Any] = dict(dj_database_url.parse(url, conn_health_checks=True))
    if entry["ENGINE"] != _POSTGRESQL:
        entry["CONN_MAX_AGE"] = 60
    else:
        from chatproject.databases.bounded_connection import BoundedConnection

        options = entry.setdefault("OPTIONS", {})
        seconds = timeout_ms / 1_000
        # In whole seconds, of which libpq takes no fewer than 2.
        options.setdefault("connect_timeout", max(2, round(seconds)))
        named = str(options.get("options", ""))
        if "statement_timeout" not in named:
            named = f"{named} -c statement_timeout={timeout_ms}".strip()
        options["options"] = named
        options["pool"] = {
            "min_size": 0,
            "max_size": min(threads, POOL_MAX),
            "timeout": seconds,
            "max_idle": IDLE_SECONDS,
            "reconnect_timeout": seconds,
            "connection_class": BoundedConnection.within(seconds),
            "num_workers": 2,
        }
    return entry


def in_file(path: Path) -> dict[str, Any]:
    """Django's entry for a database of SQLite."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,
        # WAL lets readers pass a writer; IMMEDIATE makes writers queue instead of failing.
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


def without_limits(entry: dict[str, Any]) -> None:
    """Let what an operator runs, such as a migration, take what it takes."""
    options = entry.get("OPTIONS", {})
    if options.pop("pool", None) is not None:
        # Of two values, PostgreSQL takes the last.
        options["options"] += " -c statement_timeout=0"

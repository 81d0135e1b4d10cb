"""What 1,000 conversations take, and where."""

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.db import connection

from benchmarks.harness import report, store
from benchmarks.session_strategies import servers, variants
from benchmarks.session_strategies.device import history
from benchmarks.session_strategies.servers import Site

_WARM_UP = 20  # conversations, after which a worker's memory is its own


def measure(
    result: report.Report,
    sites: Mapping[str, Site],
    client: store.Client,
    conversations: int,
    turns: int,
) -> None:
    """Fill each strategy's place; what is there more than before."""
    for name, site in sites.items():
        report.progress(f"{name}: {conversations:,} conversations of {turns} turns …")
        for number in range(_WARM_UP):
            site.device().start(f"early-{number}", history(2 * turns, first_turn=-number * turns))
        before, carried = _server_bytes(name, site, client), 0
        for number in range(conversations):
            device = site.device()
            device.start(f"user-{number}", history(2 * turns, first_turn=number * turns))
            carried += sum(len(value) for value in device.headers.values())
        result.add(
            "storage",
            strategy=name,
            conversations=conversations,
            turns=turns,
            server_mb=round((_server_bytes(name, site, client) - before) / 1e6, 2),
            where=_where(name),
            carried_kb_each=round(carried / conversations / 1e3, 2),
        )


def _where(name: str) -> str:
    if name in variants.TOKENS:
        return "at the clients"
    if name in variants.IN_MONGODB:
        return "MongoDB, compressed by it, indexes included"
    return {
        variants.DJANGO_MEMORY: "memory of the workers",
        variants.DJANGO_FILES: "files, compressed by Django",
        variants.DJANGO_SQLITE: "SQLite, compressed and in base64",
    }[name]


def _server_bytes(name: str, site: Site, client: store.Client) -> int:
    if name in variants.IN_MONGODB:
        # A checkpoint first: until then the files hold what the last one did.
        client.admin.command("fsync")
        stats = client[servers.database(name)].command("dbStats")
        return int(stats["storageSize"] + stats["indexSize"])
    if name == variants.DJANGO_FILES:
        places = Path(settings.DATA_DIR, "session-cache").glob("*")
        return sum(place.stat().st_blocks * 512 for place in places)
    if name == variants.DJANGO_SQLITE:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(settings.DATABASES["default"]["NAME"]).stat().st_size
    return site.workers_rss() if name == variants.DJANGO_MEMORY else 0

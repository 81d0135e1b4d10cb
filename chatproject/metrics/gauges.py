"""The values of the moment: the store's, this machine's, the jobs'."""

import platform
from collections.abc import Iterator

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chatproject.metrics import jobs
from chatproject.storage import disk
from chatproject.version import VERSION
from sessions_app import clock, encoders
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.repository import deferred, health
from sessions_app.services.figures import figures_get

_MONGODB_MS = 1_000


class Gauges(Collector):
    """Values of this moment, unlike the counters, which grow since the start."""

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "chat_build_info", "What runs here.", labels=["version", "python"]
        )
        build.add_metric([VERSION, platform.python_version()], 1)
        yield build
        yield _gauge(
            "chat_clock_off_seconds",
            "By how much this host's clock is ahead of MongoDB's.",
            clock.off_by(),
        )
        yield _gauge(
            "chat_disk_free_bytes",
            "What is free on the disk of DATA_DIR.",
            disk.free(settings.DATA_DIR),
        )
        yield _gauge("chat_encoder_available", "Whether vectors can be made.", encoders.available())
        up = health.primary_is_up(_MONGODB_MS)
        if up:
            try:
                yield from _counted()
                yield from jobs.collect()
                yield _gauge(
                    "chat_deferred_pieces",
                    "Topics, indexes, titles and summaries that wait or are being made.",
                    deferred.count(),
                )
            except StorageUnavailable:
                up = False
        yield _gauge("chat_storage_up", "Whether a MongoDB primary answers.", up)


def _counted() -> Iterator[Metric]:
    counted = figures_get(now=clock.now())
    if counted is None:
        return
    values = counted.values
    sessions = GaugeMetricFamily("chat_sessions", "Sessions, by status.", labels=["status"])
    sessions.add_metric(["active"], max(0, values["sessions"] - values["archived"]))
    sessions.add_metric(["archived"], values["archived"])
    yield sessions
    for name, meaning, value in (
        ("chat_sessions_expired", "Expired, and not swept yet.", values["expired"]),
        ("chat_sessions_expiring_day", "Expire within a day.", values["expiring"]),
        ("chat_archives_past_retention", "To be purged.", values["past_retention"]),
        ("chat_turns_running", "Turns in progress.", values.get("turns_running", 0)),
        ("chat_last_sweep_seconds", "When a sweep last got through, Unix time; 0 for never.",
         values["last_sweep"]),
        ("chat_counted_seconds", "When these were counted, Unix time.",
         counted.counted_at.timestamp()),
    ):  # fmt: skip
        yield _gauge(name, meaning, value)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=float(value))

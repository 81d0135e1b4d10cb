"""The model itself: plain arithmetic on measured costs, a load and prices."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.scale.assumptions import DAYS_A_MONTH, HOURS_A_MONTH, SECONDS_A_DAY, Load, Prices

APPEND, WINDOW, READ, LIST = "append", "window", "session", "list"


@dataclass(frozen=True)
class Cost:
    """What one request of a kind costs. Milliseconds are of one core."""

    worker_ms: float
    mongod_ms: float
    bytes_out: float


@dataclass(frozen=True)
class Stored:
    """Bytes per message in files, as MongoDB compresses them, and of one session's documents."""

    message_bytes: float
    index_bytes: float
    derived_bytes: float
    # In MongoDB's cache documents lie uncompressed.
    warm_session_bytes: float


@dataclass(frozen=True)
class Costs:
    """All that was measured."""

    requests: Mapping[str, Cost]
    stored: Stored


def mix(load: Load) -> dict[str, float]:
    """Requests of each kind in one turn."""
    return {APPEND: 2.0, WINDOW: 1.0, READ: load.session_reads_a_turn, LIST: load.lists_a_turn}


def turn_cost(costs: Costs, load: Load) -> Cost:
    """All requests of a turn together."""
    parts = [(number, costs.requests[kind]) for kind, number in mix(load).items()]
    return Cost(
        worker_ms=sum(number * cost.worker_ms for number, cost in parts),
        mongod_ms=sum(number * cost.mongod_ms for number, cost in parts),
        bytes_out=sum(number * cost.bytes_out for number, cost in parts),
    )


def turns_a_second(costs: Costs, load: Load, cores: float, client_ms: float) -> float:
    """What `cores` hold that workers, `mongod` and the load's own client share."""
    cost = turn_cost(costs, load)
    return cores * 1_000 / (cost.worker_ms + cost.mongod_ms + client_ms)


def disk_bytes(costs: Costs, messages: float) -> float:
    """Files and indexes of one copy."""
    stored = costs.stored
    return messages * (stored.message_bytes + stored.index_bytes + stored.derived_bytes)


@dataclass(frozen=True)
class Plan:
    """What the load needs."""

    turns_a_second_mean: float
    turns_a_second_peak: float
    writes_a_second_peak: float
    worker_cores_peak: float
    worker_nodes: int
    mongod_cores_peak: float
    messages_kept: float
    hot_disk_gb: float
    archive_gb: float
    warm_gb: float
    shards_for_processor: int
    shards_for_disk: int
    shards_for_memory: int
    shards: int
    database_nodes: int
    egress_gb_month: float
    dollars_a_month: dict[str, float]
    dollars_a_user_year: float

    def as_line(self) -> dict[str, Any]:
        """For a report."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def plan(costs: Costs, load: Load, prices: Prices, *, archive: bool = True) -> Plan:
    """Nodes, disk, memory and money. A shard is what its scarcest resource makes it."""
    cost = turn_cost(costs, load)
    peak = load.turns_a_second * load.peak_factor
    worker_cores = peak * cost.worker_ms / 1_000
    mongod_cores = peak * cost.mongod_ms / 1_000
    hot_days = min(load.kept_days, load.archive_after_days) if archive else load.kept_days
    costs = replace(costs, stored=_with_gaps(costs.stored, prices.index_slack))
    hot_gb = disk_bytes(costs, load.messages_a_day * hot_days) / 1e9
    archive_gb = disk_bytes(costs, load.messages_a_day * (load.kept_days - hot_days)) / 1e9
    warm_gb = _warm_bytes(costs, load, hot_days) / 1e9

    box = prices.database
    cache_gb = prices.cache_share * (box.memory_gb - 1)
    for_processor = math.ceil(mongod_cores / (box.cores * box.busy))
    for_disk = math.ceil(hot_gb / prices.disk_full / prices.shard_disk_gb)
    for_memory = math.ceil(warm_gb / cache_gb)
    shards = max(for_processor, for_disk, for_memory, 1)
    members = shards * prices.members_of_a_shard
    # One more than needed: a node may be down, or being replaced, at the peak.
    workers = math.ceil(worker_cores / (prices.worker.cores * prices.worker.busy)) + 1
    # A router beside each worker node costs nothing extra; three configuration servers do.
    egress = load.turns_a_second * SECONDS_A_DAY * DAYS_A_MONTH * cost.bytes_out / 1e9
    dollars = {
        "workers": workers * prices.worker.dollars_an_hour * HOURS_A_MONTH,
        "database": members * box.dollars_an_hour * HOURS_A_MONTH,
        "configuration": 3 * prices.small.dollars_an_hour * HOURS_A_MONTH,
        "disk": hot_gb / prices.disk_full * prices.members_of_a_shard * prices.ssd_gb_month,
        "archive": archive_gb * prices.archive_gb_month,
        "egress": egress * prices.egress_gb,
    }
    return Plan(
        turns_a_second_mean=load.turns_a_second,
        turns_a_second_peak=peak,
        writes_a_second_peak=2 * peak,
        worker_cores_peak=worker_cores,
        worker_nodes=workers,
        mongod_cores_peak=mongod_cores,
        messages_kept=load.messages_a_day * load.kept_days,
        hot_disk_gb=hot_gb,
        archive_gb=archive_gb,
        warm_gb=warm_gb,
        shards_for_processor=for_processor,
        shards_for_disk=for_disk,
        shards_for_memory=for_memory,
        shards=shards,
        database_nodes=members,
        egress_gb_month=egress,
        dollars_a_month={name: round(value) for name, value in dollars.items()},
        dollars_a_user_year=sum(dollars.values()) * 12 / load.users,
    )


def _with_gaps(stored: Stored, slack: float) -> Stored:
    return replace(stored, index_bytes=stored.index_bytes * slack)


def _warm_bytes(costs: Costs, load: Load, hot_days: float) -> float:
    """Warm sessions uncompressed, and the indexes of all that is hot."""
    sessions_a_day = load.messages_a_day / (2 * load.turns_a_session)
    documents = sessions_a_day * load.warm_days * costs.stored.warm_session_bytes
    return documents + load.messages_a_day * hot_days * costs.stored.index_bytes

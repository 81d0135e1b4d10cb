"""The plan of docs/scaling.md: plain arithmetic on measured costs, a load and prices.

The load and the prices are assumptions: change them to what you know. Prices are round figures near
a large cloud's on-demand list for North America, not a quotation; reserved capacity costs half.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

APPEND, WINDOW, READ, LIST = "append", "window", "session", "list"
NOTED = "2026-11"
DAYS_A_MONTH, HOURS_A_MONTH, SECONDS_A_DAY = 30.4, 730, 86_400


@dataclass(frozen=True)
class Load:
    """What people do. A turn is one message of theirs and its answer."""

    users: int = 10_000_000
    # Of the users, how many come on a day, and how much each then says.
    active_share_a_day: float = 0.15
    turns_a_day: float = 8.0
    turns_a_session: float = 12.0
    # The busiest minute's rate over the day's mean.
    peak_factor: float = 4.0
    # Beside its two messages and its window, a turn brings so many readings of a session and lists.
    session_reads_a_turn: float = 0.25
    lists_a_turn: float = 0.1
    # Conversations are kept for a year after their last message, as ARCHIVE_RETENTION_DAYS has it.
    kept_days: float = 365.0
    # Nearly all reading is of sessions touched within so many days: they should be in memory.
    warm_days: float = 3.0
    # Idle for longer: a conversation may live where bytes are cheap.
    archive_after_days: float = 90.0

    @property
    def turns_a_second(self) -> float:
        """The day's mean."""
        return self.users * self.active_share_a_day * self.turns_a_day / SECONDS_A_DAY

    @property
    def messages_a_day(self) -> float:
        """Two a turn."""
        return 2 * self.users * self.active_share_a_day * self.turns_a_day

    @property
    def mix(self) -> dict[str, float]:
        """Requests of each kind in one turn."""
        return {APPEND: 2.0, WINDOW: 1.0, READ: self.session_reads_a_turn, LIST: self.lists_a_turn}


@dataclass(frozen=True)
class Machine:
    """One kind of machine; `busy` is what its processor may be at the peak (docs/scaling.md)."""

    cores: int
    memory_gb: int
    dollars_an_hour: float
    busy: float


@dataclass(frozen=True)
class Prices:
    """What things cost."""

    worker: Machine = field(default_factory=lambda: Machine(8, 16, 0.36, busy=0.55))
    database: Machine = field(default_factory=lambda: Machine(16, 128, 1.06, busy=0.45))
    # Configuration servers and routers: small, and few.
    small: Machine = field(default_factory=lambda: Machine(2, 8, 0.10, busy=0.5))
    ssd_gb_month: float = 0.08
    archive_gb_month: float = 0.023
    egress_gb: float = 0.05
    # Files never fill a disk: compaction, growth and an initial sync need room.
    disk_full: float = 0.6
    # Indexes that are written for months have gaps; measured ones were filled once.
    index_slack: float = 1.5
    # What one shard should hold at most, so that restoring a member takes hours and not days.
    shard_disk_gb: int = 2_000
    members_of_a_shard: int = 3
    # WiredTiger takes half of (memory less 1 GB); indexes and warm documents should fit.
    cache_share: float = 0.5


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

    def of_a_turn(self, load: Load) -> Cost:
        """All requests of a turn together."""
        parts = [(number, self.requests[kind]) for kind, number in load.mix.items()]
        return Cost(
            worker_ms=sum(number * cost.worker_ms for number, cost in parts),
            mongod_ms=sum(number * cost.mongod_ms for number, cost in parts),
            bytes_out=sum(number * cost.bytes_out for number, cost in parts),
        )

    def disk_bytes(self, messages: float) -> float:
        """Files and indexes of one copy."""
        stored = self.stored
        return messages * (stored.message_bytes + stored.index_bytes + stored.derived_bytes)


def plan(costs: Costs, load: Load, prices: Prices, *, archive: bool = True) -> dict[str, Any]:
    """Nodes, disk, memory and money, by name. A shard is what its scarcest resource makes it."""
    cost = costs.of_a_turn(load)
    peak = load.turns_a_second * load.peak_factor
    worker_cores, mongod_cores = peak * cost.worker_ms / 1_000, peak * cost.mongod_ms / 1_000
    hot_days = min(load.kept_days, load.archive_after_days) if archive else load.kept_days
    slack = replace(costs.stored, index_bytes=costs.stored.index_bytes * prices.index_slack)
    costs = replace(costs, stored=slack)
    hot_gb = costs.disk_bytes(load.messages_a_day * hot_days) / 1e9
    archive_gb = costs.disk_bytes(load.messages_a_day * (load.kept_days - hot_days)) / 1e9
    # Warm sessions uncompressed, and the indexes of all that is hot.
    warm_sessions = load.messages_a_day / (2 * load.turns_a_session) * load.warm_days
    hot_indexes = load.messages_a_day * hot_days * slack.index_bytes
    warm_gb = (warm_sessions * slack.warm_session_bytes + hot_indexes) / 1e9
    box = prices.database
    shards_for = {
        "processor": math.ceil(mongod_cores / (box.cores * box.busy)),
        "disk": math.ceil(hot_gb / prices.disk_full / prices.shard_disk_gb),
        "memory": math.ceil(warm_gb / (prices.cache_share * (box.memory_gb - 1))),
    }
    members = max(1, *shards_for.values()) * prices.members_of_a_shard
    # One more than needed: a node may be down, or being replaced, at the peak.
    workers = math.ceil(worker_cores / (prices.worker.cores * prices.worker.busy)) + 1
    egress_gb = load.turns_a_second * SECONDS_A_DAY * DAYS_A_MONTH * cost.bytes_out / 1e9
    dollars = {
        "workers": workers * prices.worker.dollars_an_hour * HOURS_A_MONTH,
        "database": members * box.dollars_an_hour * HOURS_A_MONTH,
        # A router beside each worker node costs nothing extra; configuration servers do.
        "configuration": 3 * prices.small.dollars_an_hour * HOURS_A_MONTH,
        "disk": hot_gb / prices.disk_full * prices.members_of_a_shard * prices.ssd_gb_month,
        "archive": archive_gb * prices.archive_gb_month,
        "egress": egress_gb * prices.egress_gb,
    }
    return {
        "turns_a_second_peak": peak,
        "worker_cores_peak": worker_cores,
        "worker_nodes": workers,
        "mongod_cores_peak": mongod_cores,
        "shards": members // prices.members_of_a_shard,
        **{f"shards_for_{resource}": number for resource, number in shards_for.items()},
        "database_nodes": members,
        "hot_disk_gb": hot_gb,
        "archive_gb": archive_gb,
        "warm_gb": warm_gb,
        "dollars_a_month": {name: round(value) for name, value in dollars.items()},
        "dollars_a_user_year": sum(dollars.values()) * 12 / load.users,
    }


def cases(costs: Costs, load: Load) -> dict[str, dict[str, Any]]:
    """The plan, and the same with one assumption changed, by name."""
    prices, stored = Prices(), costs.stored
    wordy = replace(stored, message_bytes=4 * stored.message_bytes)
    twice = {
        kind: Cost(2 * cost.worker_ms, 2 * cost.mongod_ms, cost.bytes_out)
        for kind, cost in costs.requests.items()
    }
    return {
        "as assumed": plan(costs, load, prices),
        "no archive tier": plan(costs, load, prices, archive=False),
        "twice as active": plan(costs, replace(load, turns_a_day=2 * load.turns_a_day), prices),
        "peak of 8 times the mean": plan(costs, replace(load, peak_factor=8.0), prices),
        "messages four times as long": plan(replace(costs, stored=wordy), load, prices),
        "requests cost twice as much": plan(replace(costs, requests=twice), load, prices),
        "a tenth of the users": plan(costs, replace(load, users=load.users // 10), prices),
    }

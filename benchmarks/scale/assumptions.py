"""What the plan assumes. Nothing here was measured: change it to what you know.

Prices are round figures near a large cloud's on-demand list for North America, noted 2026-11 and
not a quotation; reserved capacity costs about half.
"""

from dataclasses import dataclass, field

NOTED = "2026-11"
DAYS_A_MONTH = 30.4
HOURS_A_MONTH = 730
SECONDS_A_DAY = 86_400


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


@dataclass(frozen=True)
class Machine:
    """One kind of machine."""

    cores: int
    memory_gb: int
    dollars_an_hour: float
    # How busy its processor may be at the peak, so that queues stay short (see docs/scaling.md).
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

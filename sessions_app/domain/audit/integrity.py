"""Checks whether a stored session is whole, from its document and its buckets."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sessions_app.domain.limits import BUCKET_MAX_MESSAGES
from sessions_app.domain.sessions.identifiers import bucket_id


class Damage(StrEnum):
    """The kinds of damage to stored data; those in `REPAIRABLE` can be repaired."""

    INVALID_DOCUMENT = "invalid_document"
    MISCOUNTED_MESSAGES = "miscounted_messages"
    MISCOUNTED_TOKENS = "miscounted_tokens"
    MISCOUNTED_BYTES = "miscounted_bytes"
    MISCOUNTED_BUCKET = "miscounted_bucket"
    GAP = "gap"
    OVERLAP = "overlap"
    MISNAMED_BUCKET = "misnamed_bucket"
    OVERSIZED_BUCKET = "oversized_bucket"
    REPEATED_CLIENT_ID = "repeated_client_id"
    REPEATED_MESSAGE_ID = "repeated_message_id"
    REPEATED_ITEM_ID = "repeated_item_id"
    UNREADABLE_ITEMS = "unreadable_items"
    MISLISTED_ITEMS = "mislisted_items"
    UNERASED_TOMBSTONE = "unerased_tombstone"
    ORPHANED_BUCKET = "orphaned_bucket"
    ORPHANED_ANNOTATIONS = "orphaned_annotations"
    ORPHANED_SEARCH_DOCUMENT = "orphaned_search_document"
    ORPHANED_TURN = "orphaned_turn"
    ORPHANED_DEFERRED_WORK = "orphaned_deferred_work"
    ORPHANED_REVIEW_NOTE = "orphaned_review_note"
    ORPHANED_NAME = "orphaned_name"
    ORPHANED_ATTACHMENT_LINK = "orphaned_attachment_link"
    ORPHANED_BYTES = "orphaned_bytes"
    MISSING_BYTES = "missing_bytes"
    MISSING_ATTACHMENT = "missing_attachment"
    OVERDUE_TURN = "overdue_turn"
    OVERDUE_LEASE = "overdue_lease"


# Derived values can be computed again and leftovers removed; a lost message cannot be restored.
REPAIRABLE = frozenset(
    {
        Damage.MISCOUNTED_MESSAGES,
        Damage.MISCOUNTED_TOKENS,
        Damage.MISCOUNTED_BYTES,
        Damage.MISCOUNTED_BUCKET,
        Damage.MISLISTED_ITEMS,
        Damage.UNERASED_TOMBSTONE,
        Damage.ORPHANED_BUCKET,
        Damage.ORPHANED_ANNOTATIONS,
        Damage.ORPHANED_SEARCH_DOCUMENT,
        Damage.ORPHANED_TURN,
        Damage.ORPHANED_DEFERRED_WORK,
        Damage.ORPHANED_REVIEW_NOTE,
        Damage.ORPHANED_NAME,
        Damage.ORPHANED_ATTACHMENT_LINK,
        Damage.ORPHANED_BYTES,
        Damage.OVERDUE_TURN,
        Damage.OVERDUE_LEASE,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One damage: the session, the kind and the detail."""

    session_id: str
    damage: Damage
    detail: str

    @property
    def repairable(self) -> bool:
        """Whether it can be repaired without guessing."""
        return self.damage in REPAIRABLE


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run of stored messages, counted: a bucket, or the tail (`identifier` None).

    `declared_*` are the totals in its document, the others are counted from its messages: how many
    tombstones have something left in them, have items that nobody can read, or do not list the
    ids of their items by which these are found.
    """

    identifier: str | None
    first_seq: int
    declared_last_seq: int
    declared_tokens: int
    message_count: int
    token_count: int
    byte_count: int
    message_ids: Sequence[str]
    client_ids: Sequence[str]
    item_ids: Sequence[str] = ()
    unerased: int = 0
    invalid: str = ""
    unreadable: int = 0
    mislisted: int = 0

    @property
    def is_mendable(self) -> bool:
        """Whether some of its messages can be repaired by themselves."""
        return bool(self.unerased or self.mislisted)

    @property
    def last_seq(self) -> int:
        """The `seq` of its last message, as counted."""
        return self.first_seq + self.message_count - 1


@dataclass(frozen=True, slots=True)
class StoredSession:
    """The totals in a session's document, and its runs: the buckets, then the tail."""

    session_id: str
    version: int
    message_count: int
    token_count: int
    tail_bytes: int
    buckets: Sequence[StoredRun]
    tail: StoredRun
    invalid: str | None = None


def check(stored: StoredSession) -> list[Finding]:
    """Every damage of one session; empty where it is whole."""
    return [
        Finding(stored.session_id, damage, detail)
        # Independent checks: one damage must not hide another.
        for finder in (_document, _order, _counts, _buckets, _repeats)
        for damage, detail in finder(stored)
    ]


def _document(stored: StoredSession) -> Iterator[tuple[Damage, str]]:
    if stored.invalid:
        yield Damage.INVALID_DOCUMENT, stored.invalid
    for run in (*stored.buckets, stored.tail):
        if run.invalid:
            yield Damage.INVALID_DOCUMENT, f"bucket {run.identifier}: {run.invalid}"
        for damage, count in (
            (Damage.UNERASED_TOMBSTONE, run.unerased),
            (Damage.UNREADABLE_ITEMS, run.unreadable),
            (Damage.MISLISTED_ITEMS, run.mislisted),
        ):
            if count:
                yield damage, f"{count} from seq {run.first_seq} on"


def _order(stored: StoredSession) -> Iterator[tuple[Damage, str]]:
    # Buckets and tail together must hold 1, 2, 3 … once each.
    expected = 1
    for run in (*stored.buckets, stored.tail):
        if run.first_seq > expected:
            yield Damage.GAP, f"seq {expected} to {run.first_seq - 1} are missing"
        elif run.first_seq < expected:
            yield Damage.OVERLAP, f"seq {run.first_seq} to {expected - 1} are stored twice"
        expected = run.last_seq + 1


def _counts(stored: StoredSession) -> Iterator[tuple[Damage, str]]:
    last = stored.tail.last_seq
    tokens = sum(run.token_count for run in (*stored.buckets, stored.tail))
    if stored.message_count != last:
        yield Damage.MISCOUNTED_MESSAGES, f"says {stored.message_count}, holds {last}"
    if stored.token_count != tokens:
        yield Damage.MISCOUNTED_TOKENS, f"says {stored.token_count}, holds {tokens}"
    if stored.tail_bytes != stored.tail.byte_count:
        yield Damage.MISCOUNTED_BYTES, f"says {stored.tail_bytes}, holds {stored.tail.byte_count}"


def _buckets(stored: StoredSession) -> Iterator[tuple[Damage, str]]:
    # The name of a bucket is its key: under another name, reads would miss it.
    for run in stored.buckets:
        if run.identifier != bucket_id(stored.session_id, run.first_seq):
            yield Damage.MISNAMED_BUCKET, f"{run.identifier} begins at seq {run.first_seq}"
        if run.message_count > BUCKET_MAX_MESSAGES:
            yield Damage.OVERSIZED_BUCKET, f"{run.identifier} holds {run.message_count} messages"
        if (run.declared_last_seq, run.declared_tokens) != (run.last_seq, run.token_count):
            yield Damage.MISCOUNTED_BUCKET, str(run.identifier)


def _repeats(stored: StoredSession) -> Iterator[tuple[Damage, str]]:
    # An idempotency key holds for the whole session, so runs are counted together.
    runs = (*stored.buckets, stored.tail)
    for damage, values in (
        (Damage.REPEATED_MESSAGE_ID, Counter(i for run in runs for i in run.message_ids)),
        (Damage.REPEATED_CLIENT_ID, Counter(i for run in runs for i in run.client_ids)),
        (Damage.REPEATED_ITEM_ID, Counter(i for run in runs for i in run.item_ids)),
    ):
        for value, count in values.items():
            if count > 1:
                yield damage, f"{value} is stored {count} times"

"""What is stored about the running of the service, and belongs to no session."""

from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    ListField,
    LongField,
    StringField,
)

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.domain import limits
from sessions_app.domain.dialect import Attached, Extras, Form
from sessions_app.domain.sessions.expiry import ExpiryMode


class Sweep(StoredDocument):
    """The receipt of one sweep: what it did, grown in the very transactions that did it.

    It names nobody. MongoDB deletes it after a year.
    """

    sweep_id = IdentifierField(primary_key=True, max_length=36)
    mode = StringField(required=True, choices=[mode.value for mode in ExpiryMode])
    started_at = DateTimeField(required=True)
    # Whatever expired, or was archived, up to these moments was due.
    cutoff = DateTimeField(required=True)
    retention_cutoff = DateTimeField()
    archived = LongField(required=True, min_value=0)
    deleted = LongField(required=True, min_value=0)
    purged = LongField(required=True, min_value=0)
    # How often it has gone through what was due, of each kind.
    passes = LongField(min_value=0)
    # The latest `expires_at` of a session that went, and `archived_at` of one that was purged.
    latest_expiry = DateTimeField()
    latest_archival = DateTimeField()
    # Set at the end: whether it got through all that was due, and what it passed over.
    finished_at = DateTimeField()
    complete = BooleanField(default=False)
    held = LongField(min_value=0)
    in_turn = LongField(min_value=0)

    COLLECTION: ClassVar[str] = "sweeps"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            {
                # the newest receipts; and MongoDB's own deletion of old ones
                "name": "started_at_ttl",
                "fields": ["started_at"],
                "expireAfterSeconds": limits.SWEEPS_KEPT_SECONDS,
            }
        ],
    }


class AuditProgress(StoredDocument):
    """How far a check of all sessions, or other work on them, has come that was stopped."""

    # Which sessions, and whether they are repaired: another selection begins anew.
    selection = StringField(primary_key=True)
    after = IdentifierField(required=True)
    checked = LongField(required=True, min_value=0)
    unrepaired = LongField(required=True, min_value=0)
    # Of work that reports what it has done in all its runs.
    counted = DictField()
    began_at = DateTimeField()
    saved_at = DateTimeField(required=True)

    COLLECTION: ClassVar[str] = "audit_progress"
    meta: ClassVar[dict[str, Any]] = {"collection": COLLECTION}


class Figures(StoredDocument):
    """What was last counted over all sessions, shared by all workers until `due_at`."""

    name = StringField(primary_key=True)
    counted_at = DateTimeField()
    due_at = DateTimeField(required=True)
    values = DictField()

    COLLECTION: ClassVar[str] = "figures"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
    }


class ServerDialect(StoredDocument):
    """How a model's server wants conversations written, learned from what it refused."""

    server = IdentifierField(primary_key=True, max_length=300)
    form = StringField(required=True, choices=[form.value for form in Form])
    extras = StringField(required=True, choices=[extras.value for extras in Extras])
    attached = StringField(choices=[attached.value for attached in Attached])
    # What it takes none of, `domain.dialect.Medium`; a version before this one does not look.
    without = ListField(StringField(max_length=20), default=None)
    learned_at = DateTimeField(required=True)

    COLLECTION: ClassVar[str] = "server_dialects"
    meta: ClassVar[dict[str, Any]] = {"collection": COLLECTION}


class ErasedUser(StoredDocument):
    """The receipt of a user's erasure: a token that outlives them may create nothing anew.

    `user_hash` is keyed, so that nobody can find out from it whether somebody was here.
    """

    user_hash = IdentifierField(primary_key=True, max_length=64)
    erased_at = DateTimeField(required=True)
    completed_at = DateTimeField()
    # How much there was: sessions, messages, rows of the accounts database.
    counts = DictField()
    # The sessions of the step at hand, until all that belongs to them is gone.
    pending = ListField(DictField())

    COLLECTION: ClassVar[str] = "erased_users"
    meta: ClassVar[dict[str, Any]] = {"collection": COLLECTION}


class Creation(StoredDocument):
    """Which session a request has created that may be repeated; MongoDB deletes it after a day.

    `key` is a hash of the user and the request's key; for a request without one, a hash of what it
    asks for and the session's id: the same may be asked for again.
    """

    key = IdentifierField(primary_key=True, max_length=128)
    session_id = IdentifierField(required=True, max_length=36)
    # Of the body, so that the same key with another is noticed.
    digest = StringField(required=True, max_length=64)
    made_at = DateTimeField(required=True)
    # The session is there, or was: without it a repeat creates it.
    stored = BooleanField()
    # How often the request has been repeated, as its client counts.
    repeats = LongField(min_value=0)
    # A repeat came first; the request itself may still be on its way.
    awaits_first = BooleanField()

    COLLECTION: ClassVar[str] = "creations"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            {
                # MongoDB's own deletion
                "name": "made_at_ttl",
                "fields": ["made_at"],
                "expireAfterSeconds": limits.CREATIONS_KEPT_SECONDS,
            }
        ],
    }


class Revocation(StoredDocument):
    """Which access tokens of an account are dead before their end; MongoDB deletes it after that.

    `user_hash` is keyed, as in the receipt of an erasure.
    """

    user_hash = IdentifierField(primary_key=True, max_length=64)
    # Tokens of earlier generations are dead.
    generation = LongField(required=True, min_value=0)
    # Every token is dead: the account is deactivated or erased.
    is_barred = BooleanField(required=True)
    changed_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    COLLECTION: ClassVar[str] = "revocations"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            {"name": "changed_at", "fields": ["changed_at"]},
            {"name": "expires_at_ttl", "fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


class UsageCounter(StoredDocument):
    """How much one user has stored, for their quotas; what workers have taken beforehand included.

    `user_hash` is keyed, as in the receipt of an erasure.
    """

    user_hash = IdentifierField(primary_key=True, max_length=64)
    sessions = LongField(required=True)
    messages = LongField(required=True)
    bytes = LongField(required=True)
    # When it was last counted by what is stored; absent where that is due.
    counted_at = DateTimeField()

    COLLECTION: ClassVar[str] = "usage_counters"
    meta: ClassVar[dict[str, Any]] = {"collection": COLLECTION}


class ThrottleWindow(StoredDocument):
    """How much of a rate limit one caller has used in one period; MongoDB deletes it later."""

    key = IdentifierField(primary_key=True)
    used = LongField(required=True, min_value=0)
    expires_at = DateTimeField(required=True)

    COLLECTION: ClassVar[str] = "throttle_windows"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [{"name": "expires_at_ttl", "fields": ["expires_at"], "expireAfterSeconds": 0}],
    }

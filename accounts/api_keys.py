"""API keys: long-lived, made by a person for a program, shown once.

A key is 256 random bits, so what is stored is a plain SHA-256 of it: there is nothing to guess that
a slow hash or a salt would protect, and the digest can be looked up by an index.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from accounts.errors import KeyNotFound, TooManyKeys
from accounts.models import ApiKey
from accounts.services import account_get
from sessions_app.api.authentication import TokenNotValid
from sessions_app.domain.lifecycle import to_milliseconds

# Some clients refuse a key that does not begin with the first three.
PREFIX = "sk-chat-"
SHOWN_CHARS = len(PREFIX) + 4
KEYS_MAX = 100
# Telling the day of the last use need not cost a write for each request.
_USE_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key: the record, and the only copy of the secret."""

    record: ApiKey
    key: str


def key_make(*, user_id: str, name: str, expires_in_days: int | None, now: datetime) -> MadeKey:
    """A new key for this user; raises AccountNotFound, TooManyKeys."""
    user = account_get(user_id=user_id)
    user.api_keys.exclude(user_generation=user.token_generation).delete()
    if user.api_keys.count() >= KEYS_MAX:
        raise TooManyKeys
    key, now = PREFIX + secrets.token_urlsafe(32), to_milliseconds(now)
    expires_at = None if expires_in_days is None else now + timedelta(days=expires_in_days)
    record = ApiKey.objects.create(
        user=user,
        name=name,
        shown=key[:SHOWN_CHARS],
        digest=_digest(key),
        user_generation=user.token_generation,
        created_at=now,
        expires_at=expires_at,
    )
    return MadeKey(record, key)


def keys_of(*, user_id: str) -> QuerySet[ApiKey]:
    """The user's keys that a sign-out of everything has not ended, oldest first."""
    user = account_get(user_id=user_id)
    return user.api_keys.filter(user_generation=user.token_generation).order_by("id")


def key_delete(*, user_id: str, key_id: str) -> None:
    """End a key; raises KeyNotFound, also for somebody else's."""
    try:
        wanted = uuid.UUID(key_id)
    except ValueError as error:
        raise KeyNotFound from error
    deleted, _ = keys_of(user_id=user_id).filter(pk=wanted).delete()
    if not deleted:
        raise KeyNotFound


def key_shown(key: str, *, now: datetime) -> ApiKey:
    """The record of a good key, with its user; raises TokenNotValid.

    One query by the digest's index: a key dies with its user's account, when that is deactivated,
    and with a new password.
    """
    record = (
        ApiKey.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            digest=_digest(key),
            user__is_active=True,
            user_generation=F("user__token_generation"),
        )
        .select_related("user")
        .first()
    )
    if record is None:
        raise TokenNotValid
    if record.last_used_at is None or now - record.last_used_at >= _USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=record.pk).update(last_used_at=now)
    return record


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()

"""API keys: long-lived credentials that a user makes for a program. The key is shown once.

A key is 256 random bits, and only its plain SHA-256 is stored. Nobody can guess it, so a slow hash
or a salt would protect nothing, and an index can look the digest up.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from accounts.errors import KeyNotFound, TooManyKeys, WrongPassword
from accounts.models import ApiKey
from accounts.services import account_get
from sessions_app.api.authentication import TokenNotValid
from sessions_app.domain.lifecycle import to_milliseconds

# Some clients refuse a key that does not begin with "sk-".
PREFIX = "sk-chat-"
SHOWN_CHARS = len(PREFIX) + 4
KEYS_MAX = 100
# The last use is a hint for people: to the hour is enough, and saves a write per request.
_LAST_USE_PRECISION = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """`key` is the only copy of the secret; `stored_key` has its digest."""

    stored_key: ApiKey
    key: str


def key_make(
    *, user_id: str, password: str, name: str, expires_in_days: int | None, now: datetime
) -> NewKey:
    """Make a key for this user; raises AccountNotFound, WrongPassword, TooManyKeys."""
    user = account_get(user_id=user_id)
    if not user.check_password(password):
        raise WrongPassword(attr="password")
    # Keys from before the last password change are dead; they must not count.
    user.api_keys.exclude(user_generation=user.token_generation).delete()
    if user.api_keys.count() >= KEYS_MAX:
        raise TooManyKeys
    key, now = PREFIX + secrets.token_urlsafe(32), to_milliseconds(now)
    expires_at = None if expires_in_days is None else now + timedelta(days=expires_in_days)
    stored_key = ApiKey.objects.create(
        user=user,
        name=name,
        shown=key[:SHOWN_CHARS],
        digest=_digest(key),
        user_generation=user.token_generation,
        created_at=now,
        expires_at=expires_at,
    )
    return NewKey(stored_key, key)


def keys_list(*, user_id: str) -> QuerySet[ApiKey]:
    """The user's keys that no password change has ended, oldest first."""
    user = account_get(user_id=user_id)
    return user.api_keys.filter(user_generation=user.token_generation).order_by("id")


def key_delete(*, user_id: str, key_id: str) -> None:
    """Delete a key; raises KeyNotFound, also for another user's key."""
    try:
        key_uuid = uuid.UUID(key_id)
    except ValueError as error:
        raise KeyNotFound from error
    deleted, _ = keys_list(user_id=user_id).filter(pk=key_uuid).delete()
    if not deleted:
        raise KeyNotFound


def key_verify(key: str, *, now: datetime) -> ApiKey:
    """The stored key and its user, in one query; raises TokenNotValid.

    A key is dead once it has expired, its user is deactivated or erased, or the password changes.
    """
    stored_key = (
        ApiKey.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            digest=_digest(key),
            user__is_active=True,
            user_generation=F("user__token_generation"),
        )
        .select_related("user")
        .first()
    )
    if stored_key is None:
        raise TokenNotValid
    last_used_at = stored_key.last_used_at
    if last_used_at is None or now - last_used_at >= _LAST_USE_PRECISION:
        ApiKey.objects.filter(pk=stored_key.pk).update(last_used_at=now)
    return stored_key


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()

"""API keys: long-lived credentials that a user makes for a program. The key is shown once.

A key is 256 random bits, and only its plain SHA-256 is stored. Nobody can guess it, so a slow hash
or a salt would protect nothing, and an index can look the digest up.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.errors import KeyNotFound, TooManyKeys, WrongPassword
from accounts.models import ApiKey, User
from accounts.services import account_get
from sessions_app.api.authentication import TokenNotValid
from sessions_app.domain.sessions.lifecycle import to_milliseconds

# Some clients refuse a key that does not begin with "sk-".
PREFIX = "sk-chat-"
SHOWN_CHARS = len(PREFIX) + 4
# The last use is a hint for people: to the hour is enough, and saves a write per request.
LAST_USE_PRECISION = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """`key` is the only copy of the secret; `stored_key` has its digest."""

    stored_key: ApiKey
    key: str


def key_make(
    *,
    user_id: str,
    password: str,
    name: str,
    expires_in_days: int | None,
    now: datetime,
    require_session: bool = False,
) -> NewKey:
    """Make a key for this user; raises AccountNotFound, WrongPassword, TooManyKeys."""
    user = account_get(user_id=user_id)
    if not user.check_password(password):
        raise WrongPassword(attr="password")
    key, now = new_secret(PREFIX), to_milliseconds(now)
    expires_at = None if expires_in_days is None else now + timedelta(days=expires_in_days)
    with transaction.atomic():
        _require_room(user)
        stored_key: ApiKey = ApiKey.objects.create(
            user=user,
            name=name,
            shown=key[:SHOWN_CHARS],
            digest=digest(key),
            user_generation=user.token_generation,
            require_session=require_session,
            created_at=now,
            expires_at=expires_at,
        )
    return NewKey(stored_key, key)


def keys_count(user: User) -> int:
    """How many keys a user has that count for their quota."""
    return user.api_keys.filter(user_generation=user.token_generation).count()


def _require_room(user: User) -> None:
    """Raise TooManyKeys where the user has as many as they may have.

    Of two requests at once, the second waits here: for the user's row, or on SQLite, which has no
    such locks, for the whole transaction.
    """
    User.objects.select_for_update().filter(pk=user.pk).first()
    # Keys from before the last password change are dead; they must not count.
    user.api_keys.exclude(user_generation=user.token_generation).delete()
    if user.api_keys.count() >= settings.QUOTA_API_KEYS:
        raise TooManyKeys(settings.QUOTA_API_KEYS)


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
            digest=digest(key),
            user__is_active=True,
            user_generation=F("user__token_generation"),
        )
        .select_related("user")
        .first()
    )
    if stored_key is None:
        raise TokenNotValid
    last_used_at = stored_key.last_used_at
    if last_used_at is None or now - last_used_at >= LAST_USE_PRECISION:
        ApiKey.objects.filter(pk=stored_key.pk).update(last_used_at=now)
    return stored_key


def new_secret(prefix: str) -> str:
    """A new key, with 256 random bits behind `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """What is stored of a key, and found by it."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()

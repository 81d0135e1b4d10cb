"""Signed-in devices: each is a family of refresh tokens, of which one at a time is good."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from rest_framework_simplejwt.settings import api_settings

from accounts.errors import SignInNotFound
from accounts.models import SignIn, User
from accounts.services import account_get
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.services import revocations

# Longer than a refresh token lives, so that a reused one is still answered with why.
_KEPT = timedelta(days=30)


def begin(*, user: User, device: str, now: datetime) -> SignIn:
    """A new sign-in; rows that no token belongs to any more go."""
    now = to_milliseconds(now)
    stale = Q(ended_at__lt=now - _KEPT) | Q(used_at__lt=now - _KEPT - _token_lifetime())
    user.sign_ins.filter(stale).delete()
    return SignIn.objects.create(
        user=user,
        user_generation=user.token_generation,
        device=device,
        started_at=now,
        used_at=now,
    )


def get(*, user: User, sign_in_id: str) -> SignIn | None:
    """The user's sign-in with this id."""
    try:
        return user.sign_ins.filter(pk=uuid.UUID(sign_in_id)).first()
    except ValueError:
        return None


def is_over(sign_in: SignIn, *, now: datetime) -> bool:
    """Whether it has lasted as long as a sign-in may, however often it was refreshed."""
    return now >= sign_in.started_at + timedelta(days=settings.SIGN_IN_MAX_DAYS)


def use(*, sign_in: SignIn, now: datetime) -> None:
    """Note that the device has shown its refresh token."""
    SignIn.objects.filter(pk=sign_in.pk).update(used_at=to_milliseconds(now))


def live(*, user_id: str, now: datetime) -> QuerySet[SignIn]:
    """The devices on which the user is signed in, oldest first."""
    user = account_get(user_id=user_id)
    return user.sign_ins.filter(
        ended_at=None,
        user_generation=user.token_generation,
        used_at__gt=now - _token_lifetime(),
        started_at__gt=now - timedelta(days=settings.SIGN_IN_MAX_DAYS),
    ).order_by("id")


def end_own(*, user_id: str, sign_in_id: str, now: datetime) -> None:
    """Sign a device out, its access token included; raises SignInNotFound."""
    user = account_get(user_id=user_id)
    sign_in = get(user=user, sign_in_id=sign_in_id)
    if sign_in is None or not _end(sign_in.pk, SignIn.End.SIGNED_OUT, now):
        raise SignInNotFound


def end_reused(*, sign_in_id: str, now: datetime) -> None:
    """End a sign-in of which a spent token was shown again."""
    _end(uuid.UUID(sign_in_id), SignIn.End.REUSED, now)


def _end(sign_in_id: uuid.UUID, end: SignIn.End, now: datetime) -> bool:
    """End it; False if it has ended before. The first end stays."""
    with transaction.atomic():
        ended = SignIn.objects.filter(pk=sign_in_id, ended_at=None).update(
            ended_at=to_milliseconds(now), end=end
        )
        if ended:
            # A revocation that cannot be stored undoes the end, and the caller is told.
            revocations.bar(str(sign_in_id), now=now)
    return bool(ended)


def _token_lifetime() -> timedelta:
    lifetime: timedelta = api_settings.REFRESH_TOKEN_LIFETIME
    return lifetime

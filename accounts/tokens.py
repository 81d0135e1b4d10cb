"""Signing in and out: access tokens, and refresh tokens that are good for one use."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.errors import AccountNotFound, SignInFailed
from accounts.models import User
from accounts.services import account_get
from sessions_app.api.authentication import TokenNotValid, access_token_user, own_claims

GENERATION_CLAIM = "gen"


class AccountRefreshToken(RefreshToken):
    """A refresh token that names the generation it belongs to; its access token does not."""

    no_copy_claims = (*RefreshToken.no_copy_claims, GENERATION_CLAIM)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short access token, and the refresh token that gets the next pair."""

    access: str
    refresh: str


def tokens_issue(*, user: User, jti: str | None = None) -> TokenPair:
    """A new pair for this user, who is as they were read: nothing is written or looked up.

    `jti` is the refresh token's number, a random one by default.
    """
    refresh = AccountRefreshToken()
    if jti is not None:
        refresh["jti"] = jti
    refresh["sub"] = str(user.pk)
    refresh["username"] = user.username
    refresh["is_staff"] = user.is_staff
    refresh[GENERATION_CLAIM] = user.token_generation
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def sign_in(*, username: str, password: str) -> TokenPair:
    """A pair for the right password; raises SignInFailed after the same work for any reason.

    Django hashes the password for an unknown user too, so the time tells nothing.
    """
    user = authenticate(None, username=username, password=password)
    if not isinstance(user, User):
        raise SignInFailed
    return tokens_issue(user=user)


def tokens_refresh(*, refresh: str, key: str | None = None) -> TokenPair:
    """The next pair, saying what is now true of the user; raises TokenNotValid.

    The old token is spent: of two requests with it, one gets the pair. With the same `key` it is
    one request, made again because its answer was lost: it gets the same next refresh token once
    more, as long as that is unspent.
    """
    claims = own_claims(refresh, kind="refresh")
    jti = None if key is None else _successor(claims, key)
    with transaction.atomic():
        user = _bearer(claims, lock=True)
        try:
            _spend(claims, user)
        except TokenNotValid:
            if jti is None or not _is_promised(jti):
                raise
        pair = tokens_issue(user=user, jti=jti)
        if jti is not None:
            _recorded(own_claims(pair.refresh, kind="refresh"), user)
    return pair


def sign_out(*, refresh: str) -> None:
    """Kill this refresh token; raises TokenNotValid, also when it is dead already."""
    claims = own_claims(refresh, kind="refresh")
    with transaction.atomic():
        _spend(claims, _bearer(claims, lock=True))


def token_verify(*, token: str) -> None:
    """Raise TokenNotValid unless this is a good access token or a refresh token still unspent."""
    try:
        access_token_user(token)
    except TokenNotValid:
        claims = own_claims(token, kind="refresh")
        _bearer(claims, lock=False)
        if BlacklistedToken.objects.filter(token__jti=claims.get("jti")).exists():
            raise


def _bearer(claims: dict[str, Any], *, lock: bool) -> User:
    """The active user of a refresh token of the current generation; raises TokenNotValid."""
    try:
        user = account_get(user_id=claims["sub"], lock=lock)
    except AccountNotFound as error:
        raise TokenNotValid from error
    if claims.get(GENERATION_CLAIM, 0) != user.token_generation:
        raise TokenNotValid
    return user


def _successor(claims: dict[str, Any], key: str) -> str:
    """The `jti` of the token that follows this one under `key`; without the key, a secret."""
    text = f"{claims.get('jti', '')}/{key}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _is_promised(jti: str) -> bool:
    """Whether a token of this number was given out under a key, and has not been spent."""
    return OutstandingToken.objects.filter(jti=jti, blacklistedtoken__isnull=True).exists()


def _spend(claims: dict[str, Any], user: User) -> None:
    """Put the token on the blacklist; raises TokenNotValid if it is there already."""
    _, spent_now = BlacklistedToken.objects.get_or_create(token=_recorded(claims, user))
    if not spent_now:
        raise TokenNotValid


def _recorded(claims: dict[str, Any], user: User) -> OutstandingToken:
    """The record of a token that is spent, or was given out under a key.

    It has no more of it than its `jti`: the database never holds a usable token.
    """
    recorded, _ = OutstandingToken.objects.get_or_create(
        jti=claims.get("jti", ""),
        defaults={
            "user": user,
            "token": "",
            "created_at": timezone.now(),
            "expires_at": datetime.fromtimestamp(claims["exp"], UTC),
        },
    )
    return recorded

"""SimpleJWT's refresh tokens, with an end: a new password makes all of a user's tokens dead."""

import hashlib
from typing import Any, Self, cast

from django.db import transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import BlacklistMixin, RefreshToken

from accounts.credentials import sign_ins
from accounts.errors import AccountNotFound
from accounts.models import SignIn, User
from accounts.services import account_get
from sessions_app import clock
from sessions_app.api.authentication import GENERATION_CLAIM, SIGN_IN_CLAIM, TokenNotValid


class TokenSpent(TokenError):
    """A spent token was shown again: it, or the next one, is in the wrong hands."""

    def __init__(self, sign_in_id: str) -> None:
        super().__init__("The token is spent.")
        self.sign_in_id = sign_in_id


class SignInReused(TokenError):
    """The sign-in ended when one of its spent tokens was shown again."""


class AccountRefreshToken(RefreshToken):
    """A refresh token that names its user's `token_generation`, as its access tokens do.

    Exchanging a token spends it: of two requests with it, only one gets a new token. Two requests
    with the same idempotency `key` are one request that is repeated because its answer was lost:
    both get the same new token, as long as that is unspent.
    """

    def __init__(self, token: Any = None, verify: bool = True, *, key: str | None = None) -> None:
        self.key = key
        self.is_repeat = False
        super().__init__(token, verify)

    @classmethod
    def for_user(cls, user: User, device: str = "") -> Self:  # type: ignore[override]
        """The first token of a new sign-in."""
        # Skips the mixin, which records all tokens; here only spent and repeatable ones have a row.
        token = super(BlacklistMixin, cls).for_user(user)
        token.describe(user)
        token[SIGN_IN_CLAIM] = str(sign_ins.begin(user=user, device=device, now=clock.now()).pk)
        return token

    def describe(self, user: User) -> None:
        """Set the claims about the user; access tokens made from this token copy them."""
        self["username"] = user.username
        self["is_staff"] = user.is_staff
        self[GENERATION_CLAIM] = user.token_generation

    @transaction.atomic
    def verify(self) -> None:
        """Verify the token and its user; the user's row stays locked until the transaction ends.

        The lock is taken before the blacklist is read: of two requests, the second sees the token
        spent, and no token is recorded for an account that is being erased.
        """
        super(BlacklistMixin, self).verify()
        user = self._locked_user()
        sign_in = self._live_sign_in(user)
        self.check_blacklist()
        self.describe(user)
        sign_ins.use(sign_in=sign_in, now=clock.now())

    def check_blacklist(self) -> None:
        """Refuse a spent token, unless this request repeats the exchange; raises TokenSpent."""
        self.is_repeat = self.key is not None and _is_unspent(self._successor_jti())
        if self.is_repeat:
            return
        try:
            super().check_blacklist()
        except TokenError as error:
            raise TokenSpent(str(self[SIGN_IN_CLAIM])) from error

    def blacklist(self) -> BlacklistedToken:
        """Spend the token; raises TokenError if another request was first."""
        # The mixin returns the pair of `get_or_create`; its annotation is wrong.
        blacklisted, spent_now = cast("tuple[BlacklistedToken, bool]", super().blacklist())
        if not (spent_now or self.is_repeat):
            raise TokenSpent(str(self[SIGN_IN_CLAIM]))
        return blacklisted

    def set_jti(self) -> None:
        """A random id; under an idempotency key, the same id for every repeat."""
        if self.key is None:
            super().set_jti()
        else:
            self[api_settings.JTI_CLAIM] = self._successor_jti()

    def outstand(self) -> OutstandingToken | None:
        """Record a token that a repeat may get again: the repeat must see whether it is spent."""
        return None if self.key is None else super().outstand()

    def _locked_user(self) -> User:
        try:
            user = account_get(user_id=str(self.get(api_settings.USER_ID_CLAIM)), lock=True)
        except (AccountNotFound, TokenNotValid) as error:
            raise TokenError("The user cannot sign in.") from error
        if self.get(GENERATION_CLAIM, 0) != user.token_generation:
            raise TokenError("The password was changed.")
        return user

    def _live_sign_in(self, user: User) -> SignIn:
        sign_in = sign_ins.get(user=user, sign_in_id=str(self.get(SIGN_IN_CLAIM, "")))
        if sign_in is None or sign_ins.is_over(sign_in, now=clock.now()):
            raise TokenError("The sign-in has ended.")
        if sign_in.end == SignIn.End.REUSED:
            raise SignInReused
        if sign_in.ended_at is not None:
            raise TokenError("The device was signed out.")
        return sign_in

    def _successor_jti(self) -> str:
        """The id of the token that this one is exchanged for; only the key's owner can tell it."""
        text = f"{self[api_settings.JTI_CLAIM]}/{self.key}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _is_unspent(jti: str) -> bool:
    """Whether a token with this id was given out under a key, and is unspent."""
    return OutstandingToken.objects.filter(jti=jti, blacklistedtoken__isnull=True).exists()


@receiver(pre_save, sender=OutstandingToken)
def store_jti_only(instance: OutstandingToken, **_: Any) -> None:
    """Store the id without the token: a copy of the database must not contain usable tokens."""
    instance.token = ""

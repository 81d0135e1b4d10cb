"""Refresh tokens of accounts: SimpleJWT's, which end with their user's password."""

import hashlib
from typing import Any, Self, cast

from django.db import transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import BlacklistMixin, RefreshToken

from accounts.errors import AccountNotFound
from accounts.models import User
from accounts.services import account_get
from sessions_app.api.authentication import TokenNotValid

GENERATION_CLAIM = "gen"


class AccountRefreshToken(RefreshToken):
    """A refresh token that names the generation it belongs to; its access token does not.

    The old token is spent when it is exchanged: of two requests with it, one gets the next. With
    the same `key` it is one request, made again because its answer was lost: it gets the same next
    token once more, as long as that is unspent.
    """

    no_copy_claims = (*RefreshToken.no_copy_claims, GENERATION_CLAIM)  # type: ignore[assignment]

    def __init__(self, token: Any = None, verify: bool = True, *, key: str | None = None) -> None:
        self.key = key
        self.is_repeat = False
        super().__init__(token, verify)

    @classmethod
    def for_user(cls, user: User) -> Self:  # type: ignore[override]
        """A token for this user, who is as they were read: nothing is written or looked up."""
        # Past the mixin, which records every token; here only spent and promised ones have a row.
        token = super(BlacklistMixin, cls).for_user(user)
        token.describe(user)
        return token

    def describe(self, user: User) -> None:
        """Say what is now true of the user, here and in the access token made from this one."""
        self["username"] = user.username
        self["is_staff"] = user.is_staff
        self[GENERATION_CLAIM] = user.token_generation

    @transaction.atomic
    def verify(self) -> None:
        """Hold the token to its user too, whose row stays locked until the transaction ends.

        The lock goes before the look at the blacklist: of two requests the second sees the token
        spent, and no token is recorded for an account that is being erased.
        """
        super(BlacklistMixin, self).verify()
        user = self._bearer()
        self.check_blacklist()
        self.describe(user)

    def check_blacklist(self) -> None:
        """Refuse a spent token, unless this is the request that spent it; raises TokenError."""
        self.is_repeat = self.key is not None and _is_unspent(self._successor())
        if not self.is_repeat:
            super().check_blacklist()

    def blacklist(self) -> BlacklistedToken:
        """Spend the token; raises TokenError if another request was first."""
        # What the mixin returns is `get_or_create`'s pair, whatever its annotation says.
        blacklisted, spent_now = cast("tuple[BlacklistedToken, bool]", super().blacklist())
        if not (spent_now or self.is_repeat):
            raise TokenError("The token is spent.")
        return blacklisted

    def set_jti(self) -> None:
        """Number the token: at random, or as it was numbered before under this key."""
        if self.key is None:
            super().set_jti()
        else:
            self[api_settings.JTI_CLAIM] = self._successor()

    def outstand(self) -> OutstandingToken | None:
        """Record that this token was promised, if it was given out under a key."""
        return None if self.key is None else super().outstand()

    def _bearer(self) -> User:
        try:
            user = account_get(user_id=str(self.get(api_settings.USER_ID_CLAIM)), lock=True)
        except (AccountNotFound, TokenNotValid) as error:
            raise TokenError("The user cannot sign in.") from error
        if self.get(GENERATION_CLAIM, 0) != user.token_generation:
            raise TokenError("The password was changed.")
        return user

    def _successor(self) -> str:
        """The number of the token that follows this one under the key; without that, a secret."""
        text = f"{self[api_settings.JTI_CLAIM]}/{self.key}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _is_unspent(jti: str) -> bool:
    """Whether a token of this number was given out under a key, and has not been spent."""
    return OutstandingToken.objects.filter(jti=jti, blacklistedtoken__isnull=True).exists()


@receiver(pre_save, sender=OutstandingToken)
def keep_number_only(instance: OutstandingToken, **_: Any) -> None:
    """Store no token: whoever reads the database must find none that can be used."""
    instance.token = ""

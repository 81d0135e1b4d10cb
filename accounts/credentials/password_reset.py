"""Links by mail: one to set a password, one to confirm an address. Both are Django's signed tokens.

A link goes to the account's own address only, so nobody else sees it. It works until it is used,
the address changes, or `PASSWORD_RESET_TIMEOUT` has passed.
"""

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.models import User
from accounts.services import account_get

_RESET_TEXT = """Hello {name},

somebody, probably you, asked for a link to set the password of your account:

{link}

It works once, for {hours} hours. If it was not you, do nothing: your password stays as it is.
"""
_CONFIRM_TEXT = """Hello {name},

with this link you confirm that this address is yours:

{link}

It works for {hours} hours. If you have no account here, do nothing.
"""


class _AddressTokens(PasswordResetTokenGenerator):
    """Tokens that confirm an address; none of them sets a password."""

    key_salt = "accounts.credentials.password_reset.address"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk}{timestamp}{user.email}{user.email_confirmed}"


_address_tokens = _AddressTokens()


def reset_request(*, email: str) -> None:
    """Mail a link to each active account with this address; never says whether there is one."""
    for user in User.objects.filter(email__iexact=email, is_active=True):
        reset_send(user=user)


def reset_send(*, user: User) -> bool:
    """Mail a user the link to set their password; False where they have no address."""
    token = default_token_generator.make_token(user)
    return _send(user, "Set your password", _RESET_TEXT, "password-reset", token)


def confirmation_send(*, user_id: str) -> bool:
    """Mail a user the link that confirms their address; False where they have none."""
    user = account_get(user_id=user_id)
    token = _address_tokens.make_token(user)
    return _send(user, "Confirm your address", _CONFIRM_TEXT, "email-confirm", token)


def address_confirm(*, uidb64: str, token: str) -> bool:
    """Confirm an address by its link; False where the link is not valid, or not any more."""
    try:
        user = User.objects.get(pk=urlsafe_base64_decode(uidb64).decode(), is_active=True)
    except (ValueError, User.DoesNotExist, ValidationError):
        return False
    if not _address_tokens.check_token(user, token):
        return False
    return bool(User.objects.filter(pk=user.pk, email=user.email).update(email_confirmed=True))


def _send(user: User, subject: str, text: str, route: str, token: str) -> bool:
    if not user.email:
        return False
    uidb64 = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse(route, kwargs={"uidb64": uidb64, "token": token})
    hours = settings.PASSWORD_RESET_TIMEOUT // 3_600
    # Not the request's `Host`, with which a stranger could have the link lead to their own site.
    body = text.format(name=user.username, link=f"{settings.PUBLIC_URL}{path}", hours=hours)
    send_mail(subject, body, None, [user.email])
    return True

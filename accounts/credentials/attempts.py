"""Attempts at a password, and how many there may be.

Three counters slow guessing down: per account and network (`login`), per account wherever the
attempts come from (`login_account`), and per network whatever accounts they are at
(`login_network`). A stranger who uses up an account's attempts keeps its owner out on new devices
only: a device that has signed in before has a cookie, and attempts of its own (OWASP, "Slow Down
Online Guessing Attacks with Device Cookies").
"""

import secrets
from collections.abc import Mapping

from django.conf import settings
from django.core import signing
from django.http import HttpResponseBase

from accounts import usernames
from sessions_app.http.throttles import rate_take

DEVICE_COOKIE = "device"
_SALT = "accounts.device"
_COOKIE_SECONDS = 180 * 86_400


def attempt_take(*, account: str, network: str, device: str | None) -> float | None:
    """Count one attempt; seconds to wait when there were too many, else None."""
    if settings.THROTTLE_RATES.get("login") is None:
        return None
    if device is not None:
        return rate_take("login", f"device {device}")
    waits = (
        rate_take("login", f"{account} {network}"),
        rate_take("login_account", account),
        rate_take("login_network", network),
    )
    return max((wait for wait in waits if wait is not None), default=None)


def account_of(typed: object) -> str:
    """The account that a typed username names, however it is spelled.

    Casings and character widths spell "alice" in more than 3 ** 5 ways; each spelling would
    otherwise have attempts of its own.
    """
    return usernames.key(typed[: usernames.MAX_TYPED_CHARS]) if isinstance(typed, str) else ""


def known_device(cookies: Mapping[str, str], account: str) -> str | None:
    """The device that has signed in to this account before; None for any other."""
    try:
        name, device = signing.loads(
            cookies.get(DEVICE_COOKIE, ""), salt=_SALT, max_age=_COOKIE_SECONDS
        )
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(device) if name == account else None


def remember_device(response: HttpResponseBase, cookies: Mapping[str, str], account: str) -> None:
    """Have a device that has just signed in be known the next time."""
    device = known_device(cookies, account) or secrets.token_urlsafe(16)
    response.set_cookie(
        DEVICE_COOKIE,
        signing.dumps([account, device], salt=_SALT),
        max_age=_COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )

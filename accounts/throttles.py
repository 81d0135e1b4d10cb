"""The rate limits of attempts at a password."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.credentials import attempts
from sessions_app.http.throttles import RateThrottle, network_of


class AttemptThrottle(BaseThrottle):
    """Counts an attempt at the password of whoever is signed in, or of the account in the body."""

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the attempt may go on."""
        device = None
        if request.user:
            account = str(request.user.pk)
        else:
            data: Any = request.data
            account = attempts.account_of(data.get("username") if isinstance(data, dict) else None)
            device = attempts.known_device(request.COOKIES, account)
        network = network_of(self.get_ident(request) or "")
        self._wait = attempts.attempt_take(account=account, network=network, device=device)
        return self._wait is None

    def wait(self) -> float | None:
        """Seconds until the next attempt may succeed."""
        return None if self._wait is None else max(1.0, self._wait)


class MailThrottle(RateThrottle):
    """Mails that one user, or a stranger about one address, may have sent."""

    scope = "mail"

    def caller(self, request: Request) -> str | None:
        """The user, or the address that a stranger names."""
        if request.user:
            return str(request.user.pk)
        data: Any = request.data
        email = data.get("email") if isinstance(data, dict) else None
        return email.strip().casefold()[:254] if isinstance(email, str) else ""

"""The rate limits of attempts at a password."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.credentials import attempts
from sessions_app.http.throttles import network_of


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

"""`X-Turn-Wait` and `X-Session-Store`: how a request for a turn is carried out, on both APIs."""

from django.conf import settings
from rest_framework.request import Request

from sessions_app.domain.errors import InvalidInput
from sessions_app.http.departure import departure_of
from sessions_app.services.turns import Patience

WAIT_HEADER = "X-Turn-Wait"
STORE_HEADER = "X-Session-Store"
_NOTHING = "none"


def patience(request: Request, wait: int | None = None) -> Patience:
    """How long the request waits for its session; `wait` is what its body says, if anything.

    Raises InvalidInput for what is no number of seconds, is more than is allowed, or differs.
    """
    seconds = _seconds(request)
    if wait is not None:
        if seconds not in (None, wait):
            raise InvalidInput("The header X-Turn-Wait says another time.", attr="wait")
        seconds = _bounded(wait, "wait")
    return Patience(float(seconds or 0), departure_of(request).then)


def stores_nothing(request: Request) -> bool:
    """Whether the session is only read; raises InvalidInput for an unknown value."""
    value = request.headers.get(STORE_HEADER)
    if value is None:
        return False
    if value.strip().lower() != _NOTHING:
        raise InvalidInput("Expected none.", attr=STORE_HEADER)
    return True


def _seconds(request: Request) -> int | None:
    value = request.headers.get(WAIT_HEADER)
    if value is None:
        return None
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InvalidInput("Expected a whole number of seconds.", attr=WAIT_HEADER)
    return _bounded(int(digits), WAIT_HEADER)


def _bounded(seconds: int, attr: str) -> int:
    most = settings.TURN_WAIT_MAX_SECONDS
    if seconds > most:
        raise InvalidInput(f"Expected at most {most} seconds.", attr=attr)
    return seconds

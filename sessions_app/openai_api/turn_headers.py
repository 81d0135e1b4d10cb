"""What the headers of a request for a model call say of its turn and session."""

from dataclasses import dataclass

from django.conf import settings
from rest_framework.request import Request

from sessions_app.domain.errors import InvalidInput
from sessions_app.http.input import idempotency_key
from sessions_app.http.turn_headers import patience, stores_nothing
from sessions_app.services.turns import Patience

_CREATE_HEADER = "X-Session-Create"
_SWITCH = {"1": True, "true": True, "0": False, "false": False, "": False}


@dataclass(frozen=True, slots=True)
class TurnHeaders:
    """`key` names the request, `patience` is how long it waits for its session.

    With `stores_nothing` the session is only read; `makes_session` says whether one that is not
    there is to be made.
    """

    key: str | None
    patience: Patience
    stores_nothing: bool
    makes_session: bool


def turn_headers(request: Request) -> TurnHeaders:
    """The headers of a request; raises InvalidInput or ValidationError for what one cannot say."""
    return TurnHeaders(
        key=idempotency_key(request),
        patience=patience(request),
        stores_nothing=stores_nothing(request),
        makes_session=_makes_session(request),
    )


def _makes_session(request: Request) -> bool:
    header = request.headers.get(_CREATE_HEADER)
    if header is None:
        return settings.OPENAI_SESSIONS == "create"
    if header.lower() not in _SWITCH:
        raise InvalidInput("Expected 1 or 0.", attr=_CREATE_HEADER)
    return _SWITCH[header.lower()]

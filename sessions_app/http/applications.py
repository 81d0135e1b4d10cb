"""Service keys on HTTP: what the key may be used for, and for whom a request asks.

Each view says in `scopes` what each of its methods needs of a service key; a method that is not in
it is closed to service keys. `asks_for` says whose the view is: an end user's, whom the request
names, or the application's own, which is about all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.request import Request

from sessions_app.domain.applications import (
    END_USER_HEADER,
    EndUser,
    Scope,
    end_user_check,
)
from sessions_app.domain.errors import (
    EndUserInvalid,
    EndUserRefused,
    EndUserRequired,
    InvalidInput,
    ScopeMissing,
    ServiceKeyRefused,
)

if TYPE_CHECKING:
    from rest_framework.views import APIView

HEADER_KEY = f"HTTP_{END_USER_HEADER.upper().replace('-', '_')}"


class AsksFor(Enum):
    """Whose a view is, for a service key."""

    # The request names them.
    AN_END_USER = "an end user"
    # It names nobody: the application asks about its users.
    ITSELF = "itself"
    # What it answers is the same for everybody.
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """What a service key says; `request.auth` of a request that it signs.

    `requests_a_minute` are those that the application may make in all, 0 for no limit.
    """

    application_id: str
    scopes: frozenset[str]
    require_session: bool = False
    requests_a_minute: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks by a service key, as `request.user`: an application, or a user of its own.

    `pk` is the owner id of such a user.
    """

    pk: str
    # Tokens have generations, and staff have accounts; keys have neither.
    token_generation: ClassVar[int] = 0
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False


def application_of(request: Request) -> str:
    """The application that asks, in a view that it asks for itself."""
    credential = request.auth
    assert isinstance(credential, ServiceCredential)  # noqa: S101 - see `InScope`
    return credential.application_id


def authorize(request: Request, view: "APIView", credential: ServiceCredential) -> None:
    """Require the scope of the route, and have the request ask for whom it names.

    Raises NotAllowed, EndUserInvalid.
    """
    method = str(request.method).replace("HEAD", "GET")
    scope = scope_of(view, method)
    if scope is None:
        # A method that there is not is answered as such.
        if hasattr(view, method.lower()) or method == "OPTIONS":
            raise ServiceKeyRefused
    elif scope not in credential.scopes:
        raise ScopeMissing(scope)
    else:
        _speak(request, view, credential)


def scope_of(view: Any, method: str) -> Scope | None:
    """What a view's method needs of a service key; None where none may use it."""
    scopes: Mapping[str, Scope] = getattr(view, "scopes", {})
    return scopes.get(method)


def require_session(request: Request) -> bool:
    """Whether the key that signs the request refuses model calls that name no session."""
    return bool(getattr(request.auth, "require_session", False))


def _speak(request: Request, view: "APIView", credential: ServiceCredential) -> None:
    """Have the request ask for whom it names."""
    asks_for = getattr(view, "asks_for", AsksFor.AN_END_USER)
    named = _named(request, view)
    if named is None:
        if asks_for is AsksFor.AN_END_USER:
            raise EndUserRequired
        return
    if asks_for is AsksFor.ITSELF:
        raise EndUserRefused
    caller: Any = Caller(EndUser(credential.application_id, named).owner_id)
    request.user = caller


def _named(request: Request, view: "APIView") -> str | None:
    """The end user that a request names, in its header or in its body; None where in neither."""
    header = request.META.get(HEADER_KEY)
    in_header = None if header is None else end_user_check(_decoded(header))
    member: str | None = getattr(view, "end_user_member", None)
    if member is None or not isinstance(request.data, dict):
        return in_header
    value = request.data.get(member)
    if value is None:
        return in_header
    if not isinstance(value, str):
        raise InvalidInput("Expected text.", attr=member)
    in_body = end_user_check(value, attr=member)
    if in_header is not None and in_header != in_body:
        message = f"{END_USER_HEADER} and `{member}` name two end users."
        raise EndUserInvalid(message, attr=member)
    return in_body


def _decoded(header: str) -> str:
    """A header's text: WSGI hands over bytes as Latin-1 (PEP 3333), and they are UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError as error:
        raise EndUserInvalid("Expected UTF-8.", attr=END_USER_HEADER) from error

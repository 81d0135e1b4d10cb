"""What a view waits for, said at the view, for a server that gives each kind a queue of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from django.http import HttpRequest
from django.urls import Resolver404, resolve

View = TypeVar("View", bound=Callable[..., Any])

# In a request's environment: how many seconds a view that is marked FOR_MUCH may work.
ALLOWANCE_KEY = "chat_sessions.allowance"
# Under a server that gives none.
DEFAULT_ALLOWANCE_SECONDS = 8.0

_SAFE = frozenset({"get", "head", "options"})


class Waits(Enum):
    """What a view may wait for; the values name the queues, their threads and their metrics."""

    # For a database; what no view says otherwise, by its method.
    FOR_A_READ = "reads"
    FOR_A_WRITE = "writes"
    # For a read that computes: its processor time is what others would wait for.
    FOR_MUCH = "heavy_reads"
    # For the accounts database, or for a password's hash.
    FOR_ACCOUNTS = "sign_in"
    FOR_A_MODEL = "turns"
    # For a turn to end that is being stopped; so never behind those that wait for its model.
    FOR_A_STOP = "stops"
    # For what says how the service is, which must be answered whatever else waits.
    FOR_A_PROBE = "probes"
    FOR_NOTHING = "loop"


def waits(what: Waits) -> Callable[[View], View]:
    """Mark a view, a class of views, or one action or method of such a class."""

    def mark(view: View) -> View:
        view.waits = what  # type: ignore[attr-defined]
        return view

    return mark


@dataclass(frozen=True, slots=True)
class Declared:
    """The route of a request as it is declared, None where there is none, and what it waits for."""

    route: str | None
    waits: Waits


def declared(path: str, method: str) -> Declared:
    """What the view of this request says of itself."""
    method = method.lower()
    by_method = Waits.FOR_A_READ if method in _SAFE else Waits.FOR_A_WRITE
    try:
        match = resolve(path)
    except Resolver404:
        return Declared(None, by_method)
    view = match.func
    # DRF's views are made of classes, and those of a viewset name an action for each method.
    handler = getattr(view, "actions", {}).get(method, method)
    view_class = getattr(view, "cls", None)
    for marked in (getattr(view_class, handler, None), view_class, view):
        kind = getattr(marked, "waits", None)
        if isinstance(kind, Waits):
            return Declared(match.route, kind)
    return Declared(match.route, by_method)


def allowance(request: HttpRequest) -> float:
    """How many seconds the view of this request may work before it answers with what it has."""
    return float(request.META.get(ALLOWANCE_KEY, DEFAULT_ALLOWANCE_SECONDS))

"""What a view waits for, said at the view, for a server that gives each kind a queue of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404

from sessions_app.http import routes

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
    # For many bytes to be stored, which would keep threads from others.
    FOR_AN_UPLOAD = "uploads"
    # For a turn to end that is being stopped; so never behind those that wait for its model.
    FOR_A_STOP = "stops"
    # For what says how the service is, which must be answered whatever else waits.
    FOR_A_PROBE = "probes"
    FOR_NOTHING = "loop"


class Takes(Enum):
    """How large a request's body may be, and where it lies until its view has read it."""

    # REQUEST_MAX_BYTES, in memory; what no view says otherwise.
    A_MESSAGE = "message"
    # REQUEST_WITH_FILES_MAX_BYTES, in memory: JSON with pictures and files in it.
    FILES_IN_JSON = "files_in_json"
    # ATTACHMENT_MAX_BYTES and a form around them, on disk.
    A_FILE = "file"
    # IMPORT_MAX_BYTES and a form around them, on disk.
    AN_EXPORT = "export"


def takes(body: Takes) -> Callable[[View], View]:
    """Mark a view, a class of views, or one action or method of such a class."""

    def mark(view: View) -> View:
        view.takes = body  # type: ignore[attr-defined]
        return view

    return mark


def waits(what: Waits) -> Callable[[View], View]:
    """Mark a view, a class of views, or one action or method of such a class."""

    def mark(view: View) -> View:
        view.waits = what  # type: ignore[attr-defined]
        return view

    return mark


@dataclass(frozen=True, slots=True)
class Declared:
    """The route of a request as it is declared, None where there is none.

    What it waits for, and which body it takes.
    """

    route: str | None
    waits: Waits
    takes: Takes = Takes.A_MESSAGE


def declared(path: str, method: str) -> Declared:
    """What the view of this request says of itself."""
    return _declared(routes.shape_of(path)[0], method.lower(), settings.ROOT_URLCONF)


@lru_cache(maxsize=4_096)
def _declared(shape: str, method: str, urlconf: str) -> Declared:
    """The same for all paths of a shape.

    Kept, as to resolve a path takes a good part of what it costs to refuse a request.
    """
    by_method = Waits.FOR_A_READ if method in _SAFE else Waits.FOR_A_WRITE
    try:
        match = routes.match_of_shape(shape, urlconf)
    except Resolver404:
        return Declared(None, by_method)
    view = match.func
    # DRF's views are made of classes, and those of a viewset name an action for each method.
    handler = getattr(view, "actions", {}).get(method, method)
    view_class = getattr(view, "cls", None)
    marked = (getattr(view_class, handler, None), view_class, view)
    kinds = (getattr(each, "waits", None) for each in marked)
    bodies = (getattr(each, "takes", None) for each in marked)
    return Declared(
        match.route,
        next((kind for kind in kinds if isinstance(kind, Waits)), by_method),
        next((body for body in bodies if isinstance(body, Takes)), Takes.A_MESSAGE),
    )


def allowance(request: HttpRequest) -> float:
    """How many seconds the view of this request may work before it answers with what it has."""
    return float(request.META.get(ALLOWANCE_KEY, DEFAULT_ALLOWANCE_SECONDS))

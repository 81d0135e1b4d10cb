"""What a view waits for, said at the view, for a server that gives each kind threads of its own."""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from django.urls import Resolver404, resolve

View = TypeVar("View", bound=Callable[..., Any])


class Waits(Enum):
    """What a view may wait for; the values name the threads."""

    # For a database: nearly every view.
    BRIEFLY = "request"
    FOR_A_MODEL = "chat"
    # For a turn to end that is being stopped; so never behind those that wait for its model.
    FOR_A_STOP = "stop"
    FOR_NOTHING = "loop"


def waits(what: Waits) -> Callable[[View], View]:
    """Mark a view, or one action or method of a class of views."""

    def mark(view: View) -> View:
        view.waits = what  # type: ignore[attr-defined]
        return view

    return mark


def waits_of(path: str, method: str) -> Waits:
    """What the view of this request waits for."""
    try:
        view = resolve(path).func
    except Resolver404:
        return Waits.BRIEFLY
    method = method.lower()
    # DRF's views are made of classes, and those of a viewset name an action for each method.
    handler = getattr(view, "actions", {}).get(method, method)
    marked = getattr(getattr(view, "cls", None), handler, view)
    kind = getattr(marked, "waits", Waits.BRIEFLY)
    return kind if isinstance(kind, Waits) else Waits.BRIEFLY

"""How series and the log name a request's route and method."""

import re
from functools import cache

# In place of a route: files have none.
STATIC = "(static)"

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)|<(?:\w+:)?(\w+)>")


def route_label(route: str | None) -> str:
    """A route as series and the log name it."""
    return "unmatched" if route is None else "static" if route == STATIC else route_template(route)


def method_label(method: str | None) -> str:
    """The method; a client may send any, and each would make a new series."""
    return method if method in _METHODS else "other"


@cache
def route_template(route: str) -> str:
    """A route as the API description writes it: `/session/{session_id}/message`."""
    path = _GROUP.sub(lambda match: f"{{{match[1] or match[2]}}}", route)
    for noise in ("/?$", "^", "$", "\\Z", "\\"):
        path = path.replace(noise, "")
    return "/" + path.strip("/")

"""The routes that the service really has, as `(method, path)`, with `{}` for what varies."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

VERBS = ("get", "post", "put", "patch", "delete")
_GROUP = re.compile(r"\(\?P<\w+>[^()]*\)|<[^>]*>|\{[^}]*\}")


def template(path: str) -> str:
    """A path in the form that all its spellings have in common."""
    path = _GROUP.sub("{}", path.replace("^", "").replace("$", "")).replace("/?", "")
    return "/" + path.strip("/")


def served() -> set[tuple[str, str]]:
    """Every route but the admin's own."""
    return {
        (method.upper(), template(path))
        for path, callback in callbacks(get_resolver().url_patterns, "")
        if not path.startswith("admin/")
        for method in methods(callback)
    }


def callbacks(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Every route with its view."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, pattern.callback
        else:
            yield from callbacks(pattern.url_patterns, path)


def methods(callback: Any) -> list[str]:
    """What a view answers to."""
    if actions := getattr(callback, "actions", None):
        return [verb for verb in VERBS if verb in actions]
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    return [verb for verb in VERBS if hasattr(view, verb)] if view else ["get"]

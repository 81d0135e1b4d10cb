"""Which view a path names. What has been resolved is kept, by the shape of the path.

To resolve a path Django tries one regular expression after another, which takes longer than a
request's throttles and permissions together. Most paths differ in the id of their session only, so
that few shapes are asked for again and again.
"""

import re
from functools import lru_cache

from django.conf import settings
from django.urls import ResolverMatch, resolve

# A session's id, as a whole segment.
_ID = re.compile(r"(?<=/)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?=/|\Z)")
# In place of it; the form of an id, so that a route that asks for one matches.
_ANY = "00000000-0000-0000-0000-000000000000"


def shape_of(path: str) -> tuple[str, str]:
    """The path with a stand-in for its first id, and that id; the path itself where it has none."""
    match = _ID.search(path)
    if match is None or _ANY in path:
        return path, ""
    return f"{path[: match.start()]}{_ANY}{path[match.end() :]}", match[0]


def match_of(path: str) -> ResolverMatch:
    """As `django.urls.resolve`; raises Resolver404."""
    shape, identifier = shape_of(path)
    match = match_of_shape(shape, settings.ROOT_URLCONF)
    if match.args or not all(isinstance(value, str) for value in match.kwargs.values()):
        # A converter has made something else of the stand-in.
        return resolve(path, settings.ROOT_URLCONF)
    # A match of its own for each request, which may write to it.
    return ResolverMatch(
        match.func,
        (),
        {
            name: value.replace(_ANY, identifier) if identifier else value
            for name, value in match.kwargs.items()
        },
        url_name=match.url_name,
        app_names=[*match.app_names],
        namespaces=[*match.namespaces],
        route=match.route,
    )


@lru_cache(maxsize=2_048)
def match_of_shape(shape: str, urlconf: str) -> ResolverMatch:
    """What the paths of a shape resolve to; raises Resolver404, which is not kept."""
    return resolve(shape, urlconf)

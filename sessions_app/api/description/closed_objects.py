"""Bodies that take no other members than those described, described as such."""

from typing import Any

from sessions_app.http.input import RefusesUnknown

_SUFFIX = "Serializer"


def close(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: `additionalProperties: false` on each body that refuses others."""
    schemas = result.get("components", {}).get("schemas", {})
    for serializer in _refusing(RefusesUnknown):
        name = serializer.__name__.removesuffix(_SUFFIX)
        # A body of PATCH is a component of its own, in which nothing is required.
        for component in (name, f"Patched{name}"):
            if component in schemas:
                schemas[component]["additionalProperties"] = False
    return result


def _refusing(base: type[RefusesUnknown]) -> set[type[RefusesUnknown]]:
    return {base}.union(*map(_refusing, base.__subclasses__()))

"""Paths as the contract writes them."""

from typing import Any

Endpoint = tuple[str, str, str, Any]


def without_trailing_slash(endpoints: list[Endpoint]) -> list[Endpoint]:
    """A hook of drf-spectacular: the routes accept a trailing slash, the description shows none."""
    return [(path.rstrip("/") or "/", *rest) for path, *rest in endpoints]

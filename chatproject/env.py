"""Typed settings from the environment; an invalid value raises ImproperlyConfigured."""

import os
from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "", *, shortest: int = 0) -> str:
    """The value of `name`, stripped; unset or blank means `default`.

    A value that is set has at least `shortest` characters.
    """
    value = os.environ.get(name, "").strip()
    if value and len(value) < shortest:
        raise ImproperlyConfigured(f"{name} must have at least {shortest} characters")
    return value or default


def integer(name: str, default: int, *, low: int = 0, high: int = 2**53) -> int:
    """A whole number in `low..high`."""
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}") from error
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name} must be between {low} and {high}, not {value}")
    return value


def fraction(name: str, default: float) -> float:
    """A number from 0 to 1."""
    raw = os.environ.get(name, "").strip()
    try:
        value = float(raw) if raw else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {raw!r}") from None
    # The comparison is false for "nan" too.
    if not 0.0 <= value <= 1.0:
        raise ImproperlyConfigured(f"{name} must be from 0 to 1, not {raw}")
    return value


def flag(name: str, *, default: bool = False) -> bool:
    """A switch: 1, true, yes, on or 0, false, no, off."""
    raw = text(name, "1" if default else "0").lower()
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {raw!r}")


def choice(name: str, default: str, allowed: Iterable[str]) -> str:
    value, options = text(name, default), list(allowed)
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}, not {value!r}")
    return value


def words(name: str, default: str = "", *, shortest: int = 0) -> list[str]:
    """A comma-separated list of words, each of at least `shortest` characters."""
    values = [word.strip() for word in text(name, default).split(",") if word.strip()]
    if any(len(word) < shortest for word in values):
        raise ImproperlyConfigured(f"{name} must have at least {shortest} characters each")
    return values


def rate(name: str, default: str) -> str | None:
    """A throttle such as `60/min`; set but empty switches it off."""
    raw = os.environ.get(name, default).strip()
    if not raw:
        return None
    count, _, period = raw.partition("/")
    if not count.isdigit() or int(count) < 1 or period[:1] not in {"s", "m", "h", "d"}:
        raise ImproperlyConfigured(f"{name} must look like 60/min (s, min, hour, day), not {raw!r}")
    return raw

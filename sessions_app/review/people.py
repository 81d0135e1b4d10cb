"""Usernames from the accounts. Users of an identity provider and erased ones have ids only."""

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from django.contrib.auth import get_user_model

_MAX_MATCHES = 20


def names(user_ids: Iterable[str]) -> Mapping[str, str]:
    """User id → username, for those who have an account, in one query."""
    keys = {key for user_id in user_ids if (key := _primary_key(user_id))}
    users: Any = get_user_model().objects
    pairs = users.filter(pk__in=keys).values_list("pk", "username") if keys else ()
    return {str(key): username for key, username in pairs}


def ids_like(name: str) -> tuple[str, ...]:
    """The ids of the first few users whose name begins with `name`, in any casing."""
    users: Any = get_user_model().objects
    keys = list(
        users.filter(username__istartswith=name).values_list("pk", flat=True)[:_MAX_MATCHES]
    )
    model: Any = get_user_model()
    with suppress(model.DoesNotExist):
        # A prefix is folded for ASCII only; a whole name for every script.
        keys.append(users.get_by_natural_key(name).pk)
    return tuple(dict.fromkeys(str(key) for key in keys))


def _primary_key(user_id: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(user_id)
    except ValueError:
        return None

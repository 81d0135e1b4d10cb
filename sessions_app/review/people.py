"""The names of users, from the accounts; others, of an identity provider or erased, have ids."""

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from django.contrib.auth import get_user_model

_MOST = 20


def names(user_ids: Iterable[str]) -> Mapping[str, str]:
    """The usernames of those who have an account, by id, in one query."""
    keys = {key for user_id in user_ids if (key := _key(user_id))}
    users: Any = get_user_model().objects
    found = users.filter(pk__in=keys).values_list("pk", "username") if keys else ()
    return {str(key): username for key, username in found}


def ids_like(name: str) -> tuple[str, ...]:
    """The ids of the users whose name begins with `name`, in any casing; the first few."""
    users: Any = get_user_model().objects
    found = list(users.filter(username__istartswith=name).values_list("pk", flat=True)[:_MOST])
    model: Any = get_user_model()
    with suppress(model.DoesNotExist):
        found.append(users.get_by_natural_key(name).pk)
    return tuple(dict.fromkeys(str(key) for key in found))


def _key(user_id: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(user_id)
    except ValueError:
        return None

"""What users are called: by their accounts, or by the application whose users they are.

Users of an identity provider and erased ones have ids only.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model

from sessions_app.domain.applications import EndUser, end_user_of

_MAX_MATCHES = 20


def names(user_ids: Iterable[str]) -> Mapping[str, str]:
    """User id → username, or application and its own id; each kind in one query."""
    ids = set(user_ids)
    end_users = {user_id: end_user for user_id in ids if (end_user := end_user_of(user_id))}
    keys = {key for user_id in ids if (key := _primary_key(user_id))}
    users: Any = get_user_model().objects
    pairs = users.filter(pk__in=keys).values_list("pk", "username") if keys else ()
    return {str(key): username for key, username in pairs} | dict(_of_applications(end_users))


def _of_applications(end_users: Mapping[str, EndUser]) -> Iterator[tuple[str, str]]:
    ids = {end_user.application_id for end_user in end_users.values()}
    pairs = _applications().filter(pk__in=ids).values_list("pk", "name") if ids else ()
    applications = {str(key): name for key, name in pairs}
    for user_id, end_user in end_users.items():
        application = applications.get(end_user.application_id, end_user.application_id)
        yield user_id, f"{application}: {end_user.end_user_id}"


def ids_like(name: str) -> tuple[str, ...]:
    """The ids of the first few users whose name begins with `name`, in any casing.

    Of applications' users, those whose whole id it is.
    """
    users: Any = get_user_model().objects
    keys = list(
        users.filter(username__istartswith=name).values_list("pk", flat=True)[:_MAX_MATCHES]
    )
    model: Any = get_user_model()
    with suppress(model.DoesNotExist):
        # A prefix is folded for ASCII only; a whole name for every script.
        keys.append(users.get_by_natural_key(name).pk)
    applications = _applications().values_list("pk", flat=True)[:_MAX_MATCHES]
    end_users = [EndUser(str(application_id), name).owner_id for application_id in applications]
    return tuple(dict.fromkeys([*map(str, keys), *end_users]))


def has_account(user_id: str) -> bool:
    """Whether this is, by its form, the id of an account of this service."""
    return _primary_key(user_id) is not None and end_user_of(user_id) is None


def _applications() -> Any:
    # The accounts are a layer above; the admin's database has their tables all the same.
    return apps.get_model("accounts", "Application").objects


def _primary_key(user_id: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(user_id)
    except ValueError:
        return None

"""Searches every table of the accounts database for traces of one person."""

import operator
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q

from accounts.models import Application, ServiceKey, User
from accounts.privacy.erasure import session_is_of
from accounts.privacy.people import as_uuid

# Their rows come with the code, or name programs. A username may equal such a name without being
# about it.
_NOT_PERSONAL = (ContentType, Group, Permission, Application, ServiceKey)
# A shorter id, such as a number, occurs in many texts by chance, so it must match a whole field.
_DISTINCTIVE_CHARS = 16


def account_traces(*, user_id: str, names: Sequence[str] = ()) -> dict[str, int]:
    """Counts, by table, the rows that contain the id or one of the names (username, email).

    A name counts only in rows that belong to no other account: two users may share an address.
    """
    counts = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            conditions = [*_for_id(model, user_id), *_for_names(model, names)]
            condition = reduce(operator.or_, conditions, Q(pk__in=[]))
            counts[model._meta.db_table] = model._base_manager.filter(condition).count()
    # The content of a browser session is encoded, so no query finds the id in it.
    sessions = (session_is_of(session, user_id) for session in Session.objects.iterator())
    counts[Session._meta.db_table] += sum(sessions)
    return counts


def _for_id(model: type[models.Model], user_id: str) -> Iterator[Q]:
    for field in model._meta.concrete_fields:
        target = _target(field)
        if isinstance(target, models.UUIDField):
            if account_id := as_uuid(user_id):
                yield Q(**{field.attname: account_id})
        elif _is_text(target):
            contained = len(user_id) >= _DISTINCTIVE_CHARS
            yield Q(**{f"{field.attname}__contains" if contained else field.attname: user_id})


def _for_names(model: type[models.Model], names: Sequence[str]) -> Iterator[Q]:
    fields = model._meta.concrete_fields
    owned = any(field.related_model is User for field in fields) and model is not LogEntry
    if model is User or owned or model in _NOT_PERSONAL:
        return
    for field in filter(_is_text, fields):
        yield from (Q(**{f"{field.attname}__iexact": name}) for name in names if name)


def _target(field: Any) -> Any:
    """The field that defines the type of the stored value: a foreign key's is its target."""
    return field.target_field if field.is_relation else field


def _is_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField)

"""Looking through the accounts database for one person: every table, every text."""

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

from accounts.erasure import session_is_of
from accounts.models import User
from accounts.people import as_uuid

# A user's name may be that of a right or a kind, which nobody has put there for their sake.
_OF_NOBODY = (ContentType, Group, Permission)
# A shorter id, a number perhaps, stands in many texts by accident.
_UNMISTAKABLE_CHARS = 16


def account_traces(*, user_id: str, names: Sequence[str] = ()) -> dict[str, int]:
    """Each table → how many of its rows hold the id, or one of the names (username, address).

    A name counts only in rows that belong to no other account: two people may share an address.
    """
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            searches = [*_for_id(model, user_id), *_for_names(model, names)]
            wanted = reduce(operator.or_, searches, Q(pk__in=[]))
            found[model._meta.db_table] = model._base_manager.filter(wanted).count()
    # What a browser session holds is packed.
    browser_sessions = (session_is_of(one, user_id) for one in Session.objects.iterator())
    found[Session._meta.db_table] += sum(browser_sessions)
    return found


def _for_id(model: type[models.Model], user_id: str) -> Iterator[Q]:
    for field in model._meta.concrete_fields:
        target = _target(field)
        if isinstance(target, models.UUIDField):
            if account_id := as_uuid(user_id):
                yield Q(**{field.attname: account_id})
        elif _is_text(target):
            contained = len(user_id) >= _UNMISTAKABLE_CHARS
            yield Q(**{f"{field.attname}__contains" if contained else field.attname: user_id})


def _for_names(model: type[models.Model], names: Sequence[str]) -> Iterator[Q]:
    fields = model._meta.concrete_fields
    owned = any(field.related_model is User for field in fields) and model is not LogEntry
    if model is User or owned or model in _OF_NOBODY:
        return
    for field in filter(_is_text, fields):
        yield from (Q(**{f"{field.attname}__iexact": name}) for name in names if name)


def _target(field: Any) -> Any:
    """The field whose kind of value this one holds."""
    return field.target_field if field.is_relation else field


def _is_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField)

"""The accounts database in a backup: every row of every model, in Django's JSON lines.

Sign-ins to the admin are left out, as are permissions and content types, which `migrate` makes.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction

from accounts.models import Application, User
from sessions_app.domain.errors import InvalidInput

# Made by `migrate`, or of no use elsewhere.
_LEFT_OUT = {"contenttypes.contenttype", "auth.permission", "sessions.session"}
# Whose rows `migrate` has made in the new installation, too: found by their names.
_BY_NAME = {"auth.group"}
_LINES = 2_000


def dump() -> Iterator[tuple[bytes, int]]:
    """All rows as they are at one moment, in portions, each with its number of rows."""
    with _one_moment():
        rows = chain.from_iterable(_serialized(model) for model in _models())
        while portion := list(islice(rows, _LINES)):
            yield "".join(portion).encode(), len(portion)


@contextmanager
def _one_moment() -> Iterator[None]:
    """A transaction in which nothing changes, and beside which others write."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        # `atomic` would take the lock of writers, as the settings say, which this never needs.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _models() -> Sequence[type[models.Model]]:
    """Those with rows to keep, each behind what it refers to."""
    by_app = [(config, None) for config in apps.get_app_configs()]
    return [
        model
        for model in serializers.sort_dependencies(by_app)
        if model._meta.label_lower not in _LEFT_OUT
        and model._meta.managed
        and not model._meta.proxy
    ]


class _Exact(DjangoJSONEncoder):
    """Keeps times to the microsecond, of which Django's own keeps thousands."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _serialized(model: type[models.Model]) -> Iterator[str]:
    rows = model._default_manager.order_by("pk").iterator(chunk_size=_LINES)
    by_name = model._meta.label_lower in _BY_NAME
    while portion := list(islice(rows, _LINES)):
        lines = serializers.serialize(
            "jsonl",
            portion,
            cls=_Exact,
            use_natural_foreign_keys=True,
            use_natural_primary_keys=by_name,
        )
        # Not `splitlines`, which also splits at other characters than this.
        yield from (f"{line}\n" for line in lines.split("\n") if line)


def check_unused(first_account: str) -> None:
    """Raise InvalidInput where somebody has an account, but one that a first start has made."""
    has_users = User.objects.exclude(username=first_account, last_login=None).exists()
    if has_users or Application.objects.exists():
        raise InvalidInput("There are accounts already: restore into a new installation.")


def load(portions: Iterable[bytes]) -> int:
    """Store all rows in place of what a first start has made; how many there were."""
    count = 0
    with transaction.atomic():
        User.objects.all().delete()
        with connection.constraint_checks_disabled():
            for portion in portions:
                # By hand, as texts may have what `splitlines` takes for the end of a line.
                for row in serializers.deserialize("jsonl", portion.decode().split("\n")):
                    row.save()
                    count += 1
        connection.check_constraints()
        _reset_sequences()
    return count


def _reset_sequences() -> None:
    """The next row gets a number of its own."""
    kept: list[Any] = list(_models())
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), kept):
            cursor.execute(statement)

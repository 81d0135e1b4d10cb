"""Revocations of access tokens, shared by all workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sessions_app.documents import Revocation
from sessions_app.repository import failures


@dataclass(frozen=True, slots=True)
class Revoked:
    """What is dead of an account: tokens of earlier generations, or every one."""

    generation: int
    is_barred: bool
    changed_at: datetime
    expires_at: datetime


@failures.translated
def store(*, user_hash: str, revoked: Revoked) -> None:
    """Store a revocation; a generation never goes back."""
    Revocation.objects(pk=user_hash).update_one(
        upsert=True,
        max__generation=revoked.generation,
        set__is_barred=revoked.is_barred,
        set__changed_at=revoked.changed_at,
        set__expires_at=revoked.expires_at,
    )


@failures.translated
def bar(*, user_hash: str, changed_at: datetime, expires_at: datetime) -> None:
    """Revoke every token of an account, whatever their generation."""
    Revocation.objects(pk=user_hash).update_one(
        upsert=True,
        set_on_insert__generation=0,
        set__is_barred=True,
        set__changed_at=changed_at,
        set__expires_at=expires_at,
    )


@failures.translated
def changed_since(moment: datetime) -> Mapping[str, Revoked]:
    """Revocations that were stored or changed since, by the hash of their user."""
    changed = Revocation.objects(changed_at__gte=moment)
    return {
        each.user_hash: Revoked(each.generation, each.is_barred, each.changed_at, each.expires_at)
        for each in changed
    }

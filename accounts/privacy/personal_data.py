"""The export of a person's data: their account, and what the sessions service stores.

It never contains a password, a hash or a token; of a spent token it has the times only.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.conf import settings
from django.contrib.admin.models import LogEntry
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.errors import AccountNotFound
from accounts.models import User
from accounts.services import account_get
from sessions_app.domain.records.writing import Record
from sessions_app.services import privacy

Producer = Callable[[User], Iterator[Record]]


def account_record(user: User) -> Iterator[Record]:
    """`account`: the profile and its rights."""
    yield {
        "type": "account",
        "id": str(user.pk),
        "username": user.username,
        "email": user.email,
        "instructions": user.instructions,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "groups": list(user.groups.order_by("name").values_list("name", flat=True)),
        "date_joined": user.date_joined,
        "last_login": user.last_login,
    }


def spent_tokens(user: User) -> Iterator[Record]:
    """`spent_token`: when a sign-in was refreshed or ended."""
    spent = BlacklistedToken.objects.filter(token__user=user).order_by("id")
    for spent_at, expires_at in spent.values_list("blacklisted_at", "token__expires_at").iterator():
        yield {"type": "spent_token", "spent_at": spent_at, "expires_at": expires_at}


def api_keys(user: User) -> Iterator[Record]:
    """`api_key`: its name and its times, without the secret."""
    for key in user.api_keys.order_by("id").iterator():
        yield {
            "type": "api_key",
            "name": key.name,
            "shown": key.shown,
            "require_session": key.require_session,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "last_used_at": key.last_used_at,
        }


def sign_ins(user: User) -> Iterator[Record]:
    """`sign_in`: a device that signed in."""
    for sign_in in user.sign_ins.order_by("id").iterator():
        yield {
            "type": "sign_in",
            "device": sign_in.device,
            "started_at": sign_in.started_at,
            "used_at": sign_in.used_at,
            "ended_at": sign_in.ended_at,
        }


def admin_actions(user: User) -> Iterator[Record]:
    """`admin_action`: an action of this user in the admin, without whom it concerned."""
    entries = LogEntry.objects.filter(user=user).order_by("id").select_related("content_type")
    for entry in entries.iterator():
        yield {
            "type": "admin_action",
            "at": entry.action_time,
            "action": entry.get_action_flag_display(),
            "kind": entry.content_type.model if entry.content_type else None,
        }


PRODUCERS: tuple[Producer, ...] = (account_record, spent_tokens, api_keys, sign_ins, admin_actions)


def own_export(*, user_id: str, now: datetime) -> Iterator[Record]:
    """As `person_export`, for the caller; raises AccountNotFound.

    A user of the identity provider has conversations here, but no account.
    """
    user: User | None = None
    try:
        user = account_get(user_id=user_id)
    except AccountNotFound:
        if not settings.JWT_JWK_URL:
            raise
    return person_export(user_id=user_id, user=user, now=now)


def person_export(*, user_id: str, user: User | None, now: datetime) -> Iterator[Record]:
    """Everything that is stored about a person, with their account if they have one."""
    account_records = None if user is None else _account_records(user)
    return privacy.export(user_id=user_id, now=now, account=account_records)


def _account_records(user: User) -> Iterator[Record]:
    for produce in PRODUCERS:
        yield from produce(user)

"""What is kept about a person beside their conversations, and the export of both.

No password, hash or token is ever in it: of a spent token only its times are.
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


def account(user: User) -> Iterator[Record]:
    """`account`: who they are here."""
    yield {
        "type": "account",
        "id": str(user.pk),
        "username": user.username,
        "email": user.email,
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
    """`spent_token`: when sign-ins were prolonged or ended."""
    spent = BlacklistedToken.objects.filter(token__user=user).order_by("id")
    for spent_at, expires_at in spent.values_list("blacklisted_at", "token__expires_at").iterator():
        yield {"type": "spent_token", "spent_at": spent_at, "expires_at": expires_at}


def api_keys(user: User) -> Iterator[Record]:
    """`api_key`: what it is called and when it was made and used; nothing that opens anything."""
    for key in user.api_keys.order_by("id").iterator():
        yield {
            "type": "api_key",
            "name": key.name,
            "shown": key.shown,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "last_used_at": key.last_used_at,
        }


def admin_actions(user: User) -> Iterator[Record]:
    """`admin_action`: what somebody of the staff has done in the admin; about whom is not told."""
    done = LogEntry.objects.filter(user=user).order_by("id").select_related("content_type")
    for entry in done.iterator():
        yield {
            "type": "admin_action",
            "at": entry.action_time,
            "action": entry.get_action_flag_display(),
            "kind": entry.content_type.model if entry.content_type else None,
        }


PRODUCERS: tuple[Producer, ...] = (account, spent_tokens, api_keys, admin_actions)


def own_export(*, user_id: str, now: datetime) -> Iterator[Record]:
    """Everything of the caller's; as `personal_data.export`, and raises AccountNotFound.

    Whoever signs in at the identity provider has conversations here, but no account.
    """
    user: User | None = None
    try:
        user = account_get(user_id=user_id)
    except AccountNotFound:
        if not settings.JWT_JWK_URL:
            raise
    return person_export(user_id=user_id, user=user, now=now)


def person_export(*, user_id: str, user: User | None, now: datetime) -> Iterator[Record]:
    """Everything of a person, with the account that they have, if any."""
    account = None if user is None else _of_account(user)
    return privacy.export(user_id=user_id, now=now, account=account)


def _of_account(user: User) -> Iterator[Record]:
    for produce in PRODUCERS:
        yield from produce(user)
